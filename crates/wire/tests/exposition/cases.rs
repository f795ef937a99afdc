//! Our cases: a page per question, its entries as the answer.
//!
//! Each line of a page starts with `|`. `⟨0a⟩` is the byte 0a; a page ends without a line break if
//! its last line ends with `⟨⟩`.

use wire::exposition::{
    CreatedLines, Escaping, FamilyOptions, FamilyParser, HistogramConverter, PageLimits,
    ScrapeProtocol, TextParser, accept, select,
};

use crate::{prototext, shown, testdata};

fn page(question: &str) -> Vec<u8> {
    let mut page = Vec::new();
    for line in question.lines() {
        let line = line.strip_prefix('|').unwrap_or_else(|| panic!("no | before {line:?}"));
        let mut parts = line.split('⟨');
        page.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
        let mut is_ended = true;
        for part in parts {
            let (byte, tail) = part.split_once('⟩').unwrap_or_else(|| panic!("no ⟩ in {line:?}"));
            is_ended = !byte.is_empty() || !tail.is_empty();
            if !byte.is_empty() {
                page.push(u8::from_str_radix(byte, 16).unwrap());
            }
            page.extend_from_slice(tail.as_bytes());
        }
        if is_ended {
            page.push(b'\n');
        }
    }
    page
}

#[test]
fn our_pages_of_prometheus_text_are_read_as_in_prometheus() {
    let limits = PageLimits::default();
    let count = conformance::check_cases(&testdata("prometheus"), |question| {
        let page = page(question);
        shown::text_entries(TextParser::prometheus(&page, limits), &limits)
    });
    assert!(count >= 150, "{count} cases");
}

#[test]
fn our_pages_of_open_metrics_text_are_read_as_in_prometheus() {
    let limits = PageLimits::default();
    let count = conformance::check_cases(&testdata("openmetrics"), |question| {
        let page = page(question);
        let parser = TextParser::open_metrics(&page, limits, CreatedLines::AreSamples);
        shown::text_entries(parser, &limits)
    });
    assert!(count >= 150, "{count} cases");
}

#[test]
fn created_lines_of_our_pages_become_start_times_as_in_prometheus() {
    let limits = PageLimits::default();
    conformance::check_cases(&testdata("start-times"), |question| {
        let page = page(question);
        let parser = TextParser::open_metrics(&page, limits, CreatedLines::AreStartTimes);
        shown::text_entries(parser, &limits)
    });
}

/// The first line tells whether the classic series are kept.
#[test]
fn classic_histograms_of_our_pages_are_converted_as_in_prometheus() {
    let limits = PageLimits::default();
    conformance::check_cases(&testdata("converted"), |question| {
        let (first, lines) = question.split_once('\n').unwrap_or_default();
        let page = page(lines);
        let parser = TextParser::open_metrics(&page, limits, CreatedLines::AreStartTimes);
        let converter = HistogramConverter::new(parser, limits, first == "keeps-classic");
        shown::converted_entries(converter, &limits)
    });
}

/// The first line names options; the families follow as protobuf text.
#[test]
fn our_families_are_read_as_in_prometheus() {
    conformance::check_cases(&testdata("protobuf"), |question| {
        let (first, families) = question.split_once('\n').unwrap_or((question, ""));
        let options = FamilyOptions {
            ignores_native: first.contains("ignores-native"),
            keeps_classic: first.contains("keeps-classic"),
            converts_classic: first.contains("converts-classic"),
        };
        let page = prototext::delimited(families);
        shown::family_entries(FamilyParser::new(&page, PageLimits::default(), options))
    });
}

/// `accept ESCAPING PROTOCOL…`, or `FALLBACK|CONTENT-TYPE`.
#[test]
fn our_headers_are_negotiated_as_in_prometheus() {
    conformance::check_cases(&testdata("negotiation"), |question| {
        if let Some(list) = question.strip_prefix("accept ") {
            let mut words = list.split(' ');
            let escaping = words.next().and_then(Escaping::from_name).unwrap();
            let protocols: Vec<_> =
                words.map(|word| ScrapeProtocol::from_name(word).unwrap()).collect();
            return accept(&protocols, escaping);
        }
        let (fallback, header) = question.split_once('|').unwrap();
        match select(header, ScrapeProtocol::from_name(fallback)) {
            Err(error) => format!("! {error}"),
            Ok(selected) => {
                let escaping = selected.escaping.map(|scheme| format!(" {}", scheme.name()));
                let warning = selected.warning.map(|warning| format!("\nwarning: {warning}"));
                format!(
                    "{}{}{}",
                    selected.format.media_type(),
                    escaping.unwrap_or_default(),
                    warning.unwrap_or_default()
                )
            }
        }
    });
}
