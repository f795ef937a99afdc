//! Reads the data folder of a Prometheus server: its blocks, its write-ahead log and its head
//! chunks, as batches of [`signals`].
//!
//! Start with [`Folder::open`]. [`Block::batches`] and [`Folder::head`] give iterators over batches
//! of a bounded size; each has a [`Report`] of what it read, left out and could not read. Nothing
//! is ever written, and files are read in pieces. All bytes are treated as hostile: no content of a
//! file causes a panic, an endless loop, or an allocation that is not bounded by [`Limits`] or by
//! the bytes that were read. A damaged series, chunk or record is left out and counted, and what
//! lies around it is read.
//!
//! Sources: Prometheus' documents in `tsdb/docs/format`, and its packages `tsdb/index`,
//! `tsdb/chunks`, `tsdb/chunkenc`, `tsdb/wlog`, `tsdb/record` and `tsdb/tombstones`, of
//! version 3.14.
//!
//! What is not read: snapshots of the head (`chunk_snapshot.*`), whose samples are also in the
//! write-ahead log, and the write-ahead log of an agent.
//!
//! ```no_run
//! # fn store(_: signals::SeriesBatch) {}
//! use tsdb::{Folder, Limits, TimeRange};
//!
//! let folder = Folder::open("/var/lib/prometheus".as_ref(), Limits::default())?;
//! for refused in folder.refused() {
//!     eprintln!("{refused}");
//! }
//! for block in folder.blocks() {
//!     let mut batches = block.batches(TimeRange::ALL)?;
//!     for batch in &mut batches {
//!         store(batch);
//!     }
//!     println!("{}: {}", block.name(), batches.report());
//! }
//! if let Some(mut head) = folder.head(TimeRange::ALL)? {
//!     for batch in &mut head {
//!         store(batch);
//!     }
//!     println!("head: {}", head.report());
//! }
//! # Ok::<(), tsdb::Error>(())
//! ```

mod batch;
mod block;
mod chunk;
mod error;
mod fields;
mod folder;
mod head;
mod histogram;
mod index;
mod limits;
mod meta;
mod pieces;
mod report;
mod segments;
mod time_range;
mod tombstones;

pub use block::{Block, BlockBatches};
pub use error::Error;
pub use folder::{Folder, Refused};
pub use head::HeadBatches;
pub use limits::Limits;
pub use meta::Stats;
pub use report::{Damage, Report, Unit};
pub use time_range::TimeRange;
