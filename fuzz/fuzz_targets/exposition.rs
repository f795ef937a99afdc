//! Any bytes as a page of metrics in each format: entries or an error, never a panic; and a series
//! of the page guessed right or wrong makes no difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::exposition::{
    CreatedLines, Entry, FamilyEntry, FamilyOptions, FamilyParser, PageLimits, TextParser, select,
};

fn read(mut parser: TextParser<'_>, guess: &[u8], limits: &PageLimits) -> Vec<String> {
    let mut entries = Vec::new();
    loop {
        match parser.read_expecting(guess) {
            Ok(None) => return entries,
            Ok(Some(Entry::Sample(sample))) => {
                let _labels = sample.labels(limits);
                let _exemplar = sample.exemplar.map(|exemplar| exemplar.labels(limits));
                entries.push(String::from_utf8_lossy(sample.series).into_owned());
            }
            Ok(Some(entry)) => entries.push(format!("{entry:?}")),
            Err(error) => {
                entries.push(error.to_string());
                return entries;
            }
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((selector, page)) = input.split_first() else { return };
    let limits = PageLimits::default();
    let parser = match selector % 4 {
        0 => TextParser::prometheus(page, limits),
        1 => TextParser::open_metrics(page, limits, CreatedLines::AreSamples),
        2 => TextParser::open_metrics(page, limits, CreatedLines::AreStartTimes),
        _ => {
            let options = FamilyOptions {
                ignores_native: selector & 4 != 0,
                keeps_classic: selector & 8 != 0,
                converts_classic: selector & 16 != 0,
            };
            let mut parser = FamilyParser::new(page, limits, options);
            while let Ok(Some(entry)) = parser.read() {
                if let FamilyEntry::Histogram { histogram, .. } = entry {
                    let buckets = histogram.positive_spans.iter().map(|span| span.length as usize);
                    assert_eq!(buckets.sum::<usize>(), histogram.positive_counts.len());
                }
            }
            let _selected = select(&String::from_utf8_lossy(page), None);
            return;
        }
    };
    let mut first = parser.clone();
    let guess = loop {
        match first.read() {
            Ok(Some(Entry::Sample(sample))) => break sample.series,
            Ok(Some(_)) => {}
            _ => break &[],
        }
    };
    assert_eq!(read(parser.clone(), &[], &limits), read(parser, guess, &limits));
});
