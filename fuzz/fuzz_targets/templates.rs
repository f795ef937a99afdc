//! Any text as a template of an alert and of a notification: an output or an error, never a panic.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use template::alertmanager::{Alert, Data, Expander, RouteLabels, Status, Templates};
use template::prometheus::{self, SampleValue, alert_data};
use template::{Limits, MissingKey, Run, Time};

fuzz_target!(|text: &str| {
    let limits = Limits { steps: 10_000, output_bytes: 1 << 16, ..Limits::default() };
    let run = Run { limits, ..Run::default() };
    let labels = BTreeMap::from([("alertname".to_owned(), "<Down>".to_owned())]);

    let rules = prometheus::Expander {
        time_ms: 1_700_000_000_000,
        external_url: "http://host/prom",
        query: &|_| Ok(Vec::new()),
        missing_key: MissingKey::Zero,
        run,
    };
    let data = alert_data(&labels, &labels, "http://host", &SampleValue::Float(0.5));
    let _expanded = rules.expand_alert("a", text, &data);
    let _expanded = rules.expand_html("a", text, &[], &data);

    let alert = Alert {
        status: Status::Firing,
        labels: labels.clone(),
        annotations: labels.clone(),
        starts_at: Time::from_millis(1_700_000_000_000),
        ends_at: Time::zero(),
        generator_url: "http://host".to_owned(),
        fingerprint: "0".to_owned(),
    };
    let notifications = Expander {
        templates: &Templates::default(),
        data: &Data::new("r", labels.clone(), vec![alert]).to_value(),
        route_labels: &RouteLabels { values: labels, are_rendered: false },
        now_ns: 1_700_000_000_000_000_000,
        run,
    };
    let _expanded = notifications.text(text);
    let _expanded = notifications.html(text);
});
