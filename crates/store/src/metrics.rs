//! Metrics at rest: the head that takes samples in, the chunks that hold them, the parts on disk,
//! and the reading of all of it as one.
//!
//! Order of precedence, where two places hold the same series at the same time: later written
//! wins, and parts are listed oldest first. There is no write-ahead log, no manifest and no choice
//! of when to flush here; the rest of the crate drives this module.
//!
//! A flush goes `Head::freeze` → [`part::write`] for each day of [`Frozen::days`] → commit of the
//! manifest → `Head::release`. Between freeze and release the frozen samples are still read from
//! the head, so readers must ask the head first and list the parts afterwards ([`read::select`]).

mod chunk;
mod head;
pub(crate) mod labels;
mod matching;
pub(crate) mod part;
#[cfg(test)]
pub(crate) mod probes;
pub(crate) mod read;
mod series_chunks;

pub(crate) use head::{Admitted, Limits, SeriesSet};
pub use head::{
    Counts, Frozen, Head, HeadLimits, HeadStats, Item, Reason, Refused, SeriesAppended,
};
pub use labels::Cardinality;
pub(crate) use part::reader::PartReader;
pub use series_chunks::SeriesChunks;
