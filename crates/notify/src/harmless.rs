//! What the values of labels and annotations may not do.
//!
//! Whoever sends an alert chooses its labels and annotations, and everybody who can write a log
//! line or a name of a host may choose a part of them. In a message that our own templates write
//! they may not mention anybody, and not show a link under another text. A user's own template
//! is expanded exactly as by Alertmanager: its author decides.
//!
//! - Slack and Webex take `<!channel>`, `<@U…>`, `<@all>` and `<https://…|text>` from any text, so
//!   `&`, `<` and `>` in values are written as their entities.
//! - Mattermost and Rocket.Chat take `@channel`, `@all` and names; an `@` in a value is followed by
//!   a character without width.
//! - Where texts are Markdown, which is also in Discord and Teams, a `](` of a value is broken.
//! - Discord mentions from the message's content only, of which there is none by default. A
//!   mention that the content's template writes itself is allowed, one from a value is not: see
//!   `discord`.
//! - Telegram's HTML and mail are escaped by their templates. Adaptive cards mention only whom
//!   the message lists apart from its text. The other systems have no mentions.

use std::collections::BTreeMap;

use template::alertmanager::{Alert, Data};

/// How the values of a message are written.
pub(crate) type Write = fn(&str) -> String;

/// For Slack, whose texts have entities.
pub(crate) fn entities(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// For Webex, whose Markdown has entities.
pub(crate) fn markdown_entities(value: &str) -> String {
    markdown(&entities(value))
}

/// For texts that are Markdown.
pub(crate) fn markdown(value: &str) -> String {
    value.replace("](", "]\\(")
}

/// For Mattermost and Rocket.Chat.
pub(crate) fn names(value: &str) -> String {
    markdown(value).replace('@', "@\u{200b}")
}

/// For Discord's content: a value that mentions nobody.
pub(crate) fn without_mentions(value: &str) -> String {
    value.replace(['@', '<', '>'], "")
}

/// The data with values that are written so.
pub(crate) fn data(data: &Data, write: Write) -> Data {
    let all = |labels: &BTreeMap<String, String>| {
        labels.iter().map(|(name, value)| (name.clone(), write(value))).collect()
    };
    let alert = |alert: &Alert| Alert {
        labels: all(&alert.labels),
        annotations: all(&alert.annotations),
        generator_url: write(&alert.generator_url),
        ..alert.clone()
    };
    Data {
        alerts: data.alerts.iter().map(alert).collect(),
        group_labels: all(&data.group_labels),
        common_labels: all(&data.common_labels),
        common_annotations: all(&data.common_annotations),
        route_labels: all(&data.route_labels),
        ..data.clone()
    }
}
