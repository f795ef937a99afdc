//! Storage of metrics: the head that receives samples, the chunks that hold them, the parts on
//! disk, and reads across all of them.
//!
//! Precedence of samples with the same series and time: the later write wins, and parts are listed
//! oldest first. The write-ahead log, the manifest and the choice when to flush are elsewhere in
//! the crate, which drives this module.
//!
//! A flush goes `Head::freeze` → [`part::write`] for each day of [`Frozen::days`] → commit of the
//! manifest → `Head::release`. Between freeze and release the frozen samples are still read from
//! the head, so readers must ask the head first and list the parts afterwards ([`read::select`]).

mod deletion;
mod head;
pub(crate) mod labels;
mod matching;
pub(crate) mod part;
pub(crate) mod read;
mod series_chunks;
#[cfg(test)]
pub(crate) mod tests;

pub use deletion::Deletion;
pub(crate) use head::{Admitted, Limits, SeriesSet};
pub use head::{
    Counts, Example, Frozen, Head, HeadLimits, HeadStats, Item, Reason, Refused, SeriesAppended,
};
pub use labels::Cardinality;
pub(crate) use part::reader::PartReader;
pub use series_chunks::SeriesChunks;
