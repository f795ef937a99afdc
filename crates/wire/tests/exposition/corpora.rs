//! The text formats against the cases of Prometheus and OpenMetrics.

use serde_json::Value;
use wire::WireError;
use wire::exposition::{
    CreatedLines, Entry, Escaping, PageLimits, ScrapeProtocol, TextParser, accept, select,
};

use crate::{corpus, counted, table, text};

/// The bytes of an input: text, hexadecimal digits, or a list of parts.
pub(crate) fn bytes(value: &Value) -> Option<Vec<u8>> {
    if let Some(text) = value.as_str() {
        return Some(text.as_bytes().to_vec());
    }
    if let Some(parts) = value.as_array() {
        return parts.iter().map(bytes).collect::<Option<Vec<_>>>().map(|parts| parts.concat());
    }
    let digits = value["_bytes_hex"].as_str()?;
    hex::decode(digits).ok()
}

/// A value of an expected entry, where the facts name a helper of Prometheus' tests.
fn resolved(value: &Value) -> &Value {
    let arguments = &value["args"];
    match value["_call"].as_str() {
        // Without the experimental labels for type and unit.
        Some("typeAndUnitLabels") => &arguments[2],
        Some("todoDetectFamilySwitch") => &arguments[1],
        Some(_) => &arguments[0],
        None => value,
    }
}

/// A number; the facts spell those that JSON lacks.
pub(crate) fn float(value: &Value) -> f64 {
    if value["_float_bits"].is_object() {
        // The only bits that the facts name are those of NaN.
        return f64::NAN;
    }
    match value.as_str() {
        Some(text) => text.trim_start_matches('+').parse().unwrap(),
        None => value.as_f64().unwrap_or_default(),
    }
}

fn is_same(found: f64, expected: &Value) -> bool {
    let expected = float(expected);
    found == expected || (found.is_nan() && expected.is_nan())
}

/// The pairs of a label set, without empty values, as our labels print them.
pub(crate) fn labels(expected: &Value) -> String {
    let pairs = resolved(expected)["_labels"].as_object().into_iter().flatten();
    let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    format!("{:?}", signals::Labels::from_pairs(pairs))
}

/// Compares an entry; `Some` is the difference.
pub(crate) fn difference(
    entry: &Entry<'_>,
    expected: &Value,
    limits: &PageLimits,
) -> Option<String> {
    let is_equal = match entry {
        Entry::Help { metric, help } => {
            *metric == text(expected, "m") && expected["help"].as_str() == Some(help)
        }
        Entry::Type { metric, kind } => {
            *metric == text(expected, "m") && text(expected, "typ") == kind.name()
        }
        Entry::Unit { metric, unit } => {
            *metric == text(expected, "m") && expected["unit"].as_str() == Some(unit)
        }
        Entry::Sample(sample) => {
            let series = bytes(&expected["m"]).unwrap_or_default();
            let is_labelled = expected["lset"].is_null()
                || sample
                    .labels(limits)
                    .is_ok_and(|found| format!("{found:?}") == labels(&expected["lset"]));
            let exemplar = &expected["es"][0];
            let is_exemplar = expected["lset"].is_null()
                || sample.exemplar.map_or(exemplar.is_null(), |found| {
                    let timestamp = exemplar["Ts"].as_i64();
                    is_same(found.value, &exemplar["Value"])
                        && found.timestamp_ms == timestamp
                        && found
                            .labels(limits)
                            .is_ok_and(|found| format!("{found:?}") == labels(&exemplar["Labels"]))
                });
            series == sample.series
                && (expected["v"].is_null() || is_same(sample.value, &expected["v"]))
                && sample.timestamp_ms == resolved(&expected["t"]).as_i64()
                && sample.start_ms.unwrap_or_default()
                    == expected["st"].as_i64().unwrap_or_default()
                && is_labelled
                && is_exemplar
        }
    };
    (!is_equal).then(|| format!("want {expected}\n  got {entry:?}"))
}

fn compared(mut parser: TextParser<'_>, expected: &[Value], limits: &PageLimits) -> Option<String> {
    // We yield no comments.
    for expected in expected.iter().filter(|entry| entry["comment"].is_null()) {
        match parser.read() {
            Ok(Some(entry)) => {
                if let Some(difference) = difference(&entry, expected, limits) {
                    return Some(difference);
                }
            }
            other => return Some(format!("want {expected}\n  got {other:?}")),
        }
    }
    match parser.read() {
        Ok(None) => None,
        other => Some(format!("want the end, got {other:?}")),
    }
}

/// Reads a whole page, with all labels.
fn read_all(mut parser: TextParser<'_>, limits: &PageLimits) -> Result<usize, WireError> {
    let mut samples = 0;
    while let Some(entry) = parser.read()? {
        if let Entry::Sample(sample) = entry {
            samples += 1;
            sample.labels(limits)?;
            sample.exemplar.map(|exemplar| exemplar.labels(limits)).transpose()?;
        }
    }
    Ok(samples)
}

