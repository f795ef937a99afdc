//! A message to a receiver on request, to see whether it arrives.

use std::collections::BTreeMap;
use std::time::Duration;

use alertmanager::{IntegrationKey, Notifiers};
use notify::Notification;
use page_api::{IntegrationTest, ReceiverTest};
use signals::Timestamp;
use template::Time;
use template::alertmanager::{Alert, Status};

/// How long an integration may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends a message by each integration of a receiver.
pub(crate) async fn send(
    receiver: &str,
    notifiers: &Notifiers,
    external_url: &str,
    now: Timestamp,
) -> ReceiverTest {
    let mut integrations: Vec<&IntegrationKey> =
        notifiers.keys().filter(|key| key.receiver == receiver).collect();
    integrations.sort_by_key(|key| (key.name, key.index));
    let notification = notification(receiver, external_url, now);
    let mut results = Vec::new();
    for key in integrations {
        let Some(notifier) = notifiers.get(key) else { continue };
        let sent = tokio::time::timeout(TIMEOUT, notifier.notify(&notification)).await;
        let (message, error) = match sent {
            Ok(Ok(sent)) => (sent.message, None),
            Ok(Err(failure)) => (failure.unsent, Some(failure.message)),
            Err(_elapsed) => (String::new(), Some("there was no answer in time".to_owned())),
        };
        results.push(IntegrationTest {
            integration: key.name.to_owned(),
            index: key.index,
            error,
            message,
        });
    }
    ReceiverTest { results }
}

fn notification(receiver: &str, external_url: &str, now: Timestamp) -> Notification {
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let labels = map(&[("alertname", "TestAlert"), ("severity", "info")]);
    let alert = Alert {
        status: Status::Firing,
        labels: labels.clone(),
        annotations: map(&[("summary", "A test message. Nothing is wrong.")]),
        starts_at: Time::from_nanos(now),
        ends_at: Time::from_nanos(now),
        generator_url: format!("{external_url}/alerts"),
        fingerprint: "0000000000000000".to_owned(),
    };
    Notification {
        receiver: receiver.to_owned(),
        group_key: "{}:{alertname=\"TestAlert\"}".to_owned(),
        group_labels: map(&[("alertname", "TestAlert")]),
        route_labels: BTreeMap::new(),
        alerts: vec![alert],
        reason: "test".to_owned(),
        state: BTreeMap::new(),
        now_ns: now,
    }
}
