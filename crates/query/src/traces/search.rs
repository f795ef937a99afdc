//! Searches for traces, newest first.

use std::collections::{HashMap, HashSet};

use arrow::array::RecordBatch;
use futures::StreamExt;
use lang::traceql::{FieldExpr, Intrinsic, Pipeline, Root, SpansetExpr, Stage, Static};
use signals::span::{StatusCode, column};
use signals::{MemoryReservation, Timestamp, TraceId};
use store::TimeRange;

use super::by_id::{self, Spans};
use super::condition::Form;
use super::pushed::pushed;
use super::{
    ALWAYS, MatchedSpan, ROOT_NOT_RECEIVED, SearchRequest, ServiceStats, SpanSet, TraceMatch,
};
use crate::instruments::Language;
use crate::scan::{Order, ScanRequest};
use crate::traceql::{self, Fields, Program, SpanTable, TraceTree};
use crate::{Counted, Engine, QueryError, running};

/// Length of the first window, in nanoseconds; each next one is this many times longer.
const WINDOW_FIRST_NS: i64 = 300 * signals::time::SECOND;
const WINDOW_GROWTH: i64 = 4;

/// Number of traces that are read whole at a time.
const TRACES_AT_ONCE: usize = 32;

/// Maximum number of candidate traces of one window; the newest if there are more.
const CANDIDATES_MAX: usize = 200_000;

/// Bytes of a candidate, and of its id, which is remembered.
const CANDIDATE_BYTES: usize = 64;

/// How far from its matching span the rest of a trace may be, in nanoseconds.
const TRACE_REACH_NS: i64 = 12 * 3_600 * signals::time::SECOND;

impl Engine {
    /// Traces that match, newest first.
    ///
    /// # Errors
    /// [`QueryError::Invalid`] for a bad query, [`QueryError::Unsupported`] if it is not supported.
    pub async fn search(
        &self,
        request: SearchRequest,
    ) -> Result<Counted<Vec<TraceMatch>>, QueryError> {
        self.within(
            Language::Traceql,
            |engine| async move { run(&engine.spans()?, &request).await },
        )
        .await
    }
}

struct Search<'s> {
    spans: &'s Spans<'s>,
    request: &'s SearchRequest,
    program: Program,
    form: Form,
    necessary: Option<FieldExpr>,
    columns: Vec<&'static str>,
    memory: MemoryReservation,
}

/// See [`Engine::search`].
pub(super) async fn run(
    spans: &Spans<'_>,
    request: &SearchRequest,
) -> Result<Counted<Vec<TraceMatch>>, QueryError> {
    let pipeline = match &request.traceql {
        Some(text) => match traceql::parse_search(text)?.root {
            Root::Spansets(pipeline) => pipeline,
            _ => return Err(QueryError::Unsupported("queries that return no spans".to_owned())),
        },
        None => Pipeline {
            stages: vec![Stage::Spanset(SpansetExpr::Filter(FieldExpr::Static(Static::Bool(
                true,
            ))))],
        },
    };
    let program = Program::new(pipeline)?;
    let form = Form::new(request);
    let necessary = program.necessary();
    let mut fields = Fields::default();
    form.add_to(&mut fields);
    if let Some(condition) = &necessary {
        fields.add(condition);
    }
    let (columns, memory) = (fields.columns(), spans.limits.memory.reservation());
    let search = Search { spans, request, program, form, necessary, columns, memory };
    let mut matches = search.run().await?;
    matches.sort_by_key(|found| (std::cmp::Reverse(found.start_time), found.trace_id));
    matches.truncate(request.limit);
    Ok(Counted::new(matches, search.memory))
}

