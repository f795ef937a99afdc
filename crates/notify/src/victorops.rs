//! `VictorOps`, now Splunk On-Call: incidents by its REST endpoint.
//!
//! Specification: <https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/>.

use std::collections::BTreeMap;

use adopt::alertmanager::receiver::VictorOpsConfig;

use crate::attempt::{Attempt, Check, below};
use crate::notification::Failure;
use crate::notifier::State;
use crate::texts::Texts;
use crate::truncate;

/// Characters of a text.
const TEXT_CHARS_MAX: usize = 20_480;

pub(crate) async fn send(
    config: &VictorOpsConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let templating = |failure: Failure| failure.of("templating error");
    let message = message(config, &attempt.texts).map_err(templating)?;
    let routing_key = attempt.texts.text(&config.routing_key).map_err(templating)?;
    let api_key = attempt.secret(&config.api_key)?;
    let url = below(config.api_url.reveal(), &format!("{api_key}/{routing_key}"))?;
    attempt.post_json(&url, &message).await?.check(Check::default())?;
    Ok(State::new())
}

fn message(
    config: &VictorOpsConfig,
    texts: &Texts<'_>,
) -> Result<BTreeMap<String, String>, Failure> {
    let kind = texts.text(&config.message_type)?;
    let kind = match kind.as_str() {
        _ if !texts.is_firing() => "RECOVERY",
        "INFO" | "WARNING" => &kind,
        _ => "CRITICAL",
    };
    let state_message = texts.text(&config.state_message)?;
    let mut message: BTreeMap<String, String> = [
        ("message_type", kind.to_owned()),
        ("entity_id", texts.key()),
        ("entity_display_name", texts.text(&config.entity_display_name)?),
        ("state_message", truncate::to_chars(state_message, TEXT_CHARS_MAX)),
        ("monitoring_tool", texts.text(&config.monitoring_tool)?),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for (name, value) in &config.custom_fields {
        message.insert(name.clone(), texts.text(value)?);
    }
    Ok(message)
}
