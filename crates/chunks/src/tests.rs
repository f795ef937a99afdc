//! Laws of chunks: what is written is read, and damage is an error.

use std::sync::Arc;

use arrow::buffer::Buffer;
use proptest::prelude::*;
use signals::Labels;
use signals::metric::{BucketSpan, Exemplar, NativeHistogram, ResetHint, STALE_NAN_BITS};

use super::*;
use crate::chunk::CHECKSUM_BYTES;

type Read = (Vec<(i64, u64)>, Vec<(i64, Arc<NativeHistogram>)>);

fn read(chunk: &Chunk) -> Result<Read, ChunkError> {
    read_range(chunk, i64::MIN, i64::MAX)
}

fn read_range(chunk: &Chunk, start_ms: i64, end_ms: i64) -> Result<Read, ChunkError> {
    let (mut timestamps, mut values, mut histograms) = (Vec::new(), Vec::new(), Vec::new());
    chunk.decode(start_ms, end_ms, &mut timestamps, &mut values, &mut histograms)?;
    assert_eq!(timestamps.len(), values.len());
    Ok((timestamps.into_iter().zip(values.into_iter().map(f64::to_bits)).collect(), histograms))
}

fn plain(samples: &[(i64, f64)]) -> Chunk {
    append(FloatAppender::new(), samples)
}

fn xor(samples: &[(i64, f64)]) -> Chunk {
    append(FloatAppender::xor(), samples)
}

fn append(mut appender: FloatAppender, samples: &[(i64, f64)]) -> Chunk {
    for (timestamp_ms, value) in samples {
        appender.push(*timestamp_ms, *value);
    }
    appender.into_chunk()
}

fn dense(samples: &[(i64, f64)]) -> Chunk {
    let (timestamps, values): (Vec<i64>, Vec<f64>) = samples.iter().copied().unzip();
    encode_pco(&timestamps, &values).unwrap()
}

/// A chunk of whole numbers only.
fn whole() -> Chunk {
    let chunk =
        plain(&[(1, 5.0), (2, -7.0), (3, 9_007_199_254_740_992.0), (5, -9_007_199_254_740_992.0)]);
    assert_eq!(chunk.codec(), Some(Codec::Whole));
    chunk
}

#[test]
fn whole_numbers_stay_whole_until_one_is_not() {
    let samples = [
        (1, 5.0),
        (2, -7.0),
        (3, 9_007_199_254_740_992.0),
        (5, -9_007_199_254_740_992.0),
        (6, -0.0),
        (7, 1.0),
    ];
    assert_eq!(read(&whole()).unwrap().0, bits(&samples[..4]));
    assert_eq!(plain(&samples).codec(), Some(Codec::Xor));
    assert_eq!(read(&plain(&samples)).unwrap().0, bits(&samples));
}

fn bits(samples: &[(i64, f64)]) -> Vec<(i64, u64)> {
    samples.iter().map(|(t, v)| (*t, v.to_bits())).collect()
}

fn histogram_chunk(samples: &[(i64, Arc<NativeHistogram>)]) -> Chunk {
    let mut appender = HistogramAppender::new();
    for (timestamp_ms, histogram) in samples {
        assert!(is_consistent(histogram) && !appender.is_full_for(histogram));
        appender.push(*timestamp_ms, histogram);
    }
    appender.into_chunk()
}

/// A chunk with other bytes and a checksum that fits them.
fn forged(chunk: &Chunk, change: impl FnOnce(&mut Vec<u8>)) -> Chunk {
    let mut bytes = chunk.bytes[..chunk.bytes.len() - CHECKSUM_BYTES].to_vec();
    change(&mut bytes);
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    Chunk { bytes: Buffer::from_vec(bytes), ..chunk.clone() }
}

fn special_values() -> Vec<f64> {
    let stale = f64::from_bits(STALE_NAN_BITS);
    let payload = f64::from_bits(0xfff8_0000_dead_beef);
    vec![
        0.0,
        -0.0,
        1.0,
        f64::NAN,
        stale,
        payload,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        5e-324,
        0.1,
        1e9,
    ]
}

#[test]
fn special_values_keep_their_bits_in_each_codec() {
    let samples: Vec<(i64, f64)> = (0..).map(|i| i * 15_000).zip(special_values()).collect();
    for chunk in [plain(&samples), xor(&samples), dense(&samples)] {
        assert_eq!(read(&chunk).unwrap().0, bits(&samples));
    }
}

