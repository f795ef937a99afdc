//! Native histograms with integer or float counts.
//!
//! Source: Prometheus' package `chunkenc`, `histogram.go`, `float_histogram.go` and
//! `histogram_meta.go`.

use std::sync::Arc;

use signals::metric::{BucketSpan, NativeHistogram, is_stale};

use super::bits::Bits;
use super::start::Start;
use super::value::Value;
use crate::error::{ENDS, Fault};
use crate::histogram::{
    BUCKETS_MAX, CUSTOM_BOUNDS_MAX, Counts, Layout, TOO_MANY_BUCKETS, bucket_count,
};

#[derive(Debug)]
pub(super) struct Histograms {
    layout: Layout,
    is_first: bool,
    time_ms: i64,
    delta_ms: i64,
    sum: Value,
    numbers: Numbers,
    start: Option<Start>,
}

/// Count, zero count, positive and then negative buckets; the buckets of integers as differences to
/// the bucket before.
#[derive(Debug)]
enum Numbers {
    Ints { counts: [Int; 2], buckets: Vec<Int> },
    Floats { counts: [Value; 2], buckets: Vec<Value> },
}

/// An integer and its last change.
#[derive(Debug, Clone, Copy, Default)]
struct Int {
    number: i64,
    delta: i64,
}

impl Int {
    fn read(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        self.delta = self.delta.wrapping_add(bits.varbit()?);
        self.number = self.number.wrapping_add(self.delta);
        Ok(())
    }
}

impl Histograms {
    /// From the header of the chunk, with its byte that describes start times, if any.
    pub(super) fn new(is_float: bool, is_gauge: bool, start: Option<u8>) -> Self {
        let (ints, floats) = ([Int::default(); 2], [Value::default(); 2]);
        let numbers = if is_float {
            Numbers::Floats { counts: floats, buckets: Vec::new() }
        } else {
            Numbers::Ints { counts: ints, buckets: Vec::new() }
        };
        Self {
            layout: Layout { is_gauge, ..Layout::default() },
            is_first: true,
            time_ms: 0,
            delta_ms: 0,
            sum: Value::default(),
            numbers,
            start: start.map(Start::new),
        }
    }

    pub(super) fn start_ms(&self) -> i64 {
        self.start.as_ref().map_or(0, Start::start_ms)
    }

    /// Reads the next histogram and returns its time.
    pub(super) fn advance(&mut self, bits: &mut Bits) -> Result<i64, Fault> {
        let previous_ms = self.time_ms;
        if self.is_first {
            self.first(bits)?;
            self.is_first = false;
        } else {
            self.delta_ms = self.delta_ms.wrapping_add(bits.varbit()?);
            self.time_ms = self.time_ms.wrapping_add(self.delta_ms);
            self.next(bits)?;
        }
        if let Some(start) = &mut self.start {
            start.advance(bits, self.time_ms, previous_ms)?;
        }
        Ok(self.time_ms)
    }

    /// Reads the layout and the first histogram.
    fn first(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        self.read_layout(bits)?;
        let needed = bucket_count(&self.layout.positive) + bucket_count(&self.layout.negative);
        self.time_ms = bits.varbit()?;
        match &mut self.numbers {
            Numbers::Ints { counts, buckets } => {
                for count in counts {
                    count.number = bits.varbit_unsigned()? as i64;
                }
                self.sum.read_whole(bits)?;
                allocate(buckets, needed, 1, bits)?;
                for bucket in buckets {
                    bucket.number = bits.varbit()?;
                }
            }
            Numbers::Floats { counts, buckets } => {
                for count in counts {
                    count.read_whole(bits)?;
                }
                self.sum.read_whole(bits)?;
                allocate(buckets, needed, 64, bits)?;
                for bucket in buckets {
                    bucket.read_whole(bits)?;
                }
            }
        }
        Ok(())
    }

    fn next(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        match &mut self.numbers {
            Numbers::Ints { counts, buckets } => {
                counts.iter_mut().try_for_each(|count| count.read(bits))?;
                self.sum.read(bits)?;
                if !is_stale(self.sum.float()) {
                    buckets.iter_mut().try_for_each(|bucket| bucket.read(bits))?;
                }
            }
            Numbers::Floats { counts, buckets } => {
                counts.iter_mut().try_for_each(|count| count.read(bits))?;
                self.sum.read(bits)?;
                if !is_stale(self.sum.float()) {
                    buckets.iter_mut().try_for_each(|bucket| bucket.read(bits))?;
                }
            }
        }
        Ok(())
    }

