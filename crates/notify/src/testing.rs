//! A try without a server, for tests of requests that go to a fixed address.

use std::collections::BTreeMap;
use std::sync::Arc;

use adopt::SystemFiles;
use template::Time;
use template::alertmanager::{Alert, Status};

use crate::attempt::Attempt;
use crate::notification::Notification;
use crate::secrets::Secrets;
use crate::templates::Shared;
use crate::texts::Texts;

/// What becomes of a try to notify of one alert that is firing.
pub(crate) fn attempt<T>(kind: &'static str, test: impl FnOnce(&mut Attempt<'_>) -> T) -> T {
    let shared = Shared::load(&[], &SystemFiles, "http://am", &Arc::default()).unwrap();
    let labels = BTreeMap::from([("alertname".to_owned(), "Down".to_owned())]);
    let alert = Alert {
        status: Status::Firing,
        labels: labels.clone(),
        annotations: BTreeMap::new(),
        starts_at: Time::from_nanos(0),
        ends_at: Time::zero(),
        generator_url: String::new(),
        fingerprint: String::new(),
    };
    let notification = Notification {
        receiver: "a".to_owned(),
        group_key: "1".to_owned(),
        group_labels: labels,
        route_labels: BTreeMap::new(),
        alerts: vec![alert],
        reason: String::new(),
        state: BTreeMap::new(),
        now_ns: 0,
    };
    let mut attempt = Attempt {
        kind,
        texts: Texts::new(&shared, &notification, &notification.alerts, None),
        client: None,
        timeout: None,
        secrets: Secrets::default(),
        message: String::new(),
    };
    test(&mut attempt)
}