#[test]
fn the_ends_of_time_are_kept() {
    let samples = [
        (i64::MIN, 1.0),
        (i64::MIN + 1, 2.0),
        (-1, 3.0),
        (0, 4.0),
        (i64::MAX - 1, 5.0),
        (i64::MAX, 6.0),
    ];
    for chunk in [plain(&samples), xor(&samples), dense(&samples)] {
        assert_eq!((chunk.min_ms, chunk.max_ms), (i64::MIN, i64::MAX));
        assert_eq!(read(&chunk).unwrap().0, bits(&samples));
    }
}

#[test]
fn a_range_gives_the_samples_inside() {
    let samples: Vec<(i64, f64)> = (0..100).map(|i| (i * 10, i as f64)).collect();
    for chunk in [plain(&samples), xor(&samples), dense(&samples)] {
        assert_eq!(read_range(&chunk, 15, 40).unwrap().0, bits(&samples[2..=4]));
        assert_eq!(read_range(&chunk, 2000, 3000).unwrap().0, []);
    }
}

#[test]
fn a_steady_counter_takes_few_bytes() {
    let samples: Vec<(i64, f64)> =
        (0..480).map(|i| (1_700_000_000_000 + i * 15_000, 1e6 + (i * 15) as f64)).collect();
    let sizes = [plain(&samples), xor(&samples), dense(&samples)].map(|chunk| chunk.bytes.len());
    assert!(sizes[0] < 200 && sizes[1] < 1000 && sizes[2] < 80, "{sizes:?}");
}

fn sample_histogram(growth: u32, shift: i32) -> Arc<NativeHistogram> {
    Arc::new(NativeHistogram {
        schema: 3,
        zero_threshold: 1e-9,
        zero_count: f64::from(growth),
        count: f64::from(growth * 7),
        sum: f64::from(growth) * 0.37,
        positive_spans: vec![
            BucketSpan { offset: shift, length: 2 },
            BucketSpan { offset: 3, length: 1 },
        ],
        positive_counts: vec![f64::from(growth), f64::from(growth * 2), 3.0],
        negative_spans: vec![BucketSpan { offset: -4, length: 1 }],
        negative_counts: vec![f64::from(growth)],
        ..NativeHistogram::default()
    })
}

#[test]
fn histograms_with_changing_layouts_and_fractions_are_kept() {
    let mut samples: Vec<(i64, Arc<NativeHistogram>)> = (0..40)
        .map(|i| (i64::from(i) * 1000, sample_histogram(i, i32::from(i > 20) - 1)))
        .collect();
    let fractional =
        NativeHistogram { count: 0.5, zero_count: -0.0, ..(*sample_histogram(9, 0)).clone() };
    samples.push((50_000, Arc::new(fractional)));
    samples.push((51_000, sample_histogram(50, 0)));
    samples.push((
        52_000,
        Arc::new(NativeHistogram {
            schema: -53,
            custom_bounds: vec![0.1, 1.0],
            reset_hint: ResetHint::Gauge,
            ..NativeHistogram::default()
        }),
    ));
    let read = read(&histogram_chunk(&samples)).unwrap().1;
    assert_eq!(read, samples);
    assert!(read[40].1.zero_count.is_sign_negative());
}

#[test]
fn a_stale_histogram_keeps_its_marker() {
    let stale =
        NativeHistogram { sum: f64::from_bits(STALE_NAN_BITS), ..NativeHistogram::default() };
    let chunk = histogram_chunk(&[
        (1, sample_histogram(1, 0)),
        (2, Arc::new(stale)),
        (3, sample_histogram(2, 0)),
    ]);
    let read = read(&chunk).unwrap().1;
    assert_eq!(read[1].1.sum.to_bits(), STALE_NAN_BITS);
    assert_eq!(read[2].1, sample_histogram(2, 0));
}

#[test]
fn histograms_whose_spans_lie_are_not_consistent() {
    let lying = |length| NativeHistogram {
        positive_spans: vec![BucketSpan { offset: 0, length }],
        ..NativeHistogram::default()
    };
    assert!(
        !is_consistent(&lying(1)) && !is_consistent(&lying(u32::MAX)) && is_consistent(&lying(0))
    );
}

#[test]
fn steady_histograms_take_about_a_byte_a_bucket() {
    let histogram = |i: u32| {
        let counts: Vec<f64> = (0..20).map(|bucket| f64::from(i * (bucket % 5))).collect();
        let count = counts.iter().sum();
        let positive_spans = vec![BucketSpan { offset: -3, length: 20 }];
        Arc::new(NativeHistogram {
            schema: 3,
            count,
            sum: count * 0.125,
            positive_spans,
            positive_counts: counts,
            ..NativeHistogram::default()
        })
    };
    let samples: Vec<_> = (0..100).map(|i| (i64::from(i) * 15_000, histogram(i))).collect();
    let bytes = histogram_chunk(&samples).bytes.len();
    assert!(bytes < 100 * 25, "{bytes}");
}

