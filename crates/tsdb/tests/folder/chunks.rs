//! Writes chunks in all encodings, as Prometheus 3.14 does.

use signals::metric::{BucketSpan, NativeHistogram, STALE_NAN_BITS, is_stale};

use crate::bits::{Bits, Place, uvarint};

/// A float sample: time, value and start time.
pub(crate) type Float = (i64, f64, i64);
/// A histogram: time, histogram and start time.
pub(crate) type Histogram = (i64, NativeHistogram, i64);

/// The data of a chunk with its encoding.
#[derive(Clone)]
pub(crate) struct Chunk {
    pub(crate) encoding: u8,
    pub(crate) data: Vec<u8>,
    pub(crate) min_ms: i64,
    pub(crate) max_ms: i64,
}

pub(crate) fn xor(samples: &[Float]) -> Chunk {
    let mut bits = Bits::after(&(samples.len() as u16).to_be_bytes());
    let (mut time, mut delta, mut value, mut place) = (0, 0, 0.0, Place::default());
    for (number, (t, v, _)) in samples.iter().enumerate() {
        match number {
            0 => {
                bits.varint(*t);
                bits.put(v.to_bits(), 64);
            }
            1 => bits.bytes(&uvarint((t - time) as u64)),
            _ => {
                let change = t - time - delta;
                let fits = |size: u32| -(1_i64 << (size - 1)) < change && change <= 1 << (size - 1);
                let sizes = [14, 17, 20];
                match sizes.iter().position(|size| fits(*size)) {
                    _ if change == 0 => bits.put(0, 1),
                    Some(at) => {
                        bits.ones(at as u32 + 1, 4);
                        bits.put(change as u64, sizes[at]);
                    }
                    None => {
                        bits.ones(4, 4);
                        bits.put(change as u64, 64);
                    }
                }
            }
        }
        if number > 0 {
            delta = t - time;
            bits.xor(*v, value, &mut place);
        }
        (time, value) = (*t, *v);
    }
    chunk(1, bits, samples.iter().map(|sample| sample.0))
}

/// Start times: the byte of the header, and what is written after each sample.
struct Starts {
    header: u8,
    changes_from: usize,
    difference: i64,
}

impl Starts {
    fn of(starts: &[i64]) -> Self {
        let changed = starts.windows(2).position(|pair| pair[0] != pair[1]).map(|at| at + 1);
        let many = (starts.len() > 127).then_some(127);
        let changes_from = changed.into_iter().chain(many).min().unwrap_or_default();
        let is_first_known = starts.first().is_some_and(|start| *start != 0);
        let header = u8::from(is_first_known) << 7 | changes_from as u8;
        Self { header, changes_from, difference: 0 }
    }

    fn put(&mut self, bits: &mut Bits, number: usize, time: i64, before: i64, start: i64) {
        if number == 0 {
            if start != 0 {
                bits.varint(time - start);
            }
        } else if self.changes_from > 0 && number >= self.changes_from {
            let difference = before - start;
            bits.varbit(difference - self.difference);
            self.difference = difference;
        }
    }
}

pub(crate) fn xor2(samples: &[Float]) -> Chunk {
    let mut starts = Starts::of(&samples.iter().map(|sample| sample.2).collect::<Vec<_>>());
    let [high, low] = (samples.len() as u16).to_be_bytes();
    let mut bits = Bits::after(&[high, low, starts.header]);
    let (mut time, mut delta, mut value, mut place) = (0, 0, 0.0_f64, Place::default());
    for (number, (t, v, start)) in samples.iter().enumerate() {
        let xor = v.to_bits() ^ value.to_bits();
        let change = t - time - delta;
        match number {
            0 => {
                bits.varint(*t);
                bits.put(v.to_bits(), 64);
            }
            1 => bits.bytes(&uvarint((t - time) as u64)),
            _ if change == 0 && is_stale(*v) => bits.ones(5, 5),
            _ if change == 0 && xor == 0 => bits.put(0, 1),
            _ if change == 0 => {
                bits.put(0b10, 2);
                bits.change(xor, &mut place, (0, 1), (1, 1));
            }
            _ => {
                let place = [13, 20]
                    .iter()
                    .position(|size| (-(1_i64 << (size - 1))..1 << (size - 1)).contains(&change));
                let at = place.unwrap_or(2);
                bits.ones(at as u32 + 2, 5);
                bits.put(change as u64, [13, 20, 64][at]);
            }
        }
        if number == 1 || number > 1 && change != 0 {
            match xor {
                0 => bits.put(0, 1),
                _ if is_stale(*v) => bits.put(0b111, 3),
                _ => bits.change(xor, &mut place, (0b10, 2), (0b110, 3)),
            }
        }
        starts.put(&mut bits, number, *t, time, *start);
        (delta, time) = (if number == 0 { 0 } else { t - time }, *t);
        if v.to_bits() != STALE_NAN_BITS {
            value = *v;
        }
    }
    chunk(4, bits, samples.iter().map(|sample| sample.0))
}

