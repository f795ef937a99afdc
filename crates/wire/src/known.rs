//! Recognises stored series by the bytes that identify them on the wire.
//!
//! A sender identifies a series with the same bytes in every request. Their fingerprint maps to the
//! [`SeriesRef`]s from the store, which avoids building the labels again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;
use signals::metric::SeriesRef;

/// A 128-bit hash of everything on the wire that determines the series of a data point.
///
/// Valid in one process: the seeds are random, so that no sender can compute a collision. A
/// collision would gain nothing anyway: a sender can write to any series by naming it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Fingerprint([u64; 2]);

impl Fingerprint {
    /// Uniformly distributed bits.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0[0]
    }
}

/// Stored series, by fingerprint.
pub trait KnownSeries: Sync {
    /// Appends the series of a fingerprint to `series`, in the order in which they were learned.
    /// Returns whether it is known; a metric family is known without any series.
    fn find(&self, fingerprint: Fingerprint, series: &mut Vec<SeriesRef>) -> bool;
}

/// Knows no series: all of them are decoded to labels.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKnownSeries;

impl KnownSeries for NoKnownSeries {
    fn find(&self, _: Fingerprint, _: &mut Vec<SeriesRef>) -> bool {
        false
    }
}

/// The unknown fingerprints of a batch and their series, to be learned once the batch is stored.
#[derive(Debug, Clone, Default)]
pub struct Unknown {
    /// Each fingerprint with the end of its range in `series`.
    fingerprints: Vec<(Fingerprint, u32)>,
    series: Vec<u32>,
}

impl Unknown {
    pub(crate) fn push(&mut self, fingerprint: Fingerprint, series: &[u32]) {
        self.series.extend_from_slice(series);
        let end = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        self.fingerprints.push((fingerprint, end));
    }

    /// Each fingerprint with indices into the series of the batch.
    pub fn iter(&self) -> impl Iterator<Item = (Fingerprint, &[u32])> {
        let mut start = 0;
        self.fingerprints.iter().map(move |(fingerprint, end)| {
            let series = self.series.get(start..*end as usize).unwrap_or_default();
            start = *end as usize;
            (*fingerprint, series)
        })
    }

    /// Whether all fingerprints were known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }
}

/// Hash seeds, random per process.
struct Seeds {
    /// Prefix of all fingerprints. It is not zero, because multiplication would preserve zeros.
    root: Fingerprint,
    /// Seeds of two independent hashes.
    hashes: [SharedSeed; 2],
}

static SEEDS: LazyLock<Seeds> = LazyLock::new(|| {
    // `RandomState` is seeded by the operating system.
    let random = || RandomState::new().hash_one(0_u8);
    Seeds {
        root: Fingerprint([random(), random()]),
        hashes: [SharedSeed::from_u64(random()), SharedSeed::from_u64(random())],
    }
});

/// Computes a fingerprint.
#[derive(Clone)]
pub(crate) struct Fingerprinter([FoldHasher<'static>; 2]);

/// Starts empty.
impl Default for Fingerprinter {
    fn default() -> Self {
        Self::under(SEEDS.root)
    }
}

impl Fingerprinter {
    /// Starts from the state of `parent`.
    #[inline]
    pub(crate) fn under(parent: Fingerprint) -> Self {
        let [first, second] = &SEEDS.hashes;
        let [a, b] = parent.0;
        Self([FoldHasher::with_seed(a, first), FoldHasher::with_seed(b, second)])
    }

    /// Adds bytes, prefixed by their length.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.write_usize(bytes.len());
        self.write(bytes);
    }

    /// Adds a fingerprint: each half to one hash, because the halves are independent.
    #[inline]
    pub(crate) fn add(&mut self, other: Fingerprint) {
        let [first, second] = &mut self.0;
        first.write_u64(other.0[0]);
        second.write_u64(other.0[1]);
    }

    /// Adds a number.
    #[inline]
    pub(crate) fn number(&mut self, number: u64) {
        self.write_u64(number);
    }

    #[inline]
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint([self.0[0].finish(), self.0[1].finish()])
    }
}

impl Hasher for Fingerprinter {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0.iter_mut().for_each(|hasher| hasher.write(bytes));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0.iter_mut().for_each(|hasher| hasher.write_u64(number));
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.fingerprint().0[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[&[u8]]) -> Fingerprint {
        let mut fingerprinter = Fingerprinter::default();
        for part in parts {
            fingerprinter.bytes(part);
        }
        fingerprinter.fingerprint()
    }

    #[test]
    fn fingerprints_tell_apart_where_one_text_ends_and_the_next_begins() {
        let whole: &[u8] = &[7; 300];
        let mut seen: Vec<_> = (0..=300).map(|at| of(&[&whole[..at], &whole[at..]])).collect();
        seen.extend((0..300).map(|length| of(&[&whole[..length]])));
        seen.push(of(&[]));
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
        assert_eq!(of(&[b"a", b"b"]), of(&[b"a", b"b"]));
    }

    #[test]
    fn each_unknown_fingerprint_keeps_its_series() {
        let mut unknown = Unknown::default();
        let (a, b, c) = (of(&[b"a"]), of(&[b"b"]), of(&[b"c"]));
        unknown.push(a, &[0, 1]);
        unknown.push(b, &[]);
        unknown.push(c, &[2]);
        let all: Vec<_> = unknown.iter().collect();
        assert_eq!(all, [(a, &[0, 1][..]), (b, &[]), (c, &[2])]);
    }
}