/// The parser of a format's name in the corpus, and the page as Prometheus' test completes it.
fn parser<'a>(format: &str, page: &'a [u8], created: CreatedLines) -> TextParser<'a> {
    let limits = PageLimits::default();
    if format == "openmetrics" {
        TextParser::open_metrics(page, limits, created)
    } else {
        TextParser::prometheus(page, limits)
    }
}

/// Verdict and message of one case.
fn judged(format: &str, case: &Value, page: &[u8]) -> Option<String> {
    let error = case.get("error").or_else(|| case.get("err")).and_then(Value::as_str);
    let error = error.filter(|error| !error.is_empty() && *error != "EOF");
    let is_valid = case["valid"].as_bool().unwrap_or(error.is_none());
    let mut parser = parser(format, page, CreatedLines::AreSamples);
    let result = loop {
        match parser.read() {
            Ok(Some(_)) => {}
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    match (is_valid, result) {
        (true, Ok(())) => None,
        (true, Err(found)) => Some(format!("should be valid, got {found}")),
        (false, Ok(())) => Some(format!("should fail with {error:?}")),
        (false, Err(WireError::Text { reason, .. })) => error
            .filter(|error| *error != reason)
            .map(|error| format!("want {error}\n  got  {reason}")),
        (false, Err(other)) => Some(format!("got {other}")),
    }
}

#[test]
fn prometheus_text_cases_agree() {
    let Some(file) = corpus("prometheus/curated/exposition.json") else { return };
    let limits = PageLimits::default();
    for format in ["openmetrics", "prometheus-text"] {
        let mut corpus = counted(&format!("exposition.json {format}"));
        for case in file["cases"].as_array().unwrap() {
            if text(case, "format") != format {
                continue;
            }
            let mut page = bytes(&case["input"]).unwrap();
            let wrong = if let Some(expected) = case["entries"].as_array() {
                // The test appends a line with a byte that its source text cannot hold.
                let is_open_metrics = format == "openmetrics";
                if expected.iter().any(|entry| text(entry, "m").contains("null_byte_metric")) {
                    page.extend_from_slice(
                        b"\n# HELP metric foo\x00bar\nnull_byte_metric{a=\"abc\x00\"} 1",
                    );
                }
                if is_open_metrics && !page.ends_with(b"# EOF\n") {
                    page.extend_from_slice(if page.ends_with(b"\n") { b"" } else { b"\n" });
                    page.extend_from_slice(b"# EOF\n");
                }
                let created = CreatedLines::AreStartTimes;
                compared(parser(format, &page, created), expected, &limits)
            } else {
                judged(format, case, &page)
            };
            let wrong = wrong.map(|why| format!("{:?}\n  {why}", String::from_utf8_lossy(&page)));
            corpus.note(&case["input"].to_string(), wrong);
        }
        corpus.finish();
    }
}

/// Cases with bytes that are not text, and of start times, which only the facts have.
#[test]
fn prometheus_facts_agree() {
    let limits = PageLimits::default();
    for (format, path, tests) in [
        ("prometheus-text", "promparse", &["TestPromParseErrors", "TestPromNullByteHandling"]),
        (
            "openmetrics",
            "openmetricsparse",
            &["TestOpenMetricsParseErrors", "TestOMNullByteHandling"],
        ),
    ] {
        let path = format!("prometheus/derived/model__textparse__{path}_test.json");
        let Some(file) = corpus(&path) else { return };
        let mut corpus = counted(&format!("derived {format}"));
        for case in tests.iter().flat_map(|test| table(&file, test, "cases")) {
            let page = bytes(&case["input"]).unwrap();
            let wrong = judged(format, case, &page);
            corpus.note(&case["input"].to_string(), wrong.map(|why| format!("{case}\n  {why}")));
        }
        if format == "openmetrics" {
            for case in table(&file, "TestSTParseFailures", "(range)") {
                let page = bytes(&case["input"]).unwrap();
                let expected = case["expected"].as_array().unwrap();
                let parser = parser(format, &page, CreatedLines::AreStartTimes);
                corpus.note(text(case, "name"), compared(parser, expected, &limits));
            }
        }
        corpus.finish();
    }
}

/// The parser of Prometheus' client libraries, which is not the one of its scrapes: only the
/// verdict is compared, and where the two differ the scrape decides.
#[test]
fn client_library_cases_agree() {
    let Some(file) = corpus("prometheus/curated/exposition.json") else { return };
    let limits = PageLimits::default();
    let mut corpus = counted("exposition.json families");
    for case in file["cases"].as_array().unwrap() {
        if text(case, "format") != "prometheus-text(metric families)" {
            continue;
        }
        let page = bytes(&case["input"]).unwrap();
        // Cases without a message fail only under the older rules for names.
        let is_valid = case["valid"] == true || case["error"].is_null();
        let result = read_all(TextParser::prometheus(&page, limits), &limits);
        let wrong = (is_valid != result.is_ok()).then(|| format!("{case}\n  got {result:?}"));
        corpus.note(&case["input"].to_string(), wrong);
    }
    corpus.finish();
}

#[test]
fn open_metrics_pages_are_accepted_and_refused_as_in_prometheus() {
    let Some(folder) = conformance::corpus_folder("openmetrics/parsers") else { return };
    let limits = PageLimits::default();
    let mut corpus = counted("openmetrics parsers");
    let mut folders: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let facts = std::fs::read_to_string(folder.join("test.json")).unwrap();
        let facts: Value = serde_json::from_str(&facts).unwrap();
        let page = std::fs::read(folder.join("metrics")).unwrap();
        let should_parse = facts["shouldParse"].as_bool().unwrap();
        let parser = TextParser::open_metrics(&page, limits, CreatedLines::AreSamples);
        let result = read_all(parser, &limits);
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let wrong = (should_parse != result.is_ok())
            .then(|| format!("{name}: {:?}\n  got {result:?}", String::from_utf8_lossy(&page)));
        corpus.note(&name, wrong);
    }
    corpus.finish();
}

#[test]
fn pages_of_real_targets_are_read() {
    let limits = PageLimits::default();
    let mut corpus = counted("textparse pages");
    for (path, samples) in [
        ("1histogram.om.txt", None),
        ("alltypes.237mfs.nometa.prom.txt", Some(1857)),
        ("alltypes.237mfs.prom.txt", Some(1857)),
        ("alltypes.5mfs.om.txt", None),
    ] {
        let Some(page) = conformance::corpus_bytes(&format!("prometheus/textparse/{path}")) else {
            return;
        };
        let mut whole = page.clone();
        let format = if path.contains(".om.") { "openmetrics" } else { "prometheus-text" };
        if format == "openmetrics" && !page.trim_ascii_end().ends_with(b"# EOF") {
            whole.extend_from_slice(b"# EOF\n");
        }
        let result = read_all(parser(format, &whole, CreatedLines::AreSamples), &limits);
        let is_right = result.as_ref().is_ok_and(|found| samples.is_none_or(|n| n == *found));
        corpus.note(path, (!is_right).then(|| format!("{path}: {result:?}")));
    }
    corpus.finish();
}

#[test]
fn content_types_are_judged_as_in_prometheus() {
    let path = "prometheus/derived/model__textparse__interface_test.json";
    let Some(file) = corpus(path) else { return };
    let mut corpus = counted("derived content types");
    for case in table(&file, "TestNewParser", "(range)") {
        let fallback = text(&case["fallbackScrapeProtocol"], "_ref");
        let fallback = fallback.strip_prefix("config.").map(|name| {
            let is_same = |protocol: &ScrapeProtocol| {
                let plain = |name: &str| name.replace(['.', '_'], "");
                plain(protocol.name()) == plain(name)
            };
            ScrapeProtocol::ALL.into_iter().find(is_same).unwrap()
        });
        let message = match select(text(case, "contentType"), fallback) {
            Ok(selected) => selected.warning.unwrap_or_default(),
            Err(error) => format!("! {error}"),
        };
        let expected = text(case, "err");
        let is_refused = !expected.is_empty() && fallback.is_none();
        let is_right = message.contains(expected)
            && message.is_empty() == expected.is_empty()
            && message.starts_with('!') == is_refused;
        let name = text(case, "_name");
        corpus.note(name, (!is_right).then(|| format!("{name}: want {expected}, got {message}")));
    }
    corpus.finish();
}

#[test]
fn accept_headers_are_those_of_prometheus() {
    let Some(file) = corpus("prometheus/derived/scrape__scrape_test.json") else { return };
    let mut corpus = counted("derived accept headers");
    for case in table(&file, "TestAcceptHeader", "tests") {
        let protocols: &[ScrapeProtocol] = match text(&case["scrapeProtocols"], "_ref") {
            "config.DefaultScrapeProtocols" => &ScrapeProtocol::DEFAULT,
            "config.DefaultProtoFirstScrapeProtocols" => &ScrapeProtocol::DEFAULT_PROTOBUF_FIRST,
            other => panic!("unknown list {other}"),
        };
        let escaping = match text(&case["scheme"], "_ref") {
            "model.UnderscoreEscaping" => Escaping::Underscores,
            "model.NoEscaping" => Escaping::AllowUtf8,
            "model.DotsEscaping" => Escaping::Dots,
            "model.ValueEncodingEscaping" => Escaping::Values,
            other => panic!("unknown scheme {other}"),
        };
        let found = accept(protocols, escaping);
        let expected = text(case, "expectedHeader");
        corpus.note(text(case, "name"), (found != expected).then(|| format!("{found} {expected}")));
    }
    corpus.finish();
}
