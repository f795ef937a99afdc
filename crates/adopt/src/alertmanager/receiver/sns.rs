//! Amazon SNS.

use super::{Context, Settings};
use crate::alertmanager::values::template;
use crate::error::Read;
use crate::http::{SigV4Config, sigv4_config};
use crate::yaml::Fields;

/// Publishes to a topic of SNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnsConfig {
    /// The address of the API, a template; empty if the region decides.
    pub api_url: String,
    /// The signature of requests.
    pub sigv4: SigV4Config,
    /// The topic, a template; or empty.
    pub topic_arn: String,
    /// The phone number, a template; or empty.
    pub phone_number: String,
    /// The endpoint of a mobile device, a template; or empty.
    pub target_arn: String,
    /// The subject, a template.
    pub subject: String,
    /// The text, a template.
    pub message: String,
    /// Attributes, templates.
    pub attributes: Vec<(String, String)>,
}

pub(super) fn read(fields: &mut Fields<'_>, _: &mut Context<'_>) -> Read<Settings> {
    fields.flag("use_aws_http_client", false)?;
    let config = SnsConfig {
        api_url: fields.text_or_empty("api_url")?,
        sigv4: sigv4_config(fields)?,
        topic_arn: fields.text_or_empty("topic_arn")?,
        phone_number: fields.text_or_empty("phone_number")?,
        target_arn: fields.text_or_empty("target_arn")?,
        subject: template(fields, "subject", "sns.default.subject")?,
        message: template(fields, "message", "sns.default.message")?,
        attributes: fields.text_map("attributes")?,
    };
    let is_absent =
        [&config.target_arn, &config.topic_arn, &config.phone_number].map(String::is_empty);
    // As in Alertmanager, which accepts one of them or all.
    if is_absent[0] ^ is_absent[1] ^ is_absent[2] {
        let reason = "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config";
        return Err(fields.node.fault(reason));
    }
    Ok(Settings::Sns(config))
}
