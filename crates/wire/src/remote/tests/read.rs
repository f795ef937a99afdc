//! Remote read: both sides, and chunks.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use signals::metric::Samples;
use signals::{Labels, MatchOp, Matcher};

use super::{NOW_MS, arbitrary, oracle};
use crate::body::decompress_snappy;
use crate::otlp::tests::unbounded;
use crate::remote::read::{
    Frame, Hints, Query, ReadRequest, ReadSeries, ResponseType, decode_samples, encode_frames,
    encode_samples, split_frame,
};
use crate::{Limits, WireError};

fn query() -> Query {
    let matcher = |name, op, value| Matcher::new(name, op, value).unwrap();
    Query {
        start_ms: -5,
        end_ms: NOW_MS,
        matchers: vec![
            matcher("__name__", MatchOp::Equal, "up"),
            matcher("a", MatchOp::NotEqual, ""),
            matcher("b", MatchOp::Regex, "x|y"),
            matcher("c", MatchOp::NotRegex, ".+"),
        ],
        hints: Some(Hints {
            step_ms: 15_000,
            function: "rate".to_owned(),
            start_ms: 1,
            end_ms: 2,
            grouping: vec!["job".to_owned(), String::new()],
            is_by: true,
            range_ms: 300_000,
        }),
    }
}

#[test]
fn a_request_is_decoded_as_it_was_encoded() {
    let accepted = [ResponseType::StreamedXorChunks, ResponseType::Samples];
    let request = ReadRequest::new(vec![query(), Query::default()], &accepted);
    let body = decompress_snappy(&request.encode().unwrap(), 1 << 20).unwrap();
    let again = ReadRequest::decode(&body).unwrap();
    assert_eq!(format!("{again:?}"), format!("{request:?}"));
    assert_eq!(again.response_type().unwrap(), ResponseType::StreamedXorChunks);
    assert!(again.accepts(ResponseType::Samples));
    assert_eq!(again.queries[0].hints, query().hints);
}

#[test]
fn the_first_known_response_type_is_chosen() {
    for (body, expected) in [
        (&[][..], Some(ResponseType::Samples)),
        (&[0x10, 1, 0x10, 0], Some(ResponseType::StreamedXorChunks)),
        (&[0x12, 2, 7, 0], Some(ResponseType::Samples)),
        (&[0x10, 7], None),
    ] {
        let request = ReadRequest::decode(body).unwrap();
        assert_eq!(request.response_type().ok(), expected, "{body:?}");
    }
}

#[test]
fn invalid_and_excessive_matchers_are_refused() {
    let bodies: [Vec<u8>; 4] = [
        // Patterns that do not compile, and an unknown type.
        b"\x0a\x0a\x1a\x08\x08\x02\x12\x01a\x1a\x01(".to_vec(),
        b"\x0a\x07\x1a\x05\x08\x09\x12\x01a".to_vec(),
        b"\x0a\x00".repeat(65),
        [&b"\x0a\x82\x02"[..], &b"\x1a\x00".repeat(129)].concat(),
    ];
    for body in bodies {
        let error = ReadRequest::decode(&body).unwrap_err();
        assert!(matches!(error, WireError::Labels(_)), "{error}");
    }
}

#[test]
fn frames_are_split_wherever_the_stream_is_cut() {
    let samples = Samples {
        timestamps: (0..1000).map(|i| NOW_MS + i * 15_000 + i % 7).collect(),
        values: (0..1000).map(|i| f64::from(i).sin()).collect(),
        histograms: Vec::new(),
    };
    let labels = Labels::from_pairs([("__name__", "up")]);
    let mut stream = Vec::new();
    encode_frames(3, &labels, &samples, 1000, &mut stream).unwrap();
    for end in 0..stream.len().min(1100) {
        let whole = split_frame(&stream[..end], 1 << 20).unwrap().map_or(0, |(_, length)| length);
        assert!(
            whole == 0
                || whole == end
                || split_frame(&stream, 1 << 20).unwrap().unwrap().1 == whole
        );
    }
    let (mut rest, mut found, mut frames) = (&stream[..], Samples::default(), 0);
    while let Some((message, length)) = split_frame(rest, 1 << 20).unwrap() {
        let frame = Frame::decode(message, &Limits::default(), &unbounded()).unwrap();
        assert_eq!((frame.query, &frame.series[0].labels), (3, &labels));
        found.timestamps.extend(&frame.series[0].samples.timestamps);
        found.values.extend(&frame.series[0].samples.values);
        rest = &rest[length..];
        frames += 1;
    }
    assert!(rest.is_empty() && frames > 1, "{frames} frames");
    assert_eq!(found, samples);
    assert!(matches!(split_frame(&stream, 100), Err(WireError::TooLarge { .. })));
    stream[9] ^= 1;
    assert!(matches!(split_frame(&stream, 1 << 20), Err(WireError::Compression { .. })));
}

