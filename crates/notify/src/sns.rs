//! Amazon SNS: messages of a topic, a phone or a device.
//!
//! Specification: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use adopt::alertmanager::receiver::SnsConfig;
use chrono::DateTime;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::{HeaderMap, HeaderName, Method};
use serde_json::Value as Json;
use signals::time::{Clock as _, SystemClock};
use url::{Url, form_urlencoded};

use crate::attempt::{Attempt, Check, Request, authorize, parsed, set_secret};
use crate::hash::{hmac_sha256, sha256};
use crate::notification::{Failure, Reason};
use crate::notifier::State;
use crate::texts::Texts;

/// Bytes of a message, and of one to a phone.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
const PHONE_BYTES_MAX: usize = 1600;
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Who signs.
struct Credentials {
    id: String,
    key: String,
    /// Of credentials that expire; empty otherwise.
    token: String,
    region: String,
}

pub(crate) async fn send(config: &SnsConfig, attempt: &mut Attempt<'_>) -> Result<State, Failure> {
    let credentials = credentials(config, |name| std::env::var(name).unwrap_or_default())?;
    for secret in [&credentials.key, &credentials.token] {
        attempt.secrets.add(secret);
    }
    let api_url = of(attempt.texts.text(&config.api_url), "api_url")?;
    let url = if api_url.is_empty() {
        parsed(&format!("https://sns.{}.amazonaws.com/", credentials.region))?
    } else {
        parsed(&api_url)?
    };
    let parameters = parameters(config, &attempt.texts)?;
    let shown = parameters.iter().map(|(name, value)| (name.clone(), Json::from(value.as_str())));
    attempt.message = shown.collect::<Json>().to_string();
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    // A signature is valid for minutes, and a notification may be tried for longer.
    let headers = signed(&url, &body, &credentials, SystemClock::new().now())?;
    let request = Request { method: Method::POST, url: &url, headers, body: body.into() };
    attempt.send(request).await?.check(Check { details: refusal, ..Check::default() })?;
    Ok(State::new())
}

fn of(text: Result<String, Failure>, setting: &str) -> Result<String, Failure> {
    text.map_err(|failure| {
        failure.of(&format!("execute '{setting}' template")).with_reason(Reason::ClientError)
    })
}

/// The credentials of the settings, or those of the environment.
fn credentials(
    config: &SnsConfig,
    variable: impl Fn(&str) -> String,
) -> Result<Credentials, Failure> {
    let (id, key, token) = match &config.sigv4.key {
        Some((id, key)) => (id.clone(), key.reveal().clone(), String::new()),
        None => (
            variable("AWS_ACCESS_KEY_ID"),
            variable("AWS_SECRET_ACCESS_KEY"),
            variable("AWS_SESSION_TOKEN"),
        ),
    };
    if id.is_empty() || key.is_empty() {
        let reason = "no credentials in sns.sigv4 or in AWS_ACCESS_KEY_ID and \
                      AWS_SECRET_ACCESS_KEY";
        return Err(Failure::permanent(reason));
    }
    let regions =
        [config.sigv4.region.clone(), variable("AWS_REGION"), variable("AWS_DEFAULT_REGION")];
    let Some(region) = regions.into_iter().find(|region| !region.is_empty()) else {
        let reason = "region not configured in sns.sigv4.region, AWS_REGION or AWS_DEFAULT_REGION";
        return Err(Failure::permanent(reason));
    };
    Ok(Credentials { id, key, token, region })
}

/// The parameters of the action `Publish`.
fn parameters(config: &SnsConfig, texts: &Texts<'_>) -> Result<Vec<(String, String)>, Failure> {
    let mut attributes = Vec::new();
    for (name, value) in &config.attributes {
        let name = of(texts.text(name), "attributes")?;
        attributes.push((name, of(texts.text(value), "attributes")?));
    }
    let mut parameters =
        vec![("Action", "Publish".to_owned()), ("Version", "2010-03-31".to_owned())];
    if !config.topic_arn.is_empty() {
        let topic = of(texts.text(&config.topic_arn), "topic_arn")?;
        if topic.rsplit_once('.').is_some_and(|(_, kind)| kind == "fifo") {
            parameters.push(("MessageDeduplicationId", texts.key()));
            parameters.push(("MessageGroupId", texts.key()));
        }
        parameters.push(("TopicArn", topic));
    }
    let mut bytes_max = MESSAGE_BYTES_MAX;
    if !config.phone_number.is_empty() {
        parameters.push(("PhoneNumber", of(texts.text(&config.phone_number), "phone_number")?));
        bytes_max = PHONE_BYTES_MAX;
    }
    if !config.target_arn.is_empty() {
        parameters.push(("TargetArn", of(texts.text(&config.target_arn), "target_arn")?));
    }
    let mut message = of(texts.text(&config.message), "message")?;
    if message.len() > bytes_max {
        message.truncate(message.floor_char_boundary(bytes_max));
        attributes.push(("truncated".to_owned(), "true".to_owned()));
    }
    parameters.push(("Message", message));
    if !config.subject.is_empty() {
        parameters.push(("Subject", of(texts.text(&config.subject), "subject")?));
    }
    let named = parameters.into_iter().map(|(name, value)| (name.to_owned(), value));
    let attributes = attributes.into_iter().enumerate().flat_map(|(index, (name, value))| {
        let entry = format!("MessageAttributes.entry.{}", index + 1);
        [
            (format!("{entry}.Name"), name),
            (format!("{entry}.Value.DataType"), "String".to_owned()),
            (format!("{entry}.Value.StringValue"), value),
        ]
    });
    Ok(named.chain(attributes).collect())
}

