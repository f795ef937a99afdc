//! Log queries: the newest or oldest lines that pass a pipeline.
//!
//! Time is read in windows that grow from the requested end, so that a query for the last lines
//! reads the last minutes and not everything. Within a window a heap holds the best lines so far,
//! so that memory is bounded by the limit and not by the number of matches.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use futures::StreamExt;
use lang::logql::LogExpr;
use signals::{Labels, Matcher, MemoryReservation, Timestamp};
use store::TimeRange;

use super::labels::{ERROR, ERROR_DETAILS, LineLabels, Source};
use super::pipeline::Pipeline;
use super::read::{self, Context};
use super::row::{self, Known};
use super::{Direction, Entry, Stream};
use crate::{QueryError, running};

/// Length of the first window, in nanoseconds; each next one is this many times longer.
const WINDOW_FIRST_NS: i64 = 300 * signals::time::SECOND;
const WINDOW_GROWTH: i64 = 4;

/// A candidate line. The order makes the greatest element of a heap the first to be evicted.
struct Found {
    /// Time, inverted for the backward direction, then the order in which lines were found.
    rank: (Timestamp, u64),
    labels: Labels,
    entry: Entry,
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Found {}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}

/// Collects the best lines.
struct Best<'m> {
    heap: BinaryHeap<Found>,
    limit: usize,
    direction: Direction,
    memory: &'m MemoryReservation,
    found: u64,
}

impl Best<'_> {
    /// Smaller is better.
    fn rank(&self, timestamp: Timestamp) -> (Timestamp, u64) {
        match self.direction {
            Direction::Forward => (timestamp, self.found),
            // Bitwise not reverses the order without overflow.
            Direction::Backward => (!timestamp, self.found),
        }
    }

    fn is_full(&self) -> bool {
        self.heap.len() >= self.limit
    }

    /// Whether a line with this time could still be among the best.
    fn takes(&self, timestamp: Timestamp) -> bool {
        !self.is_full() || self.heap.peek().is_some_and(|worst| self.rank(timestamp) < worst.rank)
    }

    fn push(&mut self, labels: Labels, entry: Entry) -> Result<(), QueryError> {
        let rank = self.rank(entry.timestamp);
        self.found += 1;
        self.memory.try_grow(size(&labels, &entry))?;
        self.heap.push(Found { rank, labels, entry });
        if self.heap.len() > self.limit
            && let Some(worst) = self.heap.pop()
        {
            self.memory.shrink(size(&worst.labels, &worst.entry));
        }
        Ok(())
    }
}

fn size(labels: &Labels, entry: &Entry) -> usize {
    const OVERHEAD: usize = 128;
    labels.as_bytes().len()
        + entry.line.len()
        + entry.structured_metadata.as_bytes().len()
        + entry.parsed.as_bytes().len()
        + OVERHEAD
}

/// Runs a log query.
pub(super) async fn run(
    context: Context<'_>,
    log: &LogExpr,
    range: TimeRange,
    limit: usize,
    direction: Direction,
) -> Result<Vec<Stream>, QueryError> {
    let matchers = read::matchers(&log.selector)?;
    let pipeline = Pipeline::new(&log.stages)?;
    let mut known = Known::default();
    let mut best =
        Best { heap: BinaryHeap::new(), limit, direction, memory: context.memory, found: 0 };
    let mut rest = range;
    let mut window = WINDOW_FIRST_NS;
    while rest.start < rest.end && limit > 0 {
        let part = match direction {
            Direction::Backward => {
                TimeRange { start: rest.end.saturating_sub(window).max(rest.start), end: rest.end }
            }
            Direction::Forward => TimeRange {
                start: rest.start,
                end: rest.start.saturating_add(window).min(rest.end),
            },
        };
        read_window(context, log, &matchers, &pipeline, part, &mut known, &mut best).await?;
        if best.is_full() {
            break;
        }
        match direction {
            Direction::Backward => rest.end = part.start,
            Direction::Forward => rest.start = part.end,
        }
        window = window.saturating_mul(WINDOW_GROWTH);
    }
    Ok(streams(best))
}

async fn read_window(
    context: Context<'_>,
    log: &LogExpr,
    matchers: &[Matcher],
    pipeline: &Pipeline,
    range: TimeRange,
    known: &mut Known,
    best: &mut Best<'_>,
) -> Result<(), QueryError> {
    let columns = read::columns(pipeline.wanted(), true, context.extras);
    let mut batches = context.read(range, columns, read::filters(log, matchers)).await?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let rows = row::rows(&batch)?;
        known.learn(&rows, matchers);
        let mut labels = LineLabels::default();
        for row in 0..rows.len() {
            running::check()?;
            let timestamp = rows.timestamp(row);
            if !best.takes(timestamp)
                || !row::fill(&mut labels, known, &rows, row, pipeline.wanted(), context.extras)
            {
                continue;
            }
            if let Some(line) = pipeline.run(rows.body(row), timestamp, &mut labels) {
                let (stream, entry) = entry(timestamp, line.into_owned(), &labels);
                best.push(stream, entry)?;
            }
        }
    }
    Ok(())
}

fn entry(timestamp: Timestamp, line: String, labels: &LineLabels<'_>) -> (Labels, Entry) {
    let of = |source: Source| {
        labels
            .iter()
            .filter(move |label| label.source == source)
            .map(|label| (label.name.as_ref(), label.value.as_ref()))
    };
    let error = labels
        .error()
        .into_iter()
        .flat_map(|(error, details)| [(ERROR, error), (ERROR_DETAILS, details)]);
    let parsed = Labels::from_pairs(of(Source::Parsed).chain(error));
    let structured_metadata = Labels::from_pairs(of(Source::Metadata));
    (Labels::from_pairs(of(Source::Stream)), Entry { timestamp, line, structured_metadata, parsed })
}

/// Lines by stream, each in the requested order.
fn streams(best: Best<'_>) -> Vec<Stream> {
    let mut streams: HashMap<Labels, Vec<Entry>> = HashMap::new();
    let mut found: Vec<Reverse<Found>> = best.heap.into_iter().map(Reverse).collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    for Reverse(found) in found {
        streams.entry(found.labels).or_default().push(found.entry);
    }
    let mut streams: Vec<Stream> =
        streams.into_iter().map(|(labels, entries)| Stream { labels, entries }).collect();
    streams.sort_by(|a, b| a.labels.iter().cmp(b.labels.iter()));
    streams
}
