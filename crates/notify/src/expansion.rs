//! Expands the templates of settings with the data of a notification.

use template::Value;
use template::alertmanager::{Data, Expander, RouteLabels};
use template::{Limits, Run};

use crate::notifier::Shared;
use crate::{Failure, Notification, Reason};

/// Bytes of one text. Receivers accept far less.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// What ends a text that is cut.
const CUT: char = '…';

/// A notification as templates see it.
pub(crate) struct Expansion<'a> {
    shared: &'a Shared,
    pub(crate) data: Data,
    value: Value,
    route_labels: RouteLabels,
    now_ns: i64,
}

impl<'a> Expansion<'a> {
    /// The labels of the route are templates of their own, and are expanded first.
    ///
    /// # Errors
    /// Go's message. Another try does not help.
    pub(crate) fn new(shared: &'a Shared, notification: &Notification) -> Result<Self, Failure> {
        let alerts = notification.alerts.clone();
        let mut data = Data::new(&notification.receiver, notification.group_labels.clone(), alerts);
        data.notification_reason.clone_from(&notification.reason);
        data.route_labels.clone_from(&notification.route_labels);
        data.external_url.clone_from(&shared.external_url);
        let values = notification.route_labels.clone();
        let mut expansion = Self {
            shared,
            value: data.to_value(),
            data,
            route_labels: RouteLabels { values, are_rendered: false },
            now_ns: notification.now_ns,
        };
        if !notification.route_labels.is_empty() {
            let labels = notification.route_labels.iter();
            let labels = labels.map(|(name, text)| Ok((name.clone(), expansion.text(text)?)));
            expansion.data.route_labels = labels.collect::<Result<_, _>>()?;
            expansion.value = expansion.data.to_value();
            let values = expansion.data.route_labels.clone();
            expansion.route_labels = RouteLabels { values, are_rendered: true };
        }
        Ok(expansion)
    }

    /// The text of a template.
    ///
    /// # Errors
    /// Go's message. Another try does not help.
    pub(crate) fn text(&self, template: &str) -> Result<String, Failure> {
        let limits = Limits { output_bytes: TEXT_BYTES_MAX, ..Limits::default() };
        let expander = Expander {
            templates: &self.shared.templates,
            data: &self.value,
            route_labels: &self.route_labels,
            now_ns: self.now_ns,
            run: Run { limits, ..Run::default() },
        };
        expander.text(template).map_err(|error| failure(error.to_string()))
    }
}

/// A failure that another try does not mend.
pub(crate) fn failure(message: String) -> Failure {
    Failure {
        message,
        is_retryable: false,
        retry_after: None,
        reason: Reason::Other,
        unsent: String::new(),
    }
}

/// The first characters of a text, the last of them an ellipsis if some are left out.
pub(crate) fn truncated(text: String, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text;
    }
    let kept = chars_max.saturating_sub(1);
    text.chars().take(kept).chain([CUT]).collect()
}
