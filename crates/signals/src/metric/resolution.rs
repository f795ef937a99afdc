//! The resolution of native histograms.

use super::{BucketSpan, NativeHistogram};

/// Lowest resolution of a native histogram with exponential buckets.
pub const SCHEMA_MIN: i32 = -4;
/// Highest resolution of a native histogram with exponential buckets.
pub const SCHEMA_MAX: i32 = 8;

impl NativeHistogram {
    /// Joins buckets, so that the resolution is at most that of `schema`. Custom bounds stay.
    pub fn reduce_resolution(&mut self, schema: i32) {
        let Ok(shift) = u32::try_from(self.schema.saturating_sub(schema)) else { return };
        if shift == 0 || self.has_custom_bounds() {
            return;
        }
        for (spans, counts) in [
            (&mut self.positive_spans, &mut self.positive_counts),
            (&mut self.negative_spans, &mut self.negative_counts),
        ] {
            (*spans, *counts) = reduced(spans, counts, shift.min(63));
        }
        self.schema = schema;
    }
}

/// Joins buckets into buckets that are `2^shift` times as wide.
fn reduced(spans: &[BucketSpan], counts: &[f64], shift: u32) -> (Vec<BucketSpan>, Vec<f64>) {
    let (mut wide_spans, mut wide_counts): (Vec<BucketSpan>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut counts = counts.iter();
    let (mut index, mut last) = (0_i64, None::<i64>);
    for span in spans {
        index += i64::from(span.offset);
        for count in counts.by_ref().take(span.length as usize) {
            // The upper bound of a bucket becomes that of the wider bucket around it.
            let wide = ((index - 1) >> shift) + 1;
            index += 1;
            match (last, wide_spans.last_mut(), wide_counts.last_mut()) {
                (Some(last), _, Some(sum)) if last == wide => *sum += count,
                (Some(last), Some(open), _) if last + 1 == wide => {
                    open.length += 1;
                    wide_counts.push(*count);
                }
                _ => {
                    let gap = last.map_or(wide, |last| wide - last - 1);
                    let offset = i32::try_from(gap).unwrap_or(i32::MAX);
                    wide_spans.push(BucketSpan { offset, length: 1 });
                    wide_counts.push(*count);
                }
            }
            last = Some(wide);
        }
    }
    (wide_spans, wide_counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(offset: i32, length: u32) -> BucketSpan {
        BucketSpan { offset, length }
    }

    #[test]
    fn neighbouring_buckets_are_joined() {
        // Buckets 1 to 4, 7 and 8; two of the narrow ones are one of the wide ones.
        let (spans, counts) =
            reduced(&[span(1, 4), span(2, 2)], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 1);
        assert_eq!(spans, [span(1, 2), span(1, 1)]);
        assert_eq!(counts, [3.0, 7.0, 11.0]);
        let (spans, counts) = reduced(&[span(-3, 3)], &[1.0, 2.0, 4.0], 1);
        assert_eq!((spans, counts), (vec![span(-1, 2)], vec![3.0, 4.0]));
    }

    #[test]
    fn a_lower_resolution_and_custom_bounds_stay() {
        for (schema, to) in [(3, 3), (3, 8), (-4, 8), (super::super::CUSTOM_SCHEMA, -60)] {
            let histogram = NativeHistogram {
                schema,
                positive_spans: vec![span(1, 2)],
                positive_counts: vec![1.0, 2.0],
                ..NativeHistogram::default()
            };
            let mut reduced = histogram.clone();
            reduced.reduce_resolution(to);
            assert_eq!(reduced, histogram, "{schema} to {to}");
        }
    }
}
