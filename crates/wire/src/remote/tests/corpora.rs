//! The cases of Prometheus' tests and the receiver's part of its compliance suite, as far as they
//! concern decoding.

use conformance::{Corpus, Tolerated};
use prost::Message as _;
use serde_json::Value;

use super::messages::{Count, Histogram, Sample, Span, ZeroCount, v1, v2};
use super::{NOW_MS, WriteMessage, decoded, try_decoded};
use crate::known::NoKnownSeries;
use crate::otlp::tests::unbounded;
use crate::remote::check_content_encoding;
use crate::remote::read::decode_samples;
use crate::{ItemCounts, Limits};

fn corpus(path: &str) -> Option<Value> {
    let text = conformance::corpus_text(path)?;
    Some(serde_json::from_str(&text).unwrap())
}

fn cases<'a>(file: &'a Value, test: &str) -> &'a [Value] {
    let tables = file["tables"].as_array().unwrap();
    let table = tables.iter().find(|table| table["test"] == *test).unwrap();
    table["cases"].as_array().unwrap()
}

/// The difference between what is expected and found.
fn differs<T: PartialEq + std::fmt::Debug + Copy>(found: T, expected: T) -> Option<String> {
    (found != expected).then(|| format!("{found:?} in place of {expected:?}"))
}

