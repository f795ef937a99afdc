//! Rules on this server: queries by the engine, series in the store, alerts to Alertmanagers.

use std::sync::Arc;

use alertmanager::Live;
use alertmanager::api::{ApiTime, PostableAlert};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use query::logql::{self, Direction};
use query::promql::{Options, PreparedQueries, Sample, Value};
use query::{Engine, SampleRange};
use receive::alertmanagers::{Alertmanagers, OutgoingAlert};
use rules::{Alert, Appended, Environment, Language, LastSample};
use signals::metric::{self, HistogramSample, SeriesBatch};
use signals::time::MILLISECOND;
use signals::{Batch, Clock, Matcher};
use store::metrics::Item;
use store::{BatchAppended, Durability, Store, WriteRequest};

/// The engine and the store of this server, for threads that only evaluate rules.
pub(crate) struct ServerEnvironment {
    pub(crate) engine: Engine,
    pub(crate) prepared: PreparedQueries,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    /// Those of the section `alerting`.
    pub(crate) alertmanagers: Arc<Alertmanagers>,
    /// That of this server.
    pub(crate) alertmanager: Live,
    /// The URL under which users reach the page.
    pub(crate) external_url: String,
}

impl ServerEnvironment {
    async fn vector(
        &self,
        language: Language,
        query: &str,
        time_ms: i64,
    ) -> Result<Vec<Sample>, String> {
        let scalar = |timestamp_ms, value| {
            let labels = signals::Labels::empty();
            vec![Sample { labels, timestamp_ms, value, histogram: None }]
        };
        let not_a_vector = || Err("rule result is not a vector or scalar".to_owned());
        match language {
            Language::PromQl => {
                let prepared = self.prepared.get(query).map_err(|error| error.to_string())?;
                let options = Options::default();
                let answer = self.engine.promql_here(&prepared, time_ms, &options).await;
                let mut answer = answer.map_err(|error| error.to_string())?;
                match std::mem::replace(&mut answer.value, Value::Vector(Vec::new())) {
                    Value::Vector(samples) => Ok(samples),
                    Value::Scalar { timestamp_ms, value } => Ok(scalar(timestamp_ms, value)),
                    Value::Text { .. } | Value::Matrix(_) => not_a_vector(),
                }
            }
            Language::LogQl => {
                let time_ns = time_ms.saturating_mul(MILLISECOND);
                let answer =
                    self.engine.logql_instant(query, time_ns, 0, Direction::Backward).await;
                let mut answer = answer.map_err(|error| error.to_string())?;
                match std::mem::replace(&mut answer.value, logql::Value::Vector(Vec::new())) {
                    logql::Value::Vector(samples) => Ok(samples),
                    logql::Value::Scalar { timestamp_ms, value } => Ok(scalar(timestamp_ms, value)),
                    logql::Value::Streams(_) | logql::Value::Matrix(_) => not_a_vector(),
                }
            }
        }
    }

    async fn store(&self, samples: Vec<Sample>) -> Result<Appended, String> {
        let mut batch = SeriesBatch::default();
        // The positions of float samples and of histograms among all samples.
        let (mut floats, mut histograms) = (Vec::new(), Vec::new());
        for (position, sample) in samples.into_iter().enumerate() {
            let series = u32::try_from(position).map_err(|error| error.to_string())?;
            batch.series.push(sample.labels.into());
            let timestamp_ms = sample.timestamp_ms;
            if let Some(histogram) = sample.histogram {
                histograms.push(position);
                batch.histograms.push(HistogramSample { series, timestamp_ms, histogram });
            } else {
                floats.push(position);
                let value = sample.value;
                batch.samples.push(metric::Sample { series, timestamp_ms, value });
            }
        }
        let request = WriteRequest {
            received_at: self.clock.now(),
            batches: vec![Batch::Metrics(batch)],
            durability: Durability::WithinSecond,
            ..WriteRequest::default()
        };
        let appended = self.store.append(request).await.map_err(|error| error.to_string())?;
        let Some(BatchAppended::Metrics(appended)) = appended.batches.into_iter().next() else {
            return Ok(Appended::default());
        };
        let position = |item: Item, index: u32| {
            let positions = match item {
                Item::Sample => &floats,
                Item::Histogram => &histograms,
                Item::Exemplar => return None,
            };
            positions.get(index as usize).copied()
        };
        let refused = appended.refused.iter();
        let mut refused: Vec<usize> =
            refused.filter_map(|refused| position(refused.item, refused.index)).collect();
        refused.sort_unstable();
        let reason = appended.refused.first().map(|first| first.reason.to_string());
        Ok(Appended { refused, reason: reason.unwrap_or_default() })
    }
}

/// An alert as Alertmanagers get it, with the URL of its rule.
pub(super) fn outgoing(alert: Alert, generator_url: String) -> OutgoingAlert {
    OutgoingAlert {
        labels: alert.labels,
        annotations: alert.annotations,
        starts_at_ms: alert.fired_at_ms.unwrap_or(alert.active_at_ms),
        ends_at_ms: alert.resolved_at_ms.or(alert.valid_until_ms).unwrap_or_default(),
        generator_url,
    }
}

/// An alert as the Alertmanager of this server takes it.
pub(super) fn postable(alert: &OutgoingAlert) -> PostableAlert {
    let time = |unix_ms: i64| Some(ApiTime(unix_ms.saturating_mul(MILLISECOND)));
    let labels = alert.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    PostableAlert {
        labels: Some(labels.collect()),
        annotations: Some(alert.annotations.clone()),
        starts_at: time(alert.starts_at_ms),
        ends_at: time(alert.ends_at_ms),
        generator_url: Some(alert.generator_url.clone()),
    }
}

impl Environment for ServerEnvironment {
    fn query<'a>(
        &'a self,
        language: Language,
        query: &'a str,
        time_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<Sample>, String>> {
        self.vector(language, query, time_ms).boxed()
    }

    fn append(&self, samples: Vec<Sample>) -> BoxFuture<'_, Result<Appended, String>> {
        self.store(samples).boxed()
    }

    fn last_samples(
        &self,
        matchers: Vec<Matcher>,
        start_ms: i64,
        end_ms: i64,
    ) -> BoxFuture<'_, Result<Vec<LastSample>, String>> {
        let range = SampleRange { matchers, start_ms, end_ms };
        let read = self.engine.read_samples(vec![range], |_, labels, samples| {
            let last = samples.timestamps.last().zip(samples.values.last());
            Ok(last.map(|(timestamp_ms, value)| {
                let sample = LastSample {
                    labels: labels.clone(),
                    timestamp_ms: *timestamp_ms,
                    value: *value,
                };
                (sample, labels.as_bytes().len())
            }))
        });
        async move {
            let mut series = read.await.map_err(|error| error.to_string())?;
            Ok(std::mem::take(&mut *series).into_iter().flatten().collect())
        }
        .boxed()
    }

    fn send(&self, expr: &str, alerts: Vec<Alert>) {
        let expr: String = form_urlencoded::byte_serialize(expr.as_bytes()).collect();
        let generator_url = format!("{}/graph?g0.expr={expr}&g0.tab=1", self.external_url);
        let alerts = alerts.into_iter().map(|alert| outgoing(alert, generator_url.clone()));
        let sent = self.alertmanagers.send(alerts.collect());
        let receipt = self.alertmanager.receive(sent.iter().map(|alert| postable(alert)).collect());
        for error in receipt.errors {
            tracing::error!(error, "an alert is not valid");
        }
    }
}
