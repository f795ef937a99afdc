//! The Loki stream of a resource's log records.
//!
//! As in Loki's OTLP endpoint, a fixed list of resource attributes become labels and all others are
//! structured metadata. Every stream has the label `service_name`.

use signals::attributes::json;

use crate::otlp::resource::UNKNOWN_SERVICE;
use crate::otlp::value::{AnyValue, Renderer, cut};
use crate::protobuf::Fault;

/// Resource attributes that become labels, as in Loki's defaults, with their label names.
const INDEX_LABELS: [(&str, &str); 18] = [
    ("cloud.availability_zone", "cloud_availability_zone"),
    ("cloud.region", "cloud_region"),
    ("container.name", "container_name"),
    ("deployment.environment", "deployment_environment"),
    ("deployment.environment.name", "deployment_environment_name"),
    ("k8s.cluster.name", "k8s_cluster_name"),
    ("k8s.container.name", "k8s_container_name"),
    ("k8s.cronjob.name", "k8s_cronjob_name"),
    ("k8s.daemonset.name", "k8s_daemonset_name"),
    ("k8s.deployment.name", "k8s_deployment_name"),
    ("k8s.job.name", "k8s_job_name"),
    ("k8s.namespace.name", "k8s_namespace_name"),
    ("k8s.pod.name", "k8s_pod_name"),
    ("k8s.replicaset.name", "k8s_replicaset_name"),
    ("k8s.statefulset.name", "k8s_statefulset_name"),
    ("service.instance.id", "service_instance_id"),
    ("service.name", SERVICE_NAME),
    ("service.namespace", "service_namespace"),
];

const SERVICE_NAME: &str = "service_name";

/// Fallbacks for `service_name` without `service.name`, in order: the labels of Loki's list that
/// [`INDEX_LABELS`] can produce.
const SERVICE_NAME_FALLBACKS: [&str; 3] = ["container_name", "k8s_container_name", "k8s_job_name"];

/// The labels of one stream.
#[derive(Debug)]
pub(super) struct Stream {
    value_bytes_max: usize,
    labels: Vec<(&'static str, String)>,
}

impl Stream {
    pub(super) fn new(value_bytes_max: usize) -> Self {
        Self { value_bytes_max, labels: Vec::new() }
    }

    /// Adds a resource attribute if it is one of the listed.
    pub(super) fn add(
        &mut self,
        key: &str,
        value: &AnyValue<'_>,
        renderer: &mut Renderer<'_>,
    ) -> Result<(), Fault> {
        let Some((_, label)) = INDEX_LABELS.iter().find(|(attribute, _)| *attribute == key) else {
            return Ok(());
        };
        let mut text = String::new();
        renderer.value(value, self.value_bytes_max, |value| value.push_to(&mut text))?;
        text.truncate(cut(&text, self.value_bytes_max).len());
        self.labels.retain(|(name, _)| name != label);
        if !text.is_empty() {
            self.labels.push((label, text));
        }
        Ok(())
    }

    /// The service name and the canonical selector `{a="b", c="d"}`.
    pub(super) fn finish(mut self) -> (String, String) {
        let value = |label: &str| {
            self.labels.iter().find(|(name, _)| *name == label).map(|(_, value)| value.clone())
        };
        let fallback = || SERVICE_NAME_FALLBACKS.into_iter().find_map(value);
        let service_name =
            value(SERVICE_NAME).or_else(fallback).unwrap_or_else(|| UNKNOWN_SERVICE.to_owned());
        if self.labels.iter().all(|(name, _)| *name != SERVICE_NAME) {
            self.labels.push((SERVICE_NAME, service_name.clone()));
        }
        self.labels.sort_unstable();
        let mut selector = String::from("{");
        for (i, (name, value)) in self.labels.iter().enumerate() {
            selector.push_str(if i == 0 { "" } else { ", " });
            selector.push_str(name);
            selector.push('=');
            // JSON escapes are a subset of LogQL's string escapes.
            json::push_text(&mut selector, value);
        }
        selector.push('}');
        (service_name, selector)
    }
}