fn exemplars() -> Vec<Exemplar> {
    let exemplar = |i: i64| Exemplar {
        series: 0,
        timestamp_ms: i * 999,
        value: i as f64 / 3.0,
        labels: Labels::from_pairs([("trace_id", format!("{i:032x}"))]),
    };
    (0..5).map(exemplar).collect()
}

#[test]
fn exemplars_are_kept() {
    assert_eq!(encode_exemplars(&exemplars()).unwrap().exemplars().unwrap(), exemplars());
    assert!(encode_exemplars(&[]).is_none());
}

#[test]
fn each_flipped_bit_and_each_cut_is_an_error() {
    let plain: Vec<(i64, f64)> = (0..).map(|i| i * 15_000).zip(special_values()).collect();
    let histograms: Vec<_> = (0..5).map(|i| (i64::from(i), sample_histogram(i, 0))).collect();
    for chunk in [
        xor(&plain),
        dense(&plain),
        histogram_chunk(&histograms),
        encode_exemplars(&exemplars()).unwrap(),
    ] {
        for i in 0..chunk.bytes.len() * 8 {
            let mut bytes = chunk.bytes.to_vec();
            bytes[i / 8] ^= 1 << (i % 8);
            let damaged = Chunk { bytes: Buffer::from_vec(bytes), ..chunk.clone() };
            assert!(read(&damaged).is_err() && damaged.exemplars().is_err());
        }
        for length in 0..chunk.bytes.len() {
            let cut = Chunk { bytes: chunk.bytes.slice_with_length(0, length), ..chunk.clone() };
            assert!(read(&cut).is_err() && cut.exemplars().is_err());
        }
    }
}

#[test]
fn a_small_histogram_chunk_cannot_decode_to_much() {
    let spans = vec![BucketSpan { offset: 0, length: 0 }; 8000];
    let wide = Arc::new(NativeHistogram { positive_spans: spans, ..NativeHistogram::default() });
    let chunk = forged(&histogram_chunk(&[(1, wide)]), |bytes| {
        bytes[1..3].copy_from_slice(&u16::MAX.to_le_bytes());
        // A difference of times of one, old layout, whole counts, all differences zero.
        bytes.extend(std::iter::repeat_n(0b1000_0010, 200_000));
    });
    assert!(read(&chunk).is_err());
}

fn any_samples() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let value = prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (-1000_i32..1000).prop_map(f64::from),
        prop::sample::select(special_values())
    ];
    let step = prop_oneof![Just(15_000_i64), 1_i64..40_000, 1_i64..i64::from(i32::MAX)];
    (any::<i32>(), prop::collection::vec((step, value), 1..600)).prop_map(|(start, steps)| {
        let mut timestamp = i64::from(start);
        steps
            .into_iter()
            .map(|(step, value)| {
                timestamp += step;
                (timestamp, value)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(samples in any_samples()) {
        for chunk in [plain(&samples), xor(&samples), dense(&samples)] {
            prop_assert_eq!(usize::from(chunk.count), samples.len());
            prop_assert_eq!(read(&chunk).unwrap().0, bits(&samples));
        }
    }

    #[test]
    fn forged_bytes_never_panic(samples in any_samples(), places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), length in any::<prop::sample::Index>()) {
        let histograms: Vec<_> = (0..9).map(|i| (i64::from(i), sample_histogram(i, 0))).collect();
        for chunk in [plain(&samples), xor(&samples), whole(), dense(&samples), histogram_chunk(&histograms), encode_exemplars(&exemplars()).unwrap()] {
            let forged = forged(&chunk, |bytes| {
                for (place, byte) in &places {
                    let i = place.index(bytes.len());
                    bytes[i] = *byte;
                }
                bytes.truncate(length.index(bytes.len() * 4).max(1));
            });
            let _ = (read(&forged), forged.exemplars());
        }
    }

    #[test]
    fn random_payloads_never_panic(codec in 1_u8..=4, count in any::<u16>(), payload in prop::collection::vec(any::<u8>(), 0..400)) {
        let chunk = forged(&xor(&[(0, 0.0)]), |bytes| {
            *bytes = [&[codec][..], &count.to_le_bytes(), &payload].concat();
        });
        let _ = (read(&chunk), chunk.exemplars());
    }
}