/// The headers of a signed request at a time, in nanoseconds since 1970.
fn signed(
    url: &Url,
    body: &str,
    credentials: &Credentials,
    now_ns: i64,
) -> Result<HeaderMap, Failure> {
    let Credentials { id, key, token, region } = credentials;
    let now = DateTime::from_timestamp_nanos(now_ns);
    let (time, day) = (now.format("%Y%m%dT%H%M%SZ").to_string(), now.format("%Y%m%d").to_string());
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut named = vec![("content-type", FORM), ("host", &host), ("x-amz-date", &time)];
    if !token.is_empty() {
        named.push(("x-amz-security-token", token));
    }
    let names = named.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: Vec<String> = named.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    let lines = lines.join("\n");
    let request = format!("POST\n{}\n\n{lines}\n\n{names}\n{}", url.path(), sha256(body));
    let scope = format!("{day}/{region}/sns/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(&request));
    let mut code = format!("AWS4{key}").into_bytes();
    for part in [&day, region, "sns", "aws4_request", &text] {
        code = hmac_sha256(&code, part.as_bytes());
    }
    let signature = hex::encode(code);
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
    set_secret(&mut headers, HOST, &host)?;
    set_secret(&mut headers, DATE, &time)?;
    if !token.is_empty() {
        set_secret(&mut headers, TOKEN, token)?;
    }
    authorize(&mut headers, &authorization)?;
    Ok(headers)
}

/// The message in the XML of an error.
fn refusal(_: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let message = text.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>"));
    message.map_or_else(|| text.clone().into_owned(), |(message, _)| message.to_owned())
}

#[cfg(test)]
mod tests {
    use adopt::http::SigV4Config;

    use super::*;

    #[test]
    fn a_request_is_signed_as_specified() {
        let credentials = Credentials {
            id: "AKIDEXAMPLE".to_owned(),
            key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            token: String::new(),
            region: "us-east-1".to_owned(),
        };
        let url = Url::parse("https://sns.us-east-1.amazonaws.com/").unwrap();
        // 2015-08-30 12:36:00 UTC
        let headers = signed(&url, "Action=Publish", &credentials, 1_440_938_160_000_000_000);
        let headers = headers.unwrap();
        assert_eq!(headers[DATE], "20150830T123600Z");
        // Computed with Python's hmac and hashlib by the specification.
        assert_eq!(
            headers["authorization"].to_str().unwrap(),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/sns/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=75882899654b5eb833343acb83eccff7576a2cb2cda4c16f6866c0a891999177"
        );
    }

    #[test]
    fn credentials_are_those_of_the_settings_or_of_the_environment() {
        let config = |sigv4| SnsConfig {
            api_url: String::new(),
            sigv4,
            topic_arn: String::new(),
            phone_number: String::new(),
            target_arn: String::new(),
            subject: String::new(),
            message: String::new(),
            attributes: Vec::new(),
        };
        let own = SigV4Config {
            region: "r".to_owned(),
            key: Some(("own".to_owned(), signals::Secret::new("k".to_owned()))),
        };
        let environment = |name: &str| name.to_lowercase();
        let shown = |found: Result<Credentials, Failure>| match found {
            Ok(found) => format!("{} {} {}", found.id, found.token, found.region),
            Err(failure) => failure.message,
        };
        assert_eq!(shown(credentials(&config(own), environment)), "own  r");
        let nothing = SigV4Config::default();
        assert_eq!(
            shown(credentials(&config(nothing.clone()), environment)),
            "aws_access_key_id aws_session_token aws_region"
        );
        let absent = shown(credentials(&config(nothing), |_| String::new()));
        assert!(absent.starts_with("no credentials"), "{absent}");
    }
}