    fn read_layout(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        let layout = &mut self.layout;
        layout.zero_threshold = match bits.take(8)? {
            0 => 0.0,
            255 => f64::from_bits(bits.take(64)?),
            // The power of two with this exponent, as the bits of a float.
            exponent => f64::from_bits((exponent + 1023 - 244) << 52),
        };
        let schema = bits.varbit()?;
        layout.schema = i32::try_from(schema)
            .map_err(|_| bits.fault("the schema of the histogram is unknown"))?;
        layout.positive = spans(bits)?;
        layout.negative = spans(bits)?;
        if layout.schema == signals::metric::CUSTOM_SCHEMA {
            layout.custom_bounds = custom_bounds(bits)?;
        }
        layout.check().map_err(|reason| bits.fault(reason))
    }

    /// The current histogram.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn histogram(&self) -> Result<Arc<NativeHistogram>, &'static str> {
        let sum = self.sum.float();
        if is_stale(sum) {
            return self.layout.histogram(Counts { sum, ..Counts::default() });
        }
        let positive = bucket_count(&self.layout.positive) as usize;
        let counts = match &self.numbers {
            Numbers::Ints { counts: [count, zero_count], buckets } => {
                let (positive, negative) = buckets.split_at_checked(positive).unwrap_or_default();
                Counts {
                    // Counts of observations are unsigned.
                    count: count.number as u64 as f64,
                    zero_count: zero_count.number as u64 as f64,
                    sum,
                    positive: absolute(positive),
                    negative: absolute(negative),
                }
            }
            Numbers::Floats { counts: [count, zero_count], buckets } => {
                let (positive, negative) = buckets.split_at_checked(positive).unwrap_or_default();
                let floats = |values: &[Value]| values.iter().map(|value| value.float()).collect();
                Counts {
                    count: count.float(),
                    zero_count: zero_count.float(),
                    sum,
                    positive: floats(positive),
                    negative: floats(negative),
                }
            }
        };
        self.layout.histogram(counts)
    }
}

/// Absolute counts of buckets that are differences.
fn absolute(buckets: &[Int]) -> Vec<f64> {
    let mut count = 0_i64;
    let add = |bucket: &Int| {
        count = count.wrapping_add(bucket.number);
        count as f64
    };
    buckets.iter().map(add).collect()
}

/// Makes room for buckets, if the stream can hold that many.
fn allocate<T: Clone + Default>(
    buckets: &mut Vec<T>,
    needed: u64,
    bits_min: u64,
    bits: &Bits,
) -> Result<(), Fault> {
    if needed.saturating_mul(bits_min) > bits.remaining() as u64 {
        return Err(bits.fault(ENDS));
    }
    if needed > BUCKETS_MAX {
        return Err(bits.fault(TOO_MANY_BUCKETS));
    }
    buckets.resize(needed as usize, T::default());
    Ok(())
}

/// A number of items that is at most `max`.
fn number(bits: &mut Bits, max: u64) -> Result<u64, Fault> {
    let number = bits.varbit_unsigned()?;
    if number > max { Err(bits.fault(TOO_MANY_BUCKETS)) } else { Ok(number) }
}

fn spans(bits: &mut Bits) -> Result<Vec<BucketSpan>, Fault> {
    const RANGE: &str = "a span of the histogram is out of range";
    let mut spans = Vec::new();
    for _ in 0..number(bits, BUCKETS_MAX)? {
        let (length, offset) = (bits.varbit_unsigned()?, bits.varbit()?);
        let (Ok(length), Ok(offset)) = (u32::try_from(length), i32::try_from(offset)) else {
            return Err(bits.fault(RANGE));
        };
        spans.push(BucketSpan { offset, length });
    }
    Ok(spans)
}

/// Bounds as thousandths plus one, or 0 and a whole float.
fn custom_bounds(bits: &mut Bits) -> Result<Vec<f64>, Fault> {
    let mut bounds = Vec::new();
    for _ in 0..number(bits, CUSTOM_BOUNDS_MAX)? {
        bounds.push(match bits.varbit_unsigned()? {
            0 => f64::from_bits(bits.take(64)?),
            thousandths => (thousandths - 1) as f64 / 1000.0,
        });
    }
    Ok(bounds)
}
