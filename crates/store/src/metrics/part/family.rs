//! Type, help and unit of a metric family as JSON text in the chunk column.

use serde::{Deserialize, Serialize};
use signals::metric::{Metadata, MetricKind};

#[derive(Serialize, Deserialize)]
struct Family<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    help: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    unit: std::borrow::Cow<'a, str>,
}

const KINDS: [MetricKind; 8] = [
    MetricKind::Counter,
    MetricKind::Gauge,
    MetricKind::Histogram,
    MetricKind::GaugeHistogram,
    MetricKind::Summary,
    MetricKind::Info,
    MetricKind::StateSet,
    MetricKind::Unknown,
];

pub(super) fn encode(metadata: &Metadata) -> String {
    let family = Family {
        kind: metadata.kind.name(),
        help: metadata.help.as_str().into(),
        unit: metadata.unit.as_str().into(),
    };
    serde_json::to_string(&family).unwrap_or_default()
}

/// `None` when the text is not what [`encode`] gives; a type that is not known is "unknown".
pub(super) fn decode(metric: &str, text: &[u8]) -> Option<Metadata> {
    let family: Family<'_> = serde_json::from_slice(text).ok()?;
    let kind = KINDS.into_iter().find(|kind| kind.name() == family.kind).unwrap_or_default();
    Some(Metadata {
        metric: metric.to_owned(),
        kind,
        help: family.help.into_owned(),
        unit: family.unit.into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_kept() {
        for kind in KINDS {
            let family = Metadata {
                metric: "m".to_owned(),
                kind,
                help: "a \"quoted\"\nline".to_owned(),
                unit: "s".to_owned(),
            };
            assert_eq!(decode("m", encode(&family).as_bytes()), Some(family));
        }
        assert_eq!(decode("m", b"{"), None);
    }
}
