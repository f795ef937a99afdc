//! Names of labels and streams.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int32Type;
use futures::StreamExt;
use signals::log::column;
use signals::{Labels, Matcher, Signal};
use store::TimeRange;

use super::{read, row};
use crate::instruments::Language;
use crate::scan::{self, Order, ScanRequest};
use crate::{Engine, QueryError, running};

impl Engine {
    /// The label names of streams with lines in the range, sorted; `selector` is a stream selector,
    /// or empty for all.
    ///
    /// # Errors
    /// [`QueryError::Invalid`] for a bad selector; those of the scan.
    pub async fn log_labels(
        &self,
        range: TimeRange,
        selector: &str,
    ) -> Result<Vec<String>, QueryError> {
        let streams = self.log_streams(range, selectors(&[selector])?).await?;
        let names: BTreeSet<&str> =
            streams.iter().flat_map(|labels| labels.iter().map(|(name, _)| name)).collect();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    /// The values of one label, sorted.
    ///
    /// # Errors
    /// As [`Self::log_labels`].
    pub async fn log_label_values(
        &self,
        name: &str,
        range: TimeRange,
        selector: &str,
    ) -> Result<Vec<String>, QueryError> {
        let streams = self.log_streams(range, selectors(&[selector])?).await?;
        let values: BTreeSet<&str> = streams.iter().filter_map(|labels| labels.get(name)).collect();
        Ok(values.into_iter().map(str::to_owned).collect())
    }

    /// The streams with lines in the range that match one of the selectors, sorted; all without
    /// selectors.
    ///
    /// # Errors
    /// As [`Self::log_labels`].
    pub async fn log_series(
        &self,
        selectors_text: &[String],
        range: TimeRange,
    ) -> Result<Vec<Labels>, QueryError> {
        let texts: Vec<&str> = selectors_text.iter().map(String::as_str).collect();
        let mut series: Vec<Labels> =
            self.log_streams(range, selectors(&texts)?).await?.into_iter().collect();
        series.sort_by(|a, b| a.iter().cmp(b.iter()));
        Ok(series)
    }

    async fn log_streams(
        &self,
        range: TimeRange,
        selectors: Vec<Vec<Matcher>>,
    ) -> Result<BTreeSet<Labels>, QueryError> {
        self.within(Language::Logql, move |engine| async move {
            let request = ScanRequest {
                range,
                columns: vec![column::STREAM],
                filters: Vec::new(),
                order: Order::Any,
                limit: None,
            };
            let mut batches =
                scan::scan(engine.session()?, engine.clock.now(), Signal::Logs, request).await?;
            let mut texts: BTreeSet<String> = BTreeSet::new();
            while let Some(batch) = batches.next().await {
                let batch = batch?;
                if let Some(column) = batch.column_by_name(column::STREAM) {
                    add_texts(column.as_ref(), &mut texts);
                }
                if texts.len() > engine.limits.series_max {
                    return Err(QueryError::TooLarge(format!(
                        "there are more than {} streams",
                        engine.limits.series_max
                    )));
                }
                running::check()?;
            }
            let is_selected = |labels: &Labels| {
                let takes = |matchers: &Vec<Matcher>| {
                    matchers.iter().all(|matcher| {
                        matcher.matches(labels.get(&matcher.name).unwrap_or_default())
                    })
                };
                selectors.is_empty() || selectors.iter().any(takes)
            };
            Ok(texts.iter().map(|text| row::stream_label_set(text)).filter(is_selected).collect())
        })
        .await
    }
}

/// The distinct texts of a column; only the dictionary values that rows use.
fn add_texts(column: &dyn Array, texts: &mut BTreeSet<String>) {
    if let Some(dictionary) = column.as_dictionary_opt::<Int32Type>()
        && let Some(values) = dictionary.values().as_string_opt::<i32>()
    {
        let mut is_used = vec![false; values.len()];
        for key in dictionary.keys().iter().flatten() {
            if let Some(flag) = usize::try_from(key).ok().and_then(|key| is_used.get_mut(key)) {
                *flag = true;
            }
        }
        for (value, _) in values.iter().zip(is_used).filter(|(_, is_used)| *is_used) {
            add_text(value.unwrap_or_default(), texts);
        }
        return;
    }
    if let Ok(rows) = signals::rows::TextColumn::from_array(column, column::STREAM) {
        for row in 0..column.len() {
            add_text(rows.text(row), texts);
        }
    }
}

fn add_text(text: &str, texts: &mut BTreeSet<String>) {
    if !texts.contains(text) {
        texts.insert(text.to_owned());
    }
}

/// Selectors that are not empty.
fn selectors(texts: &[&str]) -> Result<Vec<Vec<Matcher>>, QueryError> {
    texts
        .iter()
        .filter(|text| !text.trim().is_empty())
        .map(|text| {
            let selector = lang::logql::parse_selector(text)
                .map_err(|error| QueryError::Invalid(error.to_string()))?;
            read::matchers(&selector)
        })
        .collect()
}
