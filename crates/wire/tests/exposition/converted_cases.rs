//! The conversion of classic histograms in text formats against the cases of Prometheus.

use serde_json::Value;
use wire::exposition::{ConvertedEntry, CreatedLines, HistogramConverter, PageLimits, TextParser};

use crate::corpora::difference;
use crate::protobuf_cases::{are_exemplars, is_histogram, is_series};
use crate::{corpus, counted, table, text};

fn compared(page: &[u8], expected: &[Value]) -> Option<String> {
    let limits = PageLimits::default();
    let parser = TextParser::open_metrics(page, limits, CreatedLines::AreStartTimes);
    let mut converter = HistogramConverter::new(parser, limits, false);
    for wanted in expected {
        let wrong = match converter.read() {
            Ok(Some(ConvertedEntry::Text(entry))) => difference(&entry, wanted, &limits),
            Ok(Some(ConvertedEntry::Histogram { series, histogram, exemplars })) => {
                let is_equal = is_series(&series, wanted)
                    && is_histogram(&histogram, wanted)
                    && are_exemplars(&exemplars, wanted);
                (!is_equal).then(|| format!("{series:?} {histogram:?} {exemplars:?}"))
            }
            other => Some(format!("{other:?}")),
        };
        if let Some(wrong) = wrong {
            return Some(format!("want {wanted}\n  got {wrong}"));
        }
    }
    match converter.read() {
        Ok(None) => None,
        other => Some(format!("want the end, got {other:?}")),
    }
}

#[test]
fn prometheus_conversions_agree() {
    let path = "prometheus/derived/model__textparse__nhcbparse_test.json";
    let Some(file) = corpus(path) else { return };
    let mut corpus = counted("derived conversions");
    for test in [
        "TestNHCBParserOnOMParser",
        "TestNHCBParserOMParser_MultipleHistograms",
        "TestNHCBParserErrorHandling",
    ] {
        let mut page = text(&file["strings"][test], "input").trim_end().to_owned();
        let expected = table(&file, test, "exp");
        if expected.iter().any(|entry| text(entry, "m").contains("null_byte_metric")) {
            page.push_str("\n# HELP metric foo\0bar\nnull_byte_metric{a=\"abc\0\"} 1");
        }
        if !page.ends_with("# EOF") {
            page.push_str("\n# EOF");
        }
        let wrong = compared(page.as_bytes(), expected);
        corpus.note(test, wrong.map(|why| format!("{test}: {why}")));
    }
    corpus.finish();
}