#[test]
fn a_chunk_of_prometheus_is_decoded() {
    // Written by hand after "Chunks disk format": 3 samples, times 1000, 1010, 1021; values 1, 1, 2.
    // 2 bytes count; varint 2000; 1.0; uvarint 10, bit 0; then bits 10 and 14 bits of 1; then value
    // bits 11, 5 bits leading 1, 6 bits width 11, and 0x7ff.
    let whole = [0, 3, 0xd0, 0x0f, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 10];
    let mut bits: String =
        whole.iter().map(|byte| format!("{byte:08b}")).collect::<Vec<_>>().concat();
    bits += "0";
    bits += "10_00000000000001";
    bits += "11_00001_001011_11111111111";
    bits.retain(|bit| bit != '_');
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks(8)
        .map(|chunk| {
            u8::from_str_radix(&format!("{:0<8}", std::str::from_utf8(chunk).unwrap()), 2).unwrap()
        })
        .collect();
    let samples = Samples {
        timestamps: vec![1000, 1010, 1021],
        values: vec![1.0, 1.0, 2.0],
        histograms: Vec::new(),
    };
    let mut stream = Vec::new();
    encode_frames(0, &Labels::empty(), &samples, 1000, &mut stream).unwrap();
    assert!(stream.ends_with(&bytes), "{stream:x?} {bytes:x?}");
}

#[test]
fn histograms_are_not_sent_as_chunks_and_other_chunks_are_refused() {
    let samples = Samples { histograms: vec![(1, Arc::default())], ..Samples::default() };
    let mut out = Vec::new();
    assert!(encode_frames(0, &Labels::empty(), &samples, 1000, &mut out).is_err());
    // A series with a chunk of encoding 2.
    let error = Frame::decode(b"\x0a\x04\x12\x02\x18\x02", &Limits::default(), &unbounded());
    assert!(error.unwrap_err().to_string().contains("encoding 2"));
}

fn series() -> impl Strategy<Value = ReadSeries> {
    let steps =
        prop_oneof![4 => Just(15_000_u64), 2 => 1..50_000_u64, 1 => 1..u64::from(u32::MAX) * 1000];
    let values = prop_oneof![Just(0.5), any::<f64>(), any::<i32>().prop_map(f64::from)];
    (vec((steps, values), 0..300), any::<i32>(), vec(arbitrary::histogram(), 0..2), "[a-z]{1,3}")
        .prop_map(|(steps, start, histograms, name)| {
            let mut samples = Samples::default();
            let mut time = i64::from(start);
            for (step, value) in steps {
                time += step as i64;
                samples.timestamps.push(time);
                samples.values.push(value);
            }
            let histograms = histograms.iter().filter_map(oracle::histogram);
            samples.histograms = (5..).zip(histograms.map(Into::into)).collect();
            ReadSeries { labels: Labels::from_pairs([("__name__", name)]), samples }
        })
}

/// NaN is not equal to itself.
fn shown(results: &[Vec<ReadSeries>]) -> String {
    let bits = |series: &ReadSeries| {
        let values: Vec<_> = series.samples.values.iter().map(|value| value.to_bits()).collect();
        format!(
            "{:?} {:?} {values:?} {:?}",
            series.labels, series.samples.timestamps, series.samples.histograms
        )
    };
    let shown = |result: &Vec<_>| result.iter().map(bits).collect::<Vec<_>>();
    format!("{:#?}", results.iter().map(shown).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn responses_are_decoded_as_they_were_encoded(results in vec(vec(series(), 0..4), 0..3)) {
        let body = decompress_snappy(&encode_samples(&results).unwrap(), 1 << 24).unwrap();
        let again = decode_samples(&body, &Limits::default(), &unbounded()).unwrap();
        prop_assert_eq!(shown(&again), shown(&results));
        for ReadSeries { labels, mut samples } in results.into_iter().flatten() {
            samples.histograms.clear();
            let mut stream = Vec::new();
            encode_frames(1, &labels, &samples, usize::MAX, &mut stream).unwrap();
            if samples.values.is_empty() {
                prop_assert!(stream.is_empty());
                continue;
            }
            let (message, length) = split_frame(&stream, 1 << 24).unwrap().unwrap();
            prop_assert_eq!(length, stream.len());
            let frame = Frame::decode(message, &Limits::default(), &unbounded()).unwrap();
            prop_assert_eq!(shown(&[frame.series]), shown(&[vec![ReadSeries { labels, samples }]]));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        let (limits, memory) = (Limits::default(), unbounded());
        let _request = ReadRequest::decode(&bytes);
        let _samples = decode_samples(&bytes, &limits, &memory);
        let _split = split_frame(&bytes, 1 << 20);
        let _frame = Frame::decode(&bytes, &limits, &memory);
        let nested = |number: u8, content: &[u8]| {
            let mut message = vec![number << 3 | 2];
            prost::encoding::encode_varint(content.len() as u64, &mut message);
            [&message, content].concat()
        };
        let chunk = [&[0x18, 1], &nested(4, &bytes)[..]].concat();
        let _frame = Frame::decode(&nested(1, &nested(2, &chunk)), &limits, &memory);
    }
}
