//! Writes pages that other systems scrape.

mod accept;
mod family;
mod text;

pub use accept::WrittenFormat;
pub use family::FamilyWriter;
pub use text::TextWriter;

use signals::metric::NativeHistogram;

/// The custom bounds of a histogram with the observations up to each; without the bound +Inf.
fn cumulative(histogram: &NativeHistogram) -> impl Iterator<Item = (f64, f64)> {
    let mut counts = vec![0.0; histogram.custom_bounds.len()];
    let (mut index, mut given) = (0_i64, histogram.positive_counts.iter());
    for span in &histogram.positive_spans {
        index = index.saturating_add(i64::from(span.offset));
        for count in given.by_ref().take(span.length as usize) {
            let place = usize::try_from(index).ok().and_then(|index| counts.get_mut(index));
            // The last bucket has no bound.
            if let Some(place) = place {
                *place += count;
            }
            index = index.saturating_add(1);
        }
    }
    let mut below = 0.0;
    histogram.custom_bounds.iter().zip(counts).map(move |(bound, count)| {
        below += count;
        (*bound, below)
    })
}

#[cfg(test)]
mod tests;
