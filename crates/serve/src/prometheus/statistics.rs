//! Statistics of a query: how long it took and how many samples it looked at.

use query::promql::Answer;
use serde_json::{Map, Value as Json, json};

use crate::go_float::seconds;
use crate::parameters::Parameters;

/// Which statistics an answer has; the parameter `stats`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statistics {
    None,
    /// Of the whole query.
    Query,
    /// Also of each step.
    Steps,
    /// As [`Self::Query`], asked for by a value that Prometheus has deprecated.
    Deprecated(String),
}

impl Statistics {
    pub(super) fn of(parameters: &Parameters) -> Self {
        match parameters.get("stats") {
            None => Self::None,
            Some("true") => Self::Query,
            Some("all") => Self::Steps,
            Some(other) => Self::Deprecated(other.to_owned()),
        }
    }

    /// Adds the field `stats` to an object.
    pub(super) fn write(&self, out: &mut Vec<u8>, answer: &Answer) {
        let Some(counts) = &answer.samples else { return };
        if *self == Self::None {
            return;
        }
        let mut samples = Map::new();
        if *self == Self::Steps {
            samples.insert("totalQueryableSamplesPerStep".into(), of_steps(&counts.per_step));
        }
        samples.insert("totalQueryableSamples".into(), counts.total.into());
        if *self == Self::Steps {
            samples.insert("samplesReadPerStep".into(), of_steps(&counts.read_per_step));
        }
        samples.insert("samplesRead".into(), counts.read.into());
        samples.insert("peakSamples".into(), counts.peak.into());
        let [queue, preparation, evaluation] =
            [answer.timings.queue, answer.timings.preparation, answer.timings.evaluation]
                .map(|duration| duration.as_secs_f64());
        let statistics = json!({
            "timings": {
                "evalTotalTime": preparation + evaluation,
                // Part of the evaluation.
                "resultSortTime": 0,
                "queryPreparationTime": preparation,
                "innerEvalTime": evaluation,
                "execQueueTime": queue,
                "execTotalTime": queue + preparation + evaluation,
            },
            "samples": samples,
        });
        out.extend_from_slice(format!(",\"stats\":{statistics}").as_bytes());
    }

    /// The warning for a deprecated value.
    pub(super) fn warning(&self) -> Option<String> {
        let Self::Deprecated(value) = self else { return None };
        Some(format!(
            "value {value:?} for parameter \"stats\" is deprecated and will be rejected in the next \
             major release, use \"true\" or \"all\""
        ))
    }
}

/// Pairs of time in seconds and number.
fn of_steps(counts: &[(i64, u64)]) -> Json {
    let pair = |(time_ms, count): &(i64, u64)| {
        let time: Json = serde_json::from_str(&seconds(*time_ms)).unwrap_or_default();
        json!([time, count])
    };
    counts.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use query::promql::{SampleCounts, Timings, Value};

    use super::*;

    #[test]
    fn statistics_have_the_fields_of_prometheus() {
        let answer = Answer {
            value: Value::Vector(vec![]),
            warnings: vec![],
            infos: vec![],
            samples: Some(SampleCounts {
                total: 3,
                per_step: vec![(1_500, 1), (2_500, 2)],
                read: 2,
                read_per_step: vec![(1_500, 1), (2_500, 1)],
                peak: 9,
            }),
            timings: Timings {
                queue: Duration::from_secs(1),
                preparation: Duration::from_secs(2),
                evaluation: Duration::from_secs(4),
            },
        };
        let written = |statistics: &Statistics| {
            let mut out = b"{\"result\":[]".to_vec();
            statistics.write(&mut out, &answer);
            out.push(b'}');
            serde_json::from_slice::<Json>(&out).unwrap()
        };
        let timings = json!({
            "evalTotalTime": 6.0, "resultSortTime": 0, "queryPreparationTime": 2.0,
            "innerEvalTime": 4.0, "execQueueTime": 1.0, "execTotalTime": 7.0,
        });
        let samples = json!({"totalQueryableSamples": 3, "samplesRead": 2, "peakSamples": 9});
        assert_eq!(written(&Statistics::None), json!({"result": []}));
        assert_eq!(
            written(&Statistics::Query),
            json!({"result": [], "stats": {"timings": timings, "samples": samples}})
        );
        let all = written(&Statistics::Steps);
        let samples = &all["stats"]["samples"];
        assert_eq!(samples["totalQueryableSamplesPerStep"], json!([[1.5, 1], [2.5, 2]]));
        assert_eq!(samples["samplesReadPerStep"], json!([[1.5, 1], [2.5, 1]]));
        let old = Statistics::Deprecated("1".into());
        assert_eq!(written(&old), written(&Statistics::Query));
        assert!(old.warning().unwrap().starts_with("value \"1\" for parameter \"stats\" is"));
    }
}
