//! What is written is what the parsers read.

use std::sync::Arc;

use signals::metric::{BucketSpan, CUSTOM_SCHEMA, NativeHistogram, ResetHint};

use super::super::{FamilyEntry, FamilyOptions, FamilyParser, PageLimits};
use super::{FamilyWriter, TextWriter, WrittenFormat};

fn exponential() -> NativeHistogram {
    NativeHistogram {
        schema: 3,
        zero_threshold: 0.001,
        zero_count: 2.0,
        count: 12.5,
        sum: -4.25,
        positive_spans: vec![
            BucketSpan { offset: -2, length: 2 },
            BucketSpan { offset: 3, length: 1 },
        ],
        positive_counts: vec![1.0, 2.5, 3.0],
        negative_spans: vec![BucketSpan { offset: 7, length: 1 }],
        negative_counts: vec![4.0],
        custom_bounds: Vec::new(),
        reset_hint: ResetHint::Unknown,
    }
}

fn custom() -> NativeHistogram {
    NativeHistogram {
        schema: CUSTOM_SCHEMA,
        count: 6.0,
        sum: 9.5,
        positive_spans: vec![BucketSpan { offset: 1, length: 2 }],
        positive_counts: vec![2.0, 3.0],
        custom_bounds: vec![0.5, 1.0],
        ..NativeHistogram::default()
    }
}

/// Everything that a scraper reads of a page.
fn read(page: &[u8]) -> Vec<String> {
    let mut parser = FamilyParser::new(page, PageLimits::default(), FamilyOptions::default());
    let mut shown = Vec::new();
    while let Some(entry) = parser.read().unwrap() {
        match entry {
            FamilyEntry::Family { metric, kind, .. } => shown.push(format!("{metric} {kind:?}")),
            FamilyEntry::Sample { series, value, .. } => {
                shown.push(format!("{:?} {:?} {value}", series.labels, series.timestamp_ms));
            }
            FamilyEntry::Histogram { series, histogram, .. } => {
                shown.push(format!("{:?} {:?}", series.labels, series.timestamp_ms));
                assert_eq!(histogram, Arc::new(exponential()));
            }
        }
    }
    shown
}

#[test]
fn what_is_written_as_protobuf_is_what_a_scraper_reads() {
    let mut writer = FamilyWriter::new(true);
    writer.untyped_family("up.time");
    writer.untyped(&[("job", "a"), ("empty", "")], 0.0, 1_500);
    writer.untyped(&[], f64::INFINITY, -1);
    writer.histogram_family("native", false);
    writer.histogram(&[("job", "a")], &exponential(), 7);
    writer.histogram_family("classic", true);
    writer.histogram(&[], &custom(), 7);
    let expected = [
        "up.time Unknown",
        "{__name__=\"up.time\", job=\"a\"} Some(1500) 0",
        "{__name__=\"up.time\"} Some(-1) inf",
        "native Histogram",
        "{__name__=\"native\", job=\"a\"} Some(7)",
        "classic GaugeHistogram",
        "{__name__=\"classic_bucket\", le=\"0.5\"} Some(7) 0",
        "{__name__=\"classic_bucket\", le=\"1.0\"} Some(7) 2",
        "{__name__=\"classic_bucket\", le=\"+Inf\"} Some(7) 6",
        "{__name__=\"classic_count\"} Some(7) 6",
        "{__name__=\"classic_sum\"} Some(7) 9.5",
    ];
    let mut shown = read(&writer.finish());
    shown.sort_unstable();
    let mut expected = expected.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(shown, expected);
}

#[test]
fn names_before_utf8_have_underscores() {
    let mut writer = FamilyWriter::new(false);
    writer.untyped_family("up.time");
    writer.untyped(&[("a.b", "c.d")], 1.0, 1);
    let shown = read(&writer.finish());
    assert_eq!(shown, ["up_time Unknown", "{__name__=\"up_time\", a_b=\"c.d\"} Some(1) 1"]);
}

#[test]
fn a_text_page_quotes_what_it_must() {
    let page = |allows_utf8| {
        let mut writer = TextWriter::new(allows_utf8);
        writer.family("a:b", "counter", "x\\\ny");
        writer.sample("a:b", [], 1e6, None);
        writer.sample("a:b", [("x", "1\n\""), ("9", "")], -0.0, Some(-5));
        writer.family("c.d", "untyped", "");
        writer.sample("c.d", [("e.f", "é")], f64::NAN, Some(1));
        writer.finish()
    };
    let same = "# HELP a:b x\\\\\\ny\n# TYPE a:b counter\na:b 1e+06\n";
    assert_eq!(
        page(true),
        format!(
            "{same}a:b{{x=\"1\\n\\\"\",\"9\"=\"\"}} 0 -5\n\
             # TYPE \"c.d\" untyped\n{{\"c.d\",\"e.f\"=\"é\"}} NaN 1\n"
        )
    );
    assert_eq!(
        page(false),
        format!(
            "{same}a:b{{x=\"1\\n\\\"\",_=\"\"}} 0 -5\n\
             # TYPE c_d untyped\nc_d{{e_f=\"é\"}} NaN 1\n"
        )
    );
}

#[test]
fn a_histogram_with_custom_buckets_is_classic_text() {
    let mut writer = TextWriter::default();
    writer.classic_histogram("h", &[("a", "b")], &custom(), 3);
    let expected = "h_bucket{a=\"b\",le=\"0.5\"} 0 3\nh_bucket{a=\"b\",le=\"1\"} 2 3\n\
                    h_bucket{a=\"b\",le=\"+Inf\"} 6 3\nh_sum{a=\"b\"} 9.5 3\nh_count{a=\"b\"} 6 3\n";
    assert_eq!(writer.finish(), expected);
}

#[test]
fn the_format_is_the_one_with_the_highest_weight() {
    let protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily";
    let all = format!(
        "{protobuf};encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;\
         escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,*/*;q=0.2"
    );
    let cases = [
        ("", false, false),
        ("*/*", false, false),
        ("nonsense, , ;;", false, false),
        ("text/plain;version=0.0.4;q=0.2,*/*;q=0.1", false, false),
        ("text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1", false, true),
        (all.as_str(), true, false),
        (&format!("{protobuf};encoding=delimited;escaping=allow-utf-8"), true, true),
        (&format!("{protobuf};encoding=text"), false, false),
        (&format!("text/plain;q=0.9,{protobuf};encoding=delimited;q=0.5"), false, false),
    ];
    for (accept, is_protobuf, allows_utf8) in cases {
        let expected = WrittenFormat { is_protobuf, allows_utf8 };
        assert_eq!(WrittenFormat::negotiate(accept), expected, "{accept}");
    }
}
