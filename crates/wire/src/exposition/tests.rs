//! The fast path against the exact parser, numbers, limits, and hostile bytes.

mod probe;

use proptest::prelude::*;
use signals::metric::{MetricKind, NAME_LABEL};

use super::text::TextParser;
use super::{
    CreatedLines, Entry, FamilyOptions, FamilyParser, NORMAL_NAN_BITS, PageLimits, float,
    series_labels,
};
use crate::WireError;

/// Parsers of a page in each text format.
fn parsers(page: &[u8], limits: PageLimits) -> [TextParser<'_>; 3] {
    [
        TextParser::prometheus(page, limits),
        TextParser::open_metrics(page, limits, CreatedLines::AreSamples),
        TextParser::open_metrics(page, limits, CreatedLines::AreStartTimes),
    ]
}

/// All entries, with the error at the end, if any.
fn entries(mut parser: TextParser<'_>, expected: &[Vec<u8>]) -> (Vec<String>, Option<String>) {
    let mut found = Vec::new();
    loop {
        let guess = expected.get(found.len()).map(Vec::as_slice).unwrap_or_default();
        match parser.read_expecting(guess) {
            Ok(Some(Entry::Sample(sample))) => {
                assert!(!sample.is_expected || sample.series == guess);
                let bits = sample.value.to_bits();
                let sample = super::TextSample { is_expected: false, value: 0.0, ..sample };
                found.push(format!("{bits:x} {sample:?}"));
            }
            Ok(Some(entry)) => found.push(format!("{entry:?}")),
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error.to_string())),
        }
    }
}

fn series(mut parser: TextParser<'_>) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Ok(Some(entry)) = parser.read() {
        all.push(if let Entry::Sample(sample) = entry { sample.series.to_vec() } else { vec![] });
    }
    all
}

/// Pieces of pages: most results are nearly valid.
const PIECES: [&str; 58] = [
    "a",
    "b_total",
    "x",
    "x_created",
    "x_sum",
    "x_bucket",
    "{",
    "}",
    "\"",
    "=",
    ",",
    " ",
    "  ",
    "\t",
    "\n",
    "\n",
    "1",
    "0.5",
    "1e3",
    "-2",
    "+Inf",
    "NaN",
    "1_0",
    "1.7976931348623159e308",
    "# ",
    "#",
    "# EOF\n",
    "# TYPE x counter\n",
    "# TYPE x histogram\n",
    "# HELP x some \\n help\n",
    "# UNIT x_s s\n",
    "{a=\"b\"}",
    "{a=\"b\",c=\"d e\"}",
    "{a=\"b\",}",
    "{le=\"1\"}",
    "{\"m.n\"}",
    "{\"m.n\",a=\"b\"}",
    "{a=\"\\\\ \\\" \\n \\z\"}",
    "{a=\"é\"}",
    " # {id=\"x\"} 1",
    " # {id=\"x\"} 1 2.5",
    "a 1\n",
    "x_total{a=\"b\",c=\"0123456789abcdef\"} 2 1700000000\n",
    "x_created{a=\"b\"} 5\n",
    "x_sum 3.25\n",
    "x_bucket{le=\"+Inf\"} 12345678901\n",
    "a 9007199254740993\n",
    "a 1 12345678901234567890\n",
    "a -0\n",
    "a 1e-5\n",
    "a 0x1\n",
    "a nan\n",
    "a 1.5 1.5\n",
    "a{a=\"1\",a=\"2\"} 1\n",
    "9",
    "é",
    "\\",
    "\0",
];

fn pages() -> impl Strategy<Value = Vec<u8>> {
    let piece = proptest::sample::select(PIECES.to_vec());
    let text = proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    prop_oneof![
        3 => text.prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..60),
    ]
}

proptest! {
    #[test]
    fn the_fast_path_reads_what_the_exact_path_reads(page in pages(), is_ended in any::<bool>()) {
        let mut page = page;
        if is_ended {
            page.extend_from_slice(b"\n# EOF\n");
        }
        for parser in parsers(&page, PageLimits::default()) {
            let exact = entries(parser.clone().only_exact(), &[]);
            prop_assert_eq!(&entries(parser.clone(), &[]), &exact);
            let guesses = series(parser.clone());
            prop_assert_eq!(&entries(parser.clone(), &guesses), &exact);
            let shifted: Vec<_> = guesses.into_iter().rev().collect();
            prop_assert_eq!(&entries(parser, &shifted), &exact);
        }
    }

    #[test]
    fn no_series_panics_and_accepted_series_have_a_name(series in pages()) {
        for kind in [MetricKind::Histogram, MetricKind::Summary, MetricKind::Unknown] {
            if let Ok(labels) = series_labels(&series, kind, &PageLimits::default()) {
                prop_assert!(labels.get(NAME_LABEL).is_some());
            }
        }
    }

    #[test]
    fn no_bytes_make_the_protobuf_parser_panic(
        page in proptest::collection::vec(any::<u8>(), 0..200),
        flags in any::<[bool; 3]>(),
    ) {
        let [ignores_native, keeps_classic, converts_classic] = flags;
        let options = FamilyOptions { ignores_native, keeps_classic, converts_classic };
        let mut parser = FamilyParser::new(&page, PageLimits::default(), options);
        while let Ok(Some(_)) = parser.read() {}
    }

    #[test]
    fn decimal_numbers_have_the_value_of_the_standard_parser(
        text in "-?[0-9]{0,20}(\\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?"
    ) {
        let expected = text.parse::<f64>().ok().filter(|value| value.is_finite());
        let found = float::parse(text.as_bytes()).ok();
        prop_assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits));
    }

    #[test]
    fn floats_that_are_printed_are_read_back(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        for text in [format!("{value}"), format!("{value:e}"), float::open_metrics(value)] {
            let text = text.trim_start_matches("-NaN");
            let found = float::parse(text.as_bytes());
            let expected = if value.is_nan() { NORMAL_NAN_BITS } else { bits };
            prop_assert_eq!(found.map(f64::to_bits), Ok(expected));
        }
    }
}

