//! The functions of PromQL and their signatures, as of Prometheus 3.14.

use super::ast::ValueType;
use super::ast::ValueType::{Matrix, Scalar, Text, Vector};

/// Name and signature of a function.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Types of the arguments; the last one also applies to those that `variadic` allows.
    pub arguments: &'static [ValueType],
    /// 0: as many arguments as types; n: the last type may occur 0 to n times; -1: any number of
    /// times.
    pub variadic: i8,
    /// Type of the result.
    pub returns: ValueType,
}

const fn fixed(name: &'static str, arguments: &'static [ValueType]) -> Function {
    Function { name, arguments, variadic: 0, returns: Vector }
}

const fn variadic(name: &'static str, arguments: &'static [ValueType], variadic: i8) -> Function {
    Function { name, arguments, variadic, returns: Vector }
}

const fn scalar(name: &'static str, arguments: &'static [ValueType]) -> Function {
    Function { name, arguments, variadic: 0, returns: Scalar }
}

/// Sorted by name, for binary search.
static FUNCTIONS: &[Function] = &[
    fixed("abs", &[Vector]),
    fixed("absent", &[Vector]),
    fixed("absent_over_time", &[Matrix]),
    fixed("acos", &[Vector]),
    fixed("acosh", &[Vector]),
    fixed("asin", &[Vector]),
    fixed("asinh", &[Vector]),
    fixed("atan", &[Vector]),
    fixed("atanh", &[Vector]),
    fixed("avg_over_time", &[Matrix]),
    fixed("ceil", &[Vector]),
    fixed("changes", &[Matrix]),
    fixed("clamp", &[Vector, Scalar, Scalar]),
    fixed("clamp_max", &[Vector, Scalar]),
    fixed("clamp_min", &[Vector, Scalar]),
    fixed("cos", &[Vector]),
    fixed("cosh", &[Vector]),
    fixed("count_over_time", &[Matrix]),
    variadic("day_of_month", &[Vector], 1),
    variadic("day_of_week", &[Vector], 1),
    variadic("day_of_year", &[Vector], 1),
    variadic("days_in_month", &[Vector], 1),
    fixed("deg", &[Vector]),
    fixed("delta", &[Matrix]),
    fixed("deriv", &[Matrix]),
    fixed("double_exponential_smoothing", &[Matrix, Scalar, Scalar]),
    scalar("end", &[]),
    fixed("exp", &[Vector]),
    fixed("first_over_time", &[Matrix]),
    fixed("floor", &[Vector]),
    fixed("histogram_avg", &[Vector]),
    fixed("histogram_count", &[Vector]),
    fixed("histogram_fraction", &[Scalar, Scalar, Vector]),
    fixed("histogram_quantile", &[Scalar, Vector]),
    variadic("histogram_quantiles", &[Vector, Text, Scalar, Scalar], 9),
    fixed("histogram_stddev", &[Vector]),
    fixed("histogram_stdvar", &[Vector]),
    fixed("histogram_sum", &[Vector]),
    variadic("hour", &[Vector], 1),
    fixed("idelta", &[Matrix]),
    fixed("increase", &[Matrix]),
    variadic("info", &[Vector, Vector], 1),
    fixed("irate", &[Matrix]),
    variadic("label_join", &[Vector, Text, Text, Text], -1),
    fixed("label_replace", &[Vector, Text, Text, Text, Text]),
    fixed("last_over_time", &[Matrix]),
    fixed("ln", &[Vector]),
    fixed("log10", &[Vector]),
    fixed("log2", &[Vector]),
    fixed("mad_over_time", &[Matrix]),
    scalar("max_of", &[Scalar, Scalar]),
    fixed("max_over_time", &[Matrix]),
    scalar("min_of", &[Scalar, Scalar]),
    fixed("min_over_time", &[Matrix]),
    variadic("minute", &[Vector], 1),
    variadic("month", &[Vector], 1),
    scalar("pi", &[]),
    fixed("predict_linear", &[Matrix, Scalar]),
    fixed("present_over_time", &[Matrix]),
    fixed("quantile_over_time", &[Scalar, Matrix]),
    fixed("rad", &[Vector]),
    scalar("range", &[]),
    fixed("rate", &[Matrix]),
    fixed("resets", &[Matrix]),
    variadic("round", &[Vector, Scalar], 1),
    scalar("scalar", &[Vector]),
    fixed("sgn", &[Vector]),
    fixed("sin", &[Vector]),
    fixed("sinh", &[Vector]),
    fixed("sort", &[Vector]),
    variadic("sort_by_label", &[Vector, Text], -1),
    variadic("sort_by_label_desc", &[Vector, Text], -1),
    fixed("sort_desc", &[Vector]),
    fixed("sqrt", &[Vector]),
    scalar("start", &[]),
    fixed("start_timestamp", &[Vector]),
    fixed("stddev_over_time", &[Matrix]),
    fixed("stdvar_over_time", &[Matrix]),
    scalar("step", &[]),
    fixed("sum_over_time", &[Matrix]),
    fixed("tan", &[Vector]),
    fixed("tanh", &[Vector]),
    scalar("time", &[]),
    fixed("timestamp", &[Vector]),
    fixed("ts_of_first_over_time", &[Matrix]),
    fixed("ts_of_last_over_time", &[Matrix]),
    fixed("ts_of_max_over_time", &[Matrix]),
    fixed("ts_of_min_over_time", &[Matrix]),
    fixed("vector", &[Scalar]),
    variadic("year", &[Vector], 1),
];

/// The function with that name.
#[must_use]
pub fn function(name: &str) -> Option<&'static Function> {
    let at = FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok()?;
    FUNCTIONS.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_in_order_of_names() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(function("rate").map(|rate| rate.arguments), Some([Matrix].as_slice()));
    }
}
