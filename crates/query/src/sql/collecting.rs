//! Limits on aggregate functions that keep their input values.
//!
//! DataFusion asks them for their size after every batch, and some compute it by walking all kept
//! values: the time is quadratic in the rows. Here the size is recomputed only after it may have
//! grown by a quarter. The values kept by `array_agg` and `string_agg` become one value of the
//! answer, which is limited; and all of them stop when their query has ended.

mod windows;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{
    AggregateFunction, AggregateFunctionParams, WindowFunctionParams,
};
use datafusion::logical_expr::function::{
    AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs,
};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Operator,
    ReversedUDAF, SetMonotonicity, Signature, StatisticsArgs,
};

use super::compact::compact;
use super::distinct_texts::{self, DistinctTexts};
use super::result_size_limits::too_large;
use crate::charge::Charge;
use crate::measure::bytes_of;
use crate::running;

pub(super) use windows::in_windows;

/// Maximum size of one list or text, in bytes.
const VALUE_BYTES_MAX: usize = 64 << 20;
/// Maximum size of the lists or texts of all groups of one partition, in bytes.
const GROUPS_BYTES_MAX: usize = 256 << 20;
/// The size is not recomputed until this many bytes were added.
const UNSIZED_BYTES_MIN: usize = 64 << 10;

/// How the values are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Use {
    /// They are the result.
    Result,
    /// They are the result, which a window copies for each of its rows.
    ResultOfEachRow,
    /// They are kept until the result is computed from them.
    Input,
    /// They are counted, each once.
    Count,
}

/// The functions, by name.
const COLLECTING: [(&str, Use); 9] = [
    ("approx_median", Use::Input),
    ("approx_percentile_cont", Use::Input),
    ("approx_percentile_cont_with_weight", Use::Input),
    ("array_agg", Use::Result),
    ("count", Use::Count),
    ("median", Use::Input),
    ("nth_value", Use::Input),
    ("percentile_cont", Use::Input),
    ("string_agg", Use::Result),
];

