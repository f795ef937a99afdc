//! Records of samples, histograms and exemplars.
//!
//! Source: Prometheus' document `wal.md` and its package `record`; the types 11 to 13, with start
//! times, are described only in the latter.

use std::sync::Arc;

use signals::metric::{BucketSpan, Labels, NativeHistogram};

use super::record::labels;
use crate::error::{ENDS, Fault};
use crate::fields::Fields;
use crate::histogram::{BUCKETS_MAX, CUSTOM_BOUNDS_MAX, Counts, Layout, TOO_MANY_BUCKETS};

/// The reset hint of gauge histograms.
const GAUGE: u8 = 3;
/// Markers of start times: unknown, and that of the item before.
const NO_START: u8 = 0;
const SAME_START: u8 = 1;

/// An item of a series at a time.
#[derive(Debug, PartialEq)]
pub(super) struct Item {
    pub(super) reference: u64,
    pub(super) time_ms: i64,
    /// 0 if it is unknown.
    pub(super) start_ms: i64,
    pub(super) content: Content,
}

#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Sample(f64),
    Histogram(Arc<NativeHistogram>),
    Exemplar(f64, Labels),
    /// Well-formed, and not a valid histogram for this reason.
    Invalid(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Samples,
    Exemplars,
    IntHistograms,
    FloatHistograms,
}

/// Reads the items of a record one by one. Holds no reference to the record.
#[derive(Debug)]
pub(super) struct Items {
    kind: Kind,
    /// Whether items have start times; such records begin differently.
    has_starts: bool,
    /// Position in the record.
    at: usize,
    base: Base,
    previous: Base,
    is_first: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Base {
    reference: u64,
    time_ms: i64,
    start_ms: i64,
}

impl Items {
    /// Begins a record; `None` if it is of another type or has no items.
    pub(super) fn new(record: &[u8]) -> Result<Option<Self>, Fault> {
        let mut fields = Fields::new(record);
        let (kind, has_starts) = match fields.u8() {
            Ok(2) => (Kind::Samples, false),
            Ok(4) => (Kind::Exemplars, false),
            Ok(7 | 9) => (Kind::IntHistograms, false),
            Ok(8 | 10) => (Kind::FloatHistograms, false),
            Ok(11) => (Kind::Samples, true),
            Ok(12) => (Kind::IntHistograms, true),
            Ok(13) => (Kind::FloatHistograms, true),
            _ => return Ok(None),
        };
        if fields.is_empty() {
            return Ok(None);
        }
        let base = if has_starts {
            let (reference, time_ms) = (fields.varint()? as u64, fields.varint()?);
            Base { reference, time_ms, start_ms: fields.varint()? }
        } else {
            Base { reference: fields.u64()?, time_ms: fields.i64()?, start_ms: 0 }
        };
        let at = fields.position();
        Ok(Some(Self { kind, has_starts, at, base, previous: base, is_first: true }))
    }

    /// Reads the next item of the same record.
    pub(super) fn next(&mut self, record: &[u8]) -> Result<Option<Item>, Fault> {
        let mut fields = Fields::at(record, self.at);
        if fields.is_empty() {
            return Ok(None);
        }
        let place = self.place(&mut fields)?;
        let content = match self.kind {
            Kind::Samples => Content::Sample(fields.f64()?),
            Kind::Exemplars => Content::Exemplar(fields.f64()?, labels(&mut fields)?),
            Kind::IntHistograms => histogram(&mut fields, false)?,
            Kind::FloatHistograms => histogram(&mut fields, true)?,
        };
        self.at = fields.position();
        let Base { reference, time_ms, start_ms } = place;
        Ok(Some(Item { reference, time_ms, start_ms, content }))
    }

    /// Series, time and start time of the next item.
    fn place(&mut self, fields: &mut Fields<'_>) -> Result<Base, Fault> {
        let base = self.base;
        if !self.has_starts {
            return Ok(Base {
                reference: base.reference.wrapping_add(fields.varint()? as u64),
                time_ms: base.time_ms.wrapping_add(fields.varint()?),
                start_ms: 0,
            });
        }
        if std::mem::take(&mut self.is_first) {
            return Ok(base);
        }
        let previous = self.previous;
        let reference = previous.reference.wrapping_add(fields.varint()? as u64);
        let time_ms = base.time_ms.wrapping_add(fields.varint()?);
        let start_ms = match fields.u8()? {
            NO_START => 0,
            SAME_START => previous.start_ms,
            _ => base.start_ms.wrapping_add(fields.varint()?),
        };
        self.previous = Base { reference, time_ms, start_ms };
        Ok(self.previous)
    }
}

fn histogram(fields: &mut Fields<'_>, is_float: bool) -> Result<Content, Fault> {
    let start = *fields;
    let is_gauge = fields.u8()? == GAUGE;
    let schema = i32::try_from(fields.varint()?)
        .map_err(|_| start.fault("the schema of the histogram is unknown"))?;
    let zero_threshold = fields.f64()?;
    let count = |fields: &mut Fields<'_>| {
        if is_float { fields.f64() } else { Ok(fields.uvarint()? as f64) }
    };
    let (zero_count, count) = (count(fields)?, count(fields)?);
    let sum = fields.f64()?;
    let (positive, negative) = (spans(fields)?, spans(fields)?);
    let mut layout =
        Layout { schema, zero_threshold, positive, negative, custom_bounds: Vec::new(), is_gauge };
    let buckets = if is_float { floats } else { absolute };
    let (positive, negative) = (buckets(fields, BUCKETS_MAX)?, buckets(fields, BUCKETS_MAX)?);
    if schema == signals::metric::CUSTOM_SCHEMA {
        layout.custom_bounds = floats(fields, CUSTOM_BOUNDS_MAX)?;
    }
    let counts = Counts { count, zero_count, sum, positive, negative };
    let checked = layout.check().and_then(|()| layout.histogram(counts));
    Ok(checked.map_or_else(Content::Invalid, Content::Histogram))
}

/// A number of items, each of which takes some bytes at least.
fn count(fields: &mut Fields<'_>, bytes_min: usize, max: u64) -> Result<usize, Fault> {
    let start = *fields;
    let count = fields.length()?;
    if count as u64 > max {
        return Err(start.fault(TOO_MANY_BUCKETS));
    }
    if count > fields.remaining() / bytes_min {
        return Err(start.fault(ENDS));
    }
    Ok(count)
}

fn spans(fields: &mut Fields<'_>) -> Result<Vec<BucketSpan>, Fault> {
    let count = count(fields, 2, BUCKETS_MAX)?;
    let mut spans = Vec::with_capacity(count);
    for _ in 0..count {
        let start = *fields;
        let (offset, length) = (fields.varint()?, fields.uvarint()?);
        let (Ok(offset), Ok(length)) = (i32::try_from(offset), u32::try_from(length)) else {
            return Err(start.fault("a span of the histogram is out of range"));
        };
        spans.push(BucketSpan { offset, length });
    }
    Ok(spans)
}

fn floats(fields: &mut Fields<'_>, max: u64) -> Result<Vec<f64>, Fault> {
    (0..count(fields, 8, max)?).map(|_| fields.f64()).collect()
}

/// Absolute counts of buckets that are differences to the bucket before.
fn absolute(fields: &mut Fields<'_>, max: u64) -> Result<Vec<f64>, Fault> {
    let mut sum = 0_i64;
    let mut add = |delta| {
        sum = sum.wrapping_add(delta);
        sum as f64
    };
    (0..count(fields, 1, max)?).map(|_| fields.varint().map(&mut add)).collect()
}