#[test]
fn numbers_are_formatted_as_in_go() {
    for (value, expected) in [
        (0.0, "0.0"),
        (1.0, "1.0"),
        (-1.5, "-1.5"),
        (100_000.0, "100000.0"),
        (123_456.7, "123456.7"),
        (1e6, "1e+06"),
        (1_234_567.0, "1.234567e+06"),
        (1e21, "1e+21"),
        (1e100, "1e+100"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (0.000_012_5, "1.25e-05"),
        (12.5, "12.5"),
        (-120.0, "-120.0"),
        (0.012, "0.012"),
        // Halfway between two texts of 17 digits.
        (1.0 + 21.0 / 131_072.0, "1.0001602172851562"),
        (9_007_199_254_740_993.0, "9.007199254740992e+15"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
        (f64::MAX, "1.7976931348623157e+308"),
    ] {
        assert_eq!(float::open_metrics(value), expected);
    }
}

#[test]
fn a_page_beyond_a_limit_is_refused() {
    let limits = PageLimits { entry_bytes_max: 10, entries_max: 2, ..PageLimits::default() };
    for (page, expected) in [
        ("a 1\nb 2\n", None),
        ("a 1\nb 2\nc 3\n", Some("line 3: page has more than 2 entries")),
        ("a 1\na_long_name 1\n", Some("line 2: line is longer than 10 bytes")),
        ("# TYPE a counter\n", Some("line 1: line is longer than 10 bytes")),
        ("a{b=\"0123456\"} 1 # comment\n", Some("line 1: expected timestamp or new record")),
    ] {
        let error = entries(TextParser::prometheus(page.as_bytes(), limits), &[]).1;
        match (error, expected) {
            (None, None) => {}
            (Some(error), Some(expected)) => assert!(error.starts_with(expected), "{error}"),
            (error, _) => panic!("{page:?}: {error:?}"),
        }
    }
}

#[test]
fn labels_beyond_a_limit_are_refused() {
    let limits = PageLimits {
        labels_max: 3,
        name_bytes_max: 8,
        label_value_bytes_max: 10,
        exemplar_chars_max: 4,
        ..PageLimits::default()
    };
    let refused = |series: &str| {
        let result = series_labels(series.as_bytes(), MetricKind::Unknown, &limits);
        result.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(refused("a{b=\"1\",c=\"2\"}"), "");
    assert_eq!(refused("a{b=\"1\",c=\"2\",d=\"3\"}"), "series has more than 3 labels");
    assert_eq!(refused("long_name"), "name is longer than 8 bytes");
    assert_eq!(refused("a{long_name=\"1\"}"), "name is longer than 8 bytes");
    assert_eq!(refused("a{b=\"01234567890\"}"), "value of label \"b\" is longer than 10 bytes");
    let page = b"a_total 1 # {id=\"abc\"} 1\n# EOF\n";
    let mut parser = TextParser::open_metrics(page, limits, CreatedLines::AreSamples);
    let Ok(Some(Entry::Sample(sample))) = parser.read() else { panic!("no sample") };
    let error = sample.exemplar.unwrap().labels(&limits).unwrap_err().to_string();
    assert_eq!(error, "labels of the exemplar have more than 4 characters");
}

#[test]
fn only_a_whole_series_has_labels() {
    for series in ["", " ", "{", "a{", "a{}b", "a b", "a 1", "# HELP", "a{b=\"c\"} ", "a\n", "\n"] {
        let labels = series_labels(series.as_bytes(), MetricKind::Unknown, &PageLimits::default());
        assert!(matches!(labels, Err(WireError::Labels(_))), "{series:?}: {labels:?}");
    }
}

#[test]
fn families_beyond_a_limit_or_cut_off_are_refused() {
    // A family of one gauge named "a".
    let page = [8, 0x0a, 1, b'a', 0x18, 1, 0x22, 0x01, 0x12];
    let whole = [10, 0x0a, 1, b'a', 0x18, 1, 0x22, 0x02, 0x12, 0x00, 0x00];
    let read = |page: &[u8], limits| {
        let mut parser = FamilyParser::new(page, limits, FamilyOptions::default());
        loop {
            match parser.read() {
                Ok(Some(_)) => {}
                Ok(None) => return String::new(),
                Err(error) => return error.to_string(),
            }
        }
    };
    let limits = PageLimits::default();
    assert_eq!(
        read(&whole[..10], limits),
        "metric family \"\" at byte 0: length exceeds the message"
    );
    let cut = "metric family \"a\" at byte 9: ends within a number";
    assert_eq!(read(&page, limits), cut);
    let small = PageLimits { entry_bytes_max: 5, ..limits };
    let error = read(&page, small);
    assert_eq!(error, "metric family \"\" at byte 1: metric family is longer than 5 bytes");
    let few = PageLimits { entries_max: 1, ..limits };
    let two: Vec<u8> = [&[9, 0x0a, 1, b'a', 0x18, 1, 0x22, 0x02, 0x12, 0x00][..]; 1].concat();
    assert_eq!(read(&two, limits), "");
    assert!(read(&two, few).contains("page has more than 1 entries"), "{}", read(&two, few));
}