/// All functions; those that keep values have limits.
pub(crate) fn bounded(functions: Vec<Arc<AggregateUDF>>) -> Vec<Arc<AggregateUDF>> {
    functions
        .into_iter()
        .map(|function| match COLLECTING.iter().find(|(name, _)| *name == function.name()) {
            None => function,
            Some((_, used)) => {
                Arc::new(Collecting { inner: AggregateUDF::clone(&function), used: *used }.into())
            }
        })
        .collect()
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Collecting {
    inner: AggregateUDF,
    used: Use,
}

impl Collecting {
    fn limit(&self, inner: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
        if self.used == Use::Count {
            return inner;
        }
        Box::new(LimitedAccumulator {
            inner,
            tracker: SizeTracker::new(self.used, VALUE_BYTES_MAX),
        })
    }
}

impl AggregateUDFImpl for Collecting {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, params: &AggregateFunctionParams) -> Result<String, DataFusionError> {
        self.inner.schema_name(params)
    }

    fn human_display(&self, params: &AggregateFunctionParams) -> Result<String, DataFusionError> {
        self.inner.human_display(params)
    }

    fn window_function_schema_name(
        &self,
        params: &WindowFunctionParams,
    ) -> Result<String, DataFusionError> {
        self.inner.window_function_schema_name(params)
    }

    fn display_name(&self, params: &AggregateFunctionParams) -> Result<String, DataFusionError> {
        self.inner.display_name(params)
    }

    fn window_function_display_name(
        &self,
        params: &WindowFunctionParams,
    ) -> Result<String, DataFusionError> {
        self.inner.window_function_display_name(params)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType, DataFusionError> {
        self.inner.return_type(arguments)
    }

    fn return_field(&self, arguments: &[FieldRef]) -> Result<FieldRef, DataFusionError> {
        self.inner.return_field(arguments)
    }

    fn is_nullable(&self) -> bool {
        self.inner.is_nullable()
    }

    fn accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>, DataFusionError> {
        if let (Use::Count, true, [values]) =
            (self.used, arguments.is_distinct, arguments.expr_fields)
            && distinct_texts::counts(values.data_type())
        {
            return Ok(Box::new(DistinctTexts::new(values.data_type())));
        }
        Ok(self.limit(self.inner.accumulator(arguments)?))
    }

    fn state_fields(
        &self,
        arguments: StateFieldsArgs<'_>,
    ) -> Result<Vec<FieldRef>, DataFusionError> {
        self.inner.state_fields(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>, DataFusionError> {
        let inner = self.inner.create_groups_accumulator(arguments)?;
        if self.used == Use::Count {
            return Ok(inner);
        }
        Ok(Box::new(LimitedAccumulator {
            inner,
            tracker: SizeTracker::new(self.used, GROUPS_BYTES_MAX),
        }))
    }

    fn create_sliding_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>, DataFusionError> {
        Ok(self.limit(self.inner.create_sliding_accumulator(arguments)?))
    }

    fn with_beneficial_ordering(
        self: Arc<Self>,
        beneficial_ordering: bool,
    ) -> Result<Option<Arc<dyn AggregateUDFImpl>>, DataFusionError> {
        let ordered = self.inner.clone().with_beneficial_ordering(beneficial_ordering)?;
        Ok(ordered.map(|inner| Arc::new(Self { inner, used: self.used }) as _))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        self.inner.simplify()
    }

    fn simplify_expr_op_literal(
        &self,
        function: &AggregateFunction,
        argument: &Expr,
        operator: Operator,
        literal: &Expr,
        is_argument_left: bool,
    ) -> Result<Option<Expr>, DataFusionError> {
        self.inner.simplify_expr_op_literal(function, argument, operator, literal, is_argument_left)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        match self.inner.reverse_udf() {
            ReversedUDAF::Reversed(inner) => ReversedUDAF::Reversed(Arc::new(
                Self { inner: AggregateUDF::clone(&inner), used: self.used }.into(),
            )),
            other => other,
        }
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>, DataFusionError> {
        self.inner.coerce_types(arguments)
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.is_descending()
    }

    fn value_from_stats(&self, statistics: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.inner.value_from_stats(statistics)
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue, DataFusionError> {
        self.inner.default_value(data_type)
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.inner.supports_null_handling_clause()
    }

    fn supports_within_group_clause(&self) -> bool {
        self.inner.supports_within_group_clause()
    }
}

/// How much an accumulator keeps.
#[derive(Debug)]
struct SizeTracker {
    used: Use,
    /// Total bytes of input values.
    taken: usize,
    /// Total bytes of returned results: a window requests one for every row.
    given: usize,
    /// Input values.
    rows: usize,
    /// The results that a window keeps.
    charge: Charge,
    bytes_max: usize,
    /// The size when it was last computed; 0 before that.
    size: AtomicUsize,
    /// `taken` at that time.
    sized_at: AtomicUsize,
}

impl SizeTracker {
    fn new(used: Use, bytes_max: usize) -> Self {
        Self {
            used,
            taken: 0,
            given: 0,
            rows: 0,
            charge: Charge::none(),
            bytes_max,
            size: AtomicUsize::new(0),
            sized_at: AtomicUsize::new(0),
        }
    }

    /// Counts input values.
    fn take(&mut self, values: &[ArrayRef]) -> Result<(), DataFusionError> {
        ended()?;
        let bytes = values.iter().map(|values| bytes_of(values.as_ref())).sum::<usize>();
        self.taken = self.taken.saturating_add(bytes);
        self.rows += values.first().map_or(0, |values| values.len());
        self.check(self.taken)
    }

    /// Counts a result of all kept values.
    fn give(&mut self) -> Result<(), DataFusionError> {
        ended()?;
        let mut given = self.taken;
        if self.used == Use::ResultOfEachRow {
            // A FILTER hides rows from the function.
            given = given.saturating_mul(self.rows.max(running::window_rows()));
        }
        self.given = self.given.saturating_add(given);
        self.check(self.given)?;
        if self.used == Use::ResultOfEachRow { self.charge.grow(given) } else { Ok(()) }
    }

    fn check(&self, bytes: usize) -> Result<(), DataFusionError> {
        let is_result = matches!(self.used, Use::Result | Use::ResultOfEachRow);
        if is_result && bytes > self.bytes_max {
            return Err(too_large(format!(
                "array_agg and string_agg collect at most {} MiB; collect fewer or shorter values",
                self.bytes_max >> 20
            )));
        }
        Ok(())
    }

    /// The size, which is recomputed only occasionally.
    fn size(&self, compute: impl FnOnce() -> usize) -> usize {
        let size = self.size.load(Ordering::Relaxed);
        let more = self.taken.saturating_sub(self.sized_at.load(Ordering::Relaxed));
        if size > 0 && more < UNSIZED_BYTES_MIN.max(size / 4) {
            return size.saturating_add(more);
        }
        let size = compute();
        self.size.store(size, Ordering::Relaxed);
        self.sized_at.store(self.taken, Ordering::Relaxed);
        size
    }

    /// To be called after values were removed.
    fn forget_size(&self) {
        self.size.store(0, Ordering::Relaxed);
    }
}

fn ended() -> Result<(), DataFusionError> {
    running::check().map_err(|error| DataFusionError::External(Box::new(error)))
}

/// An accumulator and what it keeps.
#[derive(Debug)]
struct LimitedAccumulator<A> {
    inner: A,
    tracker: SizeTracker,
}

impl Accumulator for LimitedAccumulator<Box<dyn Accumulator>> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<(), DataFusionError> {
        self.tracker.take(values)?;
        self.inner.update_batch(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue, DataFusionError> {
        self.tracker.give()?;
        self.inner.evaluate().and_then(compact)
    }

    fn size(&self) -> usize {
        self.tracker.size(|| self.inner.size())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>, DataFusionError> {
        self.inner.state()?.into_iter().map(compact).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<(), DataFusionError> {
        self.tracker.take(states)?;
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<(), DataFusionError> {
        ended()?;
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}

impl GroupsAccumulator for LimitedAccumulator<Box<dyn GroupsAccumulator>> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<(), DataFusionError> {
        self.tracker.take(values)?;
        self.inner.update_batch(values, group_indices, filter, groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef, DataFusionError> {
        ended()?;
        self.tracker.forget_size();
        self.inner.evaluate(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>, DataFusionError> {
        self.tracker.forget_size();
        self.inner.state(emit_to)
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        groups: usize,
    ) -> Result<(), DataFusionError> {
        self.tracker.take(values)?;
        self.inner.merge_batch(values, group_indices, groups)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>, DataFusionError> {
        self.inner.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.tracker.size(|| self.inner.size())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Int64Array;

    use super::*;

    #[test]
    fn the_size_is_computed_now_and_then() {
        let mut tracker = SizeTracker::new(Use::Input, VALUE_BYTES_MAX);
        let values: ArrayRef = Arc::new(Int64Array::from(vec![0; 1024]));
        let (mut computed, mut size) = (0, 0);
        for batch in 1..=10_000 {
            tracker.take(&[Arc::clone(&values)]).unwrap();
            size = tracker.size(|| {
                computed += 1;
                batch * 8 * 1024
            });
        }
        assert!(computed < 50, "{computed}");
        assert!(size.abs_diff(10_000 * 8 * 1024) < 1 << 20, "{size}");
    }
}