#[test]
fn headers_are_accepted_as_prometheus_does() {
    let Some(file) = corpus("prometheus/derived/storage__remote__write_handler_test.json") else {
        return;
    };
    let mut corpus = Corpus::new("remote write headers", Tolerated::default());
    for (test, message) in [
        ("TestRemoteWriteHandlerHeadersHandling_V1Message", WriteMessage::V1),
        ("TestRemoteWriteHandlerHeadersHandling_V2Message", WriteMessage::V2),
    ] {
        for case in cases(&file, test) {
            // The facts have an expression in place of the message's own type, and a name in place
            // of `snappy`.
            let header = |name: &str, own| match &case["reqHeaders"][name] {
                Value::Null => None,
                Value::String(text) => Some(text.as_str()),
                _ => Some(own),
            };
            let content_type = header("Content-Type", message.content_type());
            let encoding = header("Content-Encoding", "snappy");
            // The receiver of a test accepts only one message.
            let is_accepted = WriteMessage::from_content_type(content_type)
                .is_ok_and(|found| found == message)
                && check_content_encoding(encoding).is_ok();
            let code = if is_accepted { 204 } else { 415 };
            let text = format!("{message:?} {}", case["name"]);
            corpus.note(&text, differs(Some(code), case["expectedCode"].as_u64()));
        }
    }
    corpus.finish();
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn numbers(value: &Value) -> Vec<i64> {
    list(value).map(|number| number.as_i64().unwrap()).collect()
}

fn spans(value: &Value) -> Vec<Span> {
    let span = |value: &Value| Span {
        offset: value["Offset"].as_i64().unwrap_or_default() as i32,
        length: value["Length"].as_u64().unwrap_or_default() as u32,
    };
    list(value).map(span).collect()
}

/// A `histogram.Histogram` of the facts, as integers or converted to floats.
fn histogram(value: &Value, is_float: bool) -> Histogram {
    let number = |name: &str| value[name].as_f64().unwrap_or_default();
    let deltas = [numbers(&value["PositiveBuckets"]), numbers(&value["NegativeBuckets"])];
    let counts = |deltas: &[i64]| {
        let mut count = 0;
        deltas
            .iter()
            .map(|delta| {
                count += delta;
                count as f64
            })
            .collect()
    };
    let mut histogram = Histogram {
        sum: number("Sum"),
        // The only schema with a name is that of custom bounds.
        schema: value["Schema"].as_i64().map_or(-53, |schema| schema as i32),
        zero_threshold: number("ZeroThreshold"),
        positive_spans: spans(&value["PositiveSpans"]),
        negative_spans: spans(&value["NegativeSpans"]),
        custom_values: list(&value["CustomValues"]).map(|bound| bound.as_f64().unwrap()).collect(),
        ..Histogram::default()
    };
    if is_float {
        histogram.count = Some(Count::Float(number("Count")));
        histogram.zero_count = Some(ZeroCount::Float(number("ZeroCount")));
        histogram.positive_counts = counts(&deltas[0]);
        histogram.negative_counts = counts(&deltas[1]);
    } else {
        histogram.count = Some(Count::Int(number("Count") as u64));
        histogram.zero_count = Some(ZeroCount::Int(number("ZeroCount") as u64));
        [histogram.positive_deltas, histogram.negative_deltas] = deltas;
    }
    histogram
}

/// A `writev2.TimeSeries` of the facts.
fn series(value: &Value) -> v2::TimeSeries {
    let refs = |value: &Value| numbers(value).into_iter().map(|number| number as u32).collect();
    let integer = |value: &Value, name: &str| value[name].as_i64().unwrap_or_default();
    let metadata = &value["Metadata"];
    v2::TimeSeries {
        labels_refs: refs(&value["LabelsRefs"]),
        samples: list(&value["Samples"])
            .map(|sample| Sample {
                value: sample["Value"].as_f64().unwrap(),
                timestamp: integer(sample, "Timestamp"),
                start_timestamp: integer(sample, "StartTimestamp"),
            })
            .collect(),
        histograms: list(&value["Histograms"])
            .map(|call| {
                let is_float = call["_call"] == "writev2.FromFloatHistogram";
                let source = &call["args"][2];
                let source = if source["_call"] == "ToFloat" { &source["on"] } else { source };
                Histogram {
                    start_timestamp: call["args"][0].as_i64().unwrap(),
                    timestamp: call["args"][1].as_i64().unwrap(),
                    ..histogram(source, is_float)
                }
            })
            .collect(),
        exemplars: list(&value["Exemplars"])
            .map(|exemplar| v2::Exemplar {
                labels_refs: refs(&exemplar["LabelsRefs"]),
                value: exemplar["Value"].as_f64().unwrap(),
                timestamp: integer(exemplar, "Timestamp"),
            })
            .collect(),
        metadata: metadata.is_object().then(|| v2::Metadata {
            kind: 1,
            help_ref: integer(metadata, "HelpRef") as u32,
            unit_ref: integer(metadata, "UnitRef") as u32,
        }),
        created_timestamp: 0,
    }
}

#[test]
fn partial_writes_of_2_0_keep_what_prometheus_keeps() {
    let Some(file) = corpus("prometheus/derived/storage__remote__write_handler_test.json") else {
        return;
    };
    let mut corpus = Corpus::new("remote write 2.0 requests", Tolerated::default());
    // The facts have references; any texts will do, apart from the empty one and the name.
    let symbols: Vec<_> = (0..18)
        .map(|i| match i {
            0 => Vec::new(),
            1 => b"__name__".to_vec(),
            _ => format!("text_{i}").into_bytes(),
        })
        .collect();
    for case in cases(&file, "TestRemoteWriteHandler_V2Message") {
        // Those with symbols are about labels for type and unit, an experiment of Prometheus, and
        // their references are expressions.
        let is_of_storage = ["appendSampleErr", "appendHistogramErr", "commitErr", "symbols"];
        // Out-of-order and duplicate samples are decided by the store, too.
        if is_of_storage.iter().any(|name| case.get(name).is_some()) || !case["input"].is_array() {
            continue;
        }
        let mut timeseries = Vec::new();
        for item in list(&case["input"]) {
            match item.get("_spread") {
                Some(more) => timeseries.extend(list(more).map(series)),
                None => timeseries.push(series(item)),
            }
        }
        let request = v2::Request { symbols: symbols.clone(), timeseries };
        let decoded = decoded(WriteMessage::V2, &request.encode_to_vec());
        let code = if decoded.message.is_empty() { 204 } else { 400 };
        let mut why = differs(Some(code), case["expectedCode"].as_u64());
        // All but the first series of a partial write are valid.
        let valid = &request.timeseries[usize::from(code == 400)..];
        let expected = ItemCounts {
            samples: valid.iter().map(|series| series.samples.len()).sum(),
            histograms: valid.iter().map(|series| series.histograms.len()).sum(),
            exemplars: valid.iter().map(|series| series.exemplars.len()).sum(),
        };
        why = why.or_else(|| differs(decoded.item_counts(), expected));
        corpus.note(&case["desc"].to_string(), why);
    }
    corpus.finish();
}

#[test]
fn histograms_and_labels_are_refused_as_by_prometheus() {
    let Some(file) = corpus("prometheus/derived/storage__remote__write_handler_test.json") else {
        return;
    };
    let mut counted = Corpus::new("remote write validation", Tolerated::default());
    let name = v1::Label { name: b"__name__".to_vec(), value: b"h".to_vec() };
    for case in cases(&file, "TestHistogramValidationErrorHandling") {
        for is_float in [false, true] {
            let labels = vec![name.clone()];
            let histograms = vec![histogram(&case["hist"], is_float)];
            let timeseries = vec![v1::TimeSeries { labels, histograms, ..Default::default() }];
            let body = v1::WriteRequest { timeseries, metadata: vec![] }.encode_to_vec();
            let rejected = decoded(WriteMessage::V1, &body).rejected;
            // Float counts need not add up.
            let expected = usize::from(!is_float || case["desc"] != "count mismatch");
            counted.note(&format!("{} {is_float}", case["desc"]), differs(rejected, expected));
        }
    }
    let Some(file) = corpus("prometheus/derived/storage__remote__codec_test.json") else { return };
    let bytes = |value: &Value| -> Vec<u8> {
        match value {
            Value::String(text) => text.as_bytes().to_vec(),
            Value::Array(_) => numbers(value).into_iter().map(|byte| byte as u8).collect(),
            other => hex::decode(other["_bytes_hex"].as_str().unwrap_or_default()).unwrap(),
        }
    };
    for case in cases(&file, "TestValidateLabelsAndMetricName") {
        let labels = list(&case["input"])
            .map(|label| v1::Label { name: bytes(&label["Name"]), value: bytes(&label["Value"]) })
            .collect();
        let result = v1::WriteRequest {
            timeseries: vec![v1::TimeSeries { labels, ..Default::default() }],
            metadata: vec![],
        };
        // A result and a request to write have their series in the same field.
        let mut response = Vec::new();
        prost::encoding::message::encode(1, &result, &mut response);
        let is_valid = decode_samples(&response, &Limits::default(), &unbounded()).is_ok();
        counted.note(&case.to_string(), differs(is_valid, case["expectedErr"] == ""));
    }
    counted.finish();
}

/// A request of 2.0 with one series and its symbols.
fn request(
    metric: Option<&str>,
    change: impl FnOnce(&mut v2::TimeSeries, &mut Vec<Vec<u8>>),
) -> Vec<u8> {
    let mut symbols: Vec<Vec<u8>> =
        ["", "__name__", metric.unwrap_or("job")].map(Into::into).into();
    let mut series = v2::TimeSeries {
        labels_refs: if metric.is_some() { vec![1, 2] } else { vec![2, 2] },
        samples: vec![Sample { value: 1.0, timestamp: NOW_MS, start_timestamp: 0 }],
        ..v2::TimeSeries::default()
    };
    change(&mut series, &mut symbols);
    v2::Request { symbols, timeseries: vec![series] }.encode_to_vec()
}

/// The request that the name of a subtest describes.
fn of_requirement(test: &str, case: &Value) -> Option<Vec<u8>> {
    let name = case["name"].as_str()?;
    let text = |key: &str| case[key].as_str().unwrap_or_default().as_bytes().to_vec();
    let flag = |key: &str| case[key] == true;
    let metric = match name {
        _ if name.ends_with("without_name_label") => None,
        _ if name.ends_with("with_empty_name") => Some(""),
        _ => Some("test_metric"),
    };
    Some(request(metric, |series, symbols| match test {
        "TestExemplars" | "TestExemplarValidation" => {
            let pairs: &[&str] = match name {
                "exemplar_no_labels" => &[],
                "exemplar_with_special_chars" => &["a", "\n\"\\"],
                "exemplar_with_unicode" => &["a", "日本"],
                _ => {
                    &["trace_id", "4bf92f3577b34da6a3ce929d0e0e4736", "span_id", "00f067aa0ba902b7"]
                }
            };
            let first = symbols.len() as u32;
            symbols.extend(pairs.iter().map(|text| text.as_bytes().to_vec()));
            series.exemplars.push(v2::Exemplar {
                labels_refs: (first..symbols.len() as u32).collect(),
                value: case["value"].as_f64().unwrap_or(1.0),
                timestamp: NOW_MS,
            });
        }
        "TestHistograms" => {
            let is_custom = flag("useCustomBuckets");
            let side =
                |is_used: bool| if is_used { vec![Span { offset: 0, length: 2 }] } else { vec![] };
            let deltas = |is_used: bool| if is_used { vec![1, 1] } else { vec![] };
            let (positive, negative) = (flag("includePositive"), flag("includeNegative"));
            let zero = u64::from(flag("includeZero"));
            let count = 3 * u64::from(positive) + 3 * u64::from(negative) + zero;
            series.samples.clear();
            series.histograms.push(Histogram {
                count: Some(Count::Int(count + u64::from(flag("badCount")))),
                sum: 5.0,
                schema: if is_custom { -53 } else { 1 },
                zero_count: Some(ZeroCount::Int(zero)),
                positive_spans: side(positive),
                positive_deltas: deltas(positive),
                negative_spans: side(negative),
                negative_deltas: deltas(negative),
                custom_values: if is_custom { vec![1.0, 2.0] } else { vec![] },
                timestamp: NOW_MS,
                ..Histogram::default()
            });
        }
        "TestMetadata" | "TestMetadataValidation" => {
            symbols.extend([text("help"), text("unit")]);
            series.metadata = Some(v2::Metadata { kind: 1, help_ref: 3, unit_ref: 4 });
        }
        // `TestEdgeCaseCombinations`
        _ => match name {
            "metadata_without_data" => series.samples.clear(),
            "exemplars_without_data" => {
                series.samples.clear();
                series.exemplars.push(v2::Exemplar { timestamp: NOW_MS, ..Default::default() });
            }
            _ => series.samples[0].timestamp -= 1000,
        },
    }))
}

#[test]
fn requirements_on_receivers_are_met() {
    let Some(file) = corpus("prometheus-compliance/derived/remotewrite_requirements.json") else {
        return;
    };
    let mut corpus = Corpus::new("remote write compliance", Tolerated::default());
    let mut others = 0;
    for requirement in list(&file["requirements"]) {
        let is_of_receiver =
            requirement["file"].as_str().is_some_and(|file| file.contains("/receiver/"));
        let test = requirement["test"].as_str().unwrap();
        for case in list(&requirement["subtests"]).filter(|_| is_of_receiver) {
            let Some(body) = of_requirement(test, case) else { continue };
            let is_accepted = decoded(WriteMessage::V2, &body).message.is_empty();
            let expected = match case.get("success").or_else(|| case.get("expectSuccess")) {
                Some(success) => success == true,
                None => case["name"] == "mixed_timestamp_data",
            };
            corpus.note(&format!("{test} {}", case["name"]), differs(is_accepted, expected));
        }
        if !is_of_receiver || requirement["subtests"].is_array() {
            continue;
        }
        let is_met = match test {
            "TestBadContentTypes" => {
                ["application/json", "text/plain", "application/x-protobuf;proto=a.B"]
                    .iter()
                    .all(|header| WriteMessage::from_content_type(Some(header)).is_err())
            }
            "TestBadContentEncodings" => ["gzip", "deflate", "br"]
                .iter()
                .all(|header| check_content_encoding(Some(header)).is_err()),
            "TestCorruptRequestBody" => {
                try_decoded(WriteMessage::V2, b"\x2a\x7fcorrupt", &NoKnownSeries).is_err()
            }
            "TestSingleMetric" | "TestExemplarSpecialValues" => {
                [0.0, -1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().all(|value| {
                    let body = request(Some("up"), |series, _| {
                        series.samples[0].value = value;
                        series.exemplars.push(v2::Exemplar {
                            value,
                            timestamp: NOW_MS,
                            ..Default::default()
                        });
                    });
                    decoded(WriteMessage::V2, &body).item_counts().exemplars == 1
                })
            }
            _ if test.ends_with("WithCreatedTimestamp") => {
                let body = request(Some("up"), |series, _| {
                    series.samples[0].start_timestamp = NOW_MS - 1000;
                });
                let batch = crate::otlp::tests::known::batch(&decoded(WriteMessage::V2, &body));
                batch.start_times.len() == 1
            }
            // Helpers, and requirements on several requests or on answers of the handler.
            _ => {
                others += 1;
                continue;
            }
        };
        corpus.note(test, (!is_met).then(|| "not met".to_owned()));
    }
    conformance::say(&format!(
        "remote write compliance: {others} requirements are not on decoding"
    ));
    corpus.finish();
}
