//! Logarithms and powers of two with the rounding of Go's library, which Prometheus is built with:
//! `log10(1e15)` is 14.999999999999998.

use std::f64::consts::{FRAC_1_SQRT_2, LOG2_E, LOG10_E};

/// The natural logarithm (FDLIBM).
pub(crate) fn ln(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return value.ln();
    }
    let (mut fraction, mut exponent) = split(value);
    if fraction < FRAC_1_SQRT_2 {
        fraction *= 2.0;
        exponent -= 1;
    }
    let (f, k) = (fraction - 1.0, f64::from(exponent));
    let s = f / (2.0 + f);
    let square = s * s;
    let fourth = square * square;
    let [l1, l2, l3, l4, l5, l6, l7] = LOGARITHM;
    let odd = square * (l1 + fourth * (l3 + fourth * (l5 + fourth * l7)));
    let even = fourth * (l2 + fourth * (l4 + fourth * l6));
    let half_square = 0.5 * f * f;
    let rest = s * (half_square + (odd + even)) + k * LN_2_LOW;
    k * LN_2_HIGH - ((half_square - rest) - f)
}

/// The logarithm to base 2, exact for powers of two.
pub(crate) fn log2(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return value.log2();
    }
    let (fraction, exponent) = split(value);
    if fraction == 0.5 {
        return f64::from(exponent - 1);
    }
    ln(fraction) * LOG2_E + f64::from(exponent)
}

/// The logarithm to base 10.
pub(crate) fn log10(value: f64) -> f64 {
    ln(value) * LOG10_E
}

/// A fraction of at least 0.5 and less than 1, and the exponent of 2 that it is multiplied by.
fn split(value: f64) -> (f64, i32) {
    const FRACTION_BITS: u32 = 52;
    let (value, shift) = if value < f64::MIN_POSITIVE {
        (value * f64::from(FRACTION_BITS).exp2(), FRACTION_BITS as i32)
    } else {
        (value, 0)
    };
    let bits = value.to_bits();
    let exponent = (bits >> FRACTION_BITS) as i32 - 1022;
    let fraction = (bits & ((1 << FRACTION_BITS) - 1)) | (1022 << FRACTION_BITS);
    (f64::from_bits(fraction), exponent - shift)
}

/// `2^value`: the exponent is reduced to at most a half, and a rational function approximates the
/// rest (FDLIBM).
pub(crate) fn exp2(value: f64) -> f64 {
    if !(-1074.0..1024.0).contains(&value) {
        return value.exp2();
    }
    let whole = (value + 0.5_f64.copysign(value)).trunc();
    let rest = value - whole;
    let (high, low) = (rest * LN_2_HIGH, -rest * LN_2_LOW);
    let sum = high - low;
    let square = sum * sum;
    let polynomial = EXPONENTIAL.iter().rfold(0.0, |total, c| c + square * total);
    let c = sum - square * polynomial;
    let fraction = 1.0 - ((low - (sum * c) / (2.0 - c)) - high);
    // In two steps, so that neither power is out of range.
    let half = (whole / 2.0).trunc();
    fraction * half.exp2() * (whole - half).exp2()
}

/// The first 33 bits of the natural logarithm of 2, and the rest.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN_2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);

/// The coefficients of FDLIBM's logarithm.
const LOGARITHM: [f64; 7] = [
    f64::from_bits(0x3fe5_5555_5555_5593),
    f64::from_bits(0x3fd9_9999_9997_fa04),
    f64::from_bits(0x3fd2_4924_9422_9359),
    f64::from_bits(0x3fcc_71c5_1d8e_78af),
    f64::from_bits(0x3fc7_4664_96cb_03de),
    f64::from_bits(0x3fc3_9a09_d078_c69f),
    f64::from_bits(0x3fc2_f112_df3e_5244),
];

/// The coefficients of FDLIBM's exponential function.
const EXPONENTIAL: [f64; 5] = [
    f64::from_bits(0x3fc5_5555_5555_5555),
    f64::from_bits(0xbf66_c16c_16be_bd93),
    f64::from_bits(0x3f11_566a_af25_de2c),
    f64::from_bits(0xbebb_bd41_c5d2_6bf1),
    f64::from_bits(0x3e66_3769_72be_a4d0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_rounded_as_in_go() {
        for (value, logarithm) in [
            (1000.0, 3.0),
            (1e15, 14.999_999_999_999_998),
            (0.001, -3.0),
            (5.0, 0.698_970_004_336_018_7),
            (123_456.0, 5.091_512_201_627_771),
        ] {
            assert_eq!(log10(value), logarithm);
        }
        for (value, logarithm) in [
            (1000.0, 9.965_784_284_662_087),
            (3.0, 1.584_962_500_721_156_3),
            (5e-324, -1074.0),
            (0.3, -1.736_965_594_166_206),
        ] {
            assert_eq!(log2(value), logarithm);
        }
        for (value, power) in [
            (1.5, 2.828_427_124_746_19),
            (-0.5, 0.707_106_781_186_547_5),
            (100.3, 1.560_660_954_544_311_4e30),
            (-1050.5, 5.861_240_6e-317),
            (1023.9, 1.677_307_003_485_741_6e308),
            (-1075.0, 0.0),
            (f64::INFINITY, f64::INFINITY),
        ] {
            assert_eq!(exp2(value), power);
        }
        let mut sums = [0_u64; 4];
        for i in 1..20_000 {
            let x = f64::from(i) * 0.37;
            let results = [log2(x), exp2(x / 100.0 - 30.0), log10(x), ln(x / 1000.0)];
            for (sum, result) in sums.iter_mut().zip(results) {
                *sum = sum.wrapping_mul(31).wrapping_add(result.to_bits());
            }
        }
        let of_go = [
            16_272_594_072_026_440_305,
            6_443_732_577_370_943_551,
            18_100_050_101_306_659_120,
            216_810_635_810_147_586,
        ];
        assert_eq!(sums, of_go);
    }
}