/// The numbers of a histogram in the order of a chunk, without the sum: count, zero count, positive
/// and negative buckets.
fn numbers(histogram: &NativeHistogram) -> Vec<f64> {
    let mut numbers = vec![histogram.count, histogram.zero_count];
    numbers.extend(&histogram.positive_counts);
    numbers.extend(&histogram.negative_counts);
    numbers
}

/// Histograms of one layout, that of the first. Stale ones have a sum only.
pub(crate) fn histograms(samples: &[Histogram], is_float: bool, has_starts: bool) -> Chunk {
    let mut starts = Starts::of(&samples.iter().map(|sample| sample.2).collect::<Vec<_>>());
    let layout = &samples[0].1;
    let reset = if layout.is_gauge() { 0b11_u8 } else { 0b10 };
    let [high, low] = (samples.len() as u16).to_be_bytes();
    let mut bits = Bits::after(&if has_starts {
        [reset << 6 | high, low, starts.header]
    } else {
        [high, low, reset << 6]
    });
    put_layout(&mut bits, layout);
    let positive = layout.positive_counts.len();
    let (mut time, mut delta, mut sum, mut sum_place) = (0, 0, 0.0, Place::default());
    let count = numbers(layout).len();
    let (mut floats, mut places) = (vec![0.0; count], vec![Place::default(); count]);
    let (mut ints, mut deltas) = (vec![0_i64; count], vec![0_i64; count]);
    for (number, (t, histogram, start)) in samples.iter().enumerate() {
        let is_first = number == 0;
        let change = t - time - delta;
        bits.varbit(if is_first { *t } else { change });
        let now = if is_stale(histogram.sum) { floats.clone() } else { numbers(histogram) };
        for at in 0..count {
            if at == 2 {
                put_float(&mut bits, histogram.sum, sum, &mut sum_place, is_first);
                if is_stale(histogram.sum) {
                    break;
                }
            }
            if is_float {
                put_float(&mut bits, now[at], floats[at], &mut places[at], is_first);
            } else {
                let is_side_start = at <= 2 || at == 2 + positive;
                let int = now[at] as i64 - if is_side_start { 0 } else { now[at - 1] as i64 };
                match (is_first, at) {
                    (true, 0 | 1) => bits.varbit_unsigned(int as u64),
                    (true, _) => bits.varbit(int),
                    _ => {
                        bits.varbit(int - ints[at] - deltas[at]);
                        deltas[at] = int - ints[at];
                    }
                }
                ints[at] = int;
            }
        }
        if count == 2 {
            put_float(&mut bits, histogram.sum, sum, &mut sum_place, is_first);
        }
        if has_starts {
            starts.put(&mut bits, number, *t, time, *start);
        }
        (delta, time, sum, floats) = (if is_first { 0 } else { t - time }, *t, histogram.sum, now);
    }
    let encoding = 2 + u8::from(is_float) + 3 * u8::from(has_starts);
    chunk(encoding, bits, samples.iter().map(|sample| sample.0))
}

fn put_float(bits: &mut Bits, value: f64, before: f64, place: &mut Place, is_first: bool) {
    if is_first {
        bits.put(value.to_bits(), 64);
    } else {
        bits.xor(value, before, place);
    }
}

fn put_layout(bits: &mut Bits, layout: &NativeHistogram) {
    let threshold = layout.zero_threshold.to_bits();
    let exponent = (threshold >> 52) as i64 - 1023 + 244;
    if threshold == 0 {
        bits.put(0, 8);
    } else if threshold << 12 == 0 && (1..255).contains(&exponent) {
        bits.put(exponent as u64, 8);
    } else {
        bits.put(255, 8);
        bits.put(threshold, 64);
    }
    bits.varbit(layout.schema.into());
    for spans in [&layout.positive_spans, &layout.negative_spans] {
        bits.varbit_unsigned(spans.len() as u64);
        for BucketSpan { offset, length } in spans {
            bits.varbit_unsigned(u64::from(*length));
            bits.varbit(i64::from(*offset));
        }
    }
    if layout.schema == -53 {
        bits.varbit_unsigned(layout.custom_bounds.len() as u64);
        for bound in &layout.custom_bounds {
            let thousandths = bound * 1000.0;
            if (0.0..=33_554_430.0).contains(&thousandths) && thousandths.fract() == 0.0 {
                bits.varbit_unsigned(thousandths as u64 + 1);
            } else {
                bits.put(0, 1);
                bits.put(bound.to_bits(), 64);
            }
        }
    }
}

fn chunk(encoding: u8, bits: Bits, times: impl Iterator<Item = i64> + Clone) -> Chunk {
    let (min_ms, max_ms) = (times.clone().min().unwrap(), times.max().unwrap());
    Chunk { encoding, data: bits.into_bytes(), min_ms, max_ms }
}