impl Search<'_> {
    async fn run(&self) -> Result<Vec<TraceMatch>, QueryError> {
        let range = self.request.range.unwrap_or(ALWAYS);
        // Clocks of senders may run ahead of ours; earlier time is read in windows.
        let mut rest = TimeRange {
            start: range.start,
            end: range.end.min(self.spans.now.saturating_add(signals::time::DAY)),
        };
        if rest.end < range.end {
            rest.end = self
                .newest(range)
                .await?
                .map_or(rest.start, |newest| newest.saturating_add(1).min(range.end));
        }
        let oldest = self.oldest(range).await?.unwrap_or(rest.end);
        rest.start = rest.start.max(oldest);
        let mut window = WINDOW_FIRST_NS;
        let mut seen = HashSet::new();
        let mut matches = Vec::new();
        while rest.start < rest.end && matches.len() < self.request.limit {
            let part =
                TimeRange { start: rest.end.saturating_sub(window).max(rest.start), end: rest.end };
            let mut candidates: Vec<(Timestamp, TraceId)> =
                self.candidates(part).await?.into_iter().map(|(id, time)| (time, id)).collect();
            self.memory.try_grow(candidates.len() * CANDIDATE_BYTES)?;
            candidates.retain(|(_, id)| seen.insert(*id));
            candidates.sort_unstable_by(|a, b| b.cmp(a));
            for chunk in candidates.chunks(TRACES_AT_ONCE) {
                self.check(chunk, &mut matches).await?;
                if matches.len() >= self.request.limit {
                    break;
                }
            }
            rest.end = part.start;
            window = window.saturating_mul(WINDOW_GROWTH);
        }
        Ok(matches)
    }

    /// The time of the newest span, matching or not.
    async fn newest(&self, range: TimeRange) -> Result<Option<Timestamp>, QueryError> {
        self.edge(range, Order::NewestFirst).await
    }

    /// The time of the oldest span that may match.
    async fn oldest(&self, range: TimeRange) -> Result<Option<Timestamp>, QueryError> {
        if range.start > Timestamp::MIN {
            return Ok(Some(range.start));
        }
        self.edge(range, Order::OldestFirst).await
    }

    async fn edge(&self, range: TimeRange, order: Order) -> Result<Option<Timestamp>, QueryError> {
        let request = ScanRequest {
            range,
            columns: vec![column::START_TIME],
            filters: Vec::new(),
            order,
            limit: Some(1),
        };
        let mut batches = self.spans.scan(request).await?;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            if batch.num_rows() > 0 {
                let table = SpanTable::new(&batch)?;
                return Ok(Some(table.rows.start_time(0)));
            }
        }
        Ok(None)
    }

    /// Candidate traces with the time of a span in the range that every matching trace must have.
    async fn candidates(
        &self,
        range: TimeRange,
    ) -> Result<HashMap<TraceId, Timestamp>, QueryError> {
        let mut filters = self.form.filters();
        filters.extend(self.necessary.iter().flat_map(pushed));
        let request = ScanRequest {
            range,
            columns: self.columns.clone(),
            filters,
            order: Order::Any,
            limit: None,
        };
        let mut batches = self.spans.scan(request).await?;
        let mut candidates: HashMap<TraceId, Timestamp> = HashMap::new();
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let table = SpanTable::new(&batch)?;
            for row in 0..table.rows.len() {
                running::check()?;
                let holds = self
                    .necessary
                    .as_ref()
                    .is_none_or(|condition| self.program.may_hold(condition, &table, row));
                if holds && self.form.holds(&table, row) {
                    let time = table.rows.start_time(row);
                    let newest = candidates.entry(table.rows.trace_id(row)).or_insert(time);
                    *newest = time.max(*newest);
                }
            }
            if candidates.len() > 2 * CANDIDATES_MAX {
                keep_newest(&mut candidates);
            }
        }
        Ok(candidates)
    }

    /// Reads traces whole and adds those that match.
    async fn check(
        &self,
        candidates: &[(Timestamp, TraceId)],
        matches: &mut Vec<TraceMatch>,
    ) -> Result<(), QueryError> {
        let ids: Vec<TraceId> = candidates.iter().map(|(_, id)| *id).collect();
        let times = || candidates.iter().map(|(time, _)| *time);
        let reach = TimeRange {
            start: times().min().unwrap_or_default().saturating_sub(TRACE_REACH_NS),
            end: times().max().unwrap_or_default().saturating_add(TRACE_REACH_NS),
        };
        let spans = by_id::read(self.spans, &ids, reach).await?;
        for (start, length) in traces(&spans)? {
            let trace = spans.slice(start, length);
            running::check()?;
            if let Some(found) = self.matched(&trace)? {
                self.memory.try_grow(found.size())?;
                matches.push(found);
            }
        }
        Ok(())
    }

    fn matched(&self, trace: &RecordBatch) -> Result<Option<TraceMatch>, QueryError> {
        let table = SpanTable::new(trace)?;
        let tree = TraceTree::new(&table.rows);
        let mut sets = self.program.run(&table, &tree);
        if !self.form.is_empty() {
            for set in &mut sets {
                set.rows.retain(|row| self.form.holds(&table, *row));
            }
            sets.retain(|set| !set.rows.is_empty());
        }
        if let Some(range) = self.request.range {
            // One span in the range is enough; the rest of a trace may lie outside.
            let is_inside =
                |row: &usize| (range.start..range.end).contains(&table.rows.start_time(*row));
            sets.retain(|set| set.rows.iter().any(is_inside));
        }
        if sets.is_empty() {
            return Ok(None);
        }
        let rows = &table.rows;
        let shown_spans =
            if self.request.spans_per_set == 0 { usize::MAX } else { self.request.spans_per_set };
        let span = |row: usize| MatchedSpan {
            span_id: rows.span_id(row),
            name: rows.name(row).to_owned(),
            start_time: rows.start_time(row),
            duration_ns: rows.duration_ns(row),
            attributes: self
                .program
                .shown
                .iter()
                .filter(|field| **field != FieldExpr::Intrinsic(Intrinsic::Name))
                .filter_map(|field| {
                    Some((shown_name(field), table.value(row, field, Some(&tree)).into_static()?))
                })
                .collect(),
        };
        let span_sets = sets
            .into_iter()
            .map(|set| SpanSet {
                matched: set.rows.len(),
                spans: set.rows.iter().take(shown_spans).map(|row| span(*row)).collect(),
                attributes: set.attributes,
            })
            .collect();
        let mut service_stats: std::collections::BTreeMap<String, ServiceStats> =
            std::collections::BTreeMap::new();
        for row in 0..rows.len() {
            let stats = service_stats.entry(rows.service_name(row).to_owned()).or_default();
            stats.span_count += 1;
            stats.error_count += usize::from(rows.status_code(row) == StatusCode::Error);
        }
        Ok(Some(TraceMatch {
            trace_id: rows.trace_id(0),
            root_service_name: tree
                .root
                .map_or(ROOT_NOT_RECEIVED, |root| rows.service_name(root))
                .to_owned(),
            root_span_name: tree.root.map_or("", |root| rows.name(root)).to_owned(),
            start_time: tree.start_time,
            duration_ns: tree.end_time.saturating_sub(tree.start_time),
            span_sets,
            service_stats,
        }))
    }
}

/// The name of a field in an answer: attributes without their scope.
fn shown_name(field: &FieldExpr) -> String {
    match field {
        FieldExpr::Attribute(attribute) => attribute.name.clone(),
        other => other.to_string(),
    }
}

fn keep_newest(candidates: &mut HashMap<TraceId, Timestamp>) {
    let mut times: Vec<Timestamp> = candidates.values().copied().collect();
    let place = times.len().saturating_sub(CANDIDATES_MAX).min(times.len().saturating_sub(1));
    let (_, oldest, _) = times.select_nth_unstable(place);
    let oldest = *oldest;
    candidates.retain(|_, time| *time >= oldest);
}

/// First row and number of rows of each trace, for rows sorted by trace.
fn traces(spans: &RecordBatch) -> Result<Vec<(usize, usize)>, QueryError> {
    let rows = signals::span::SpanRows::new(spans)
        .map_err(|error| QueryError::Internal(error.to_string()))?;
    let mut traces = Vec::new();
    let mut start = 0;
    for row in 1..=rows.len() {
        if row == rows.len() || rows.trace_id(row) != rows.trace_id(start) {
            traces.push((start, row - start));
            start = row;
        }
    }
    Ok(traces)
}
