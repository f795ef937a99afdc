//! Readers of values that several sections of `alertmanager.yml` have.

use std::time::Duration;

use lang::logql::parse_duration;
use signals::Secret;

use crate::error::{Fault, Read};
use crate::http::{self, HttpClientConfig, Source};
use crate::url::Url;
use crate::yaml::{Fields, Node};

/// A secret, or the file that contains it.
pub type SecretSource = Source<Secret<String>>;

/// What a secret is replaced by where a configuration is shown. A configuration that was shown is
/// read like any other.
const SHOWN: &str = "<secret>";

/// The settings of a client; `None` if the section is absent.
pub(super) fn http_config(fields: &mut Fields<'_>) -> Read<Option<HttpClientConfig>> {
    let Some(mut section) = fields.section("http_config", "config.plain")? else {
        return Ok(None);
    };
    let config = http::read(&mut section, true)?;
    section.finish()?;
    Ok(Some(config))
}

/// A text, or the default template with this name.
pub(super) fn template(fields: &mut Fields<'_>, key: &str, name: &str) -> Read<String> {
    let default = || format!("{{{{ template {name:?} . }}}}");
    Ok(fields.text(key)?.unwrap_or_else(default))
}

/// A URL; `None` if it is absent or null.
pub(super) fn url(fields: &mut Fields<'_>, key: &str) -> Read<Option<Url>> {
    let Some(node) = fields.take(key) else { return Ok(None) };
    checked_url(&node.text()?).map(Some).map_err(|reason| node.fault(reason))
}

/// A URL; the default if it is absent, and `None` if it is null.
pub(super) fn url_or(fields: &mut Fields<'_>, key: &str, default: &str) -> Read<Option<Url>> {
    match fields.take_written(key) {
        Some(_) => url(fields, key),
        None => Url::parse(default).map(Some).map_err(|reason| fields.fault(key, reason)),
    }
}

fn checked_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)?;
    let scheme = url.scheme();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err(format!("unsupported scheme {scheme:?} for URL"));
    }
    if url.host().is_empty() {
        return Err("missing host for URL".to_owned());
    }
    Ok(url)
}

/// Checks a URL that is not shown in messages.
pub(super) fn check_secret_url(text: &str) -> Result<(), String> {
    if text == SHOWN {
        return Ok(());
    }
    let hidden = |reason: String| match reason.rsplit_once("\": ") {
        Some((_, reason)) => format!("parse {SHOWN:?}: {reason}"),
        None => reason,
    };
    checked_url(text).map(|_| ()).map_err(hidden)
}

/// A secret that is written under a key, or in the file under the key with `_file`.
pub(super) fn secret(fields: &mut Fields<'_>, key: &str) -> Read<Option<SecretSource>> {
    let inline = fields.secret(key)?;
    or_file(fields, key, inline)
}

/// As [`secret`], for a URL.
pub(super) fn secret_url(fields: &mut Fields<'_>, key: &str) -> Read<Option<SecretSource>> {
    let inline = match fields.take(key) {
        None => None,
        Some(node) => {
            let text = node.text()?;
            check_secret_url(&text).map_err(|reason| node.fault(reason))?;
            Some(Secret::new(text))
        }
    };
    or_file(fields, key, inline)
}

/// As [`secret_url`], for a receiver that needs it.
pub(super) fn required_secret_url(fields: &mut Fields<'_>, key: &str) -> Read<SecretSource> {
    secret_url(fields, key)?.ok_or_else(|| missing(fields, key))
}

/// As [`secret`], for a receiver that needs it.
pub(super) fn required_secret(fields: &mut Fields<'_>, key: &str) -> Read<SecretSource> {
    secret(fields, key)?.ok_or_else(|| missing(fields, key))
}

/// Neither a key nor the one with `_file` is there.
pub(super) fn missing(fields: &Fields<'_>, key: &str) -> Fault {
    fields.node.fault(format!("one of {key} or {key}_file must be configured"))
}

/// A value, or the file under the key with `_file`.
pub(super) fn or_file<T>(
    fields: &mut Fields<'_>,
    key: &str,
    inline: Option<T>,
) -> Read<Option<Source<T>>> {
    let file_key = format!("{key}_file");
    let file = fields.path(&file_key)?;
    if inline.is_some() && file.is_some() {
        let reason = format!("at most one of {key} & {file_key} must be configured");
        return Err(fields.fault(key, reason));
    }
    Ok(inline.map(Source::Inline).or(file.map(Source::File)))
}

/// How long a request may take, as a duration of Go; `None` is without limit.
pub(super) fn timeout(fields: &mut Fields<'_>) -> Read<Option<Duration>> {
    let Some(node) = fields.take("timeout") else { return Ok(None) };
    let text = node.text()?;
    let mismatch = || node.fault(format!("cannot unmarshal !!str `{text}` into time.Duration"));
    let nanoseconds = match node.signed() {
        Ok(nanoseconds) => nanoseconds,
        Err(_) => parse_duration(&text).map_err(|_| mismatch())?,
    };
    Ok(u64::try_from(nanoseconds).ok().filter(|ns| *ns > 0).map(Duration::from_nanos))
}

/// A duration of Go; the default if it is absent, and zero if it is negative.
pub(super) fn go_duration(fields: &mut Fields<'_>, key: &str, default: Duration) -> Read<Duration> {
    let Some(node) = fields.take(key) else { return Ok(default) };
    let text = node.text()?;
    let nanoseconds =
        parse_duration(&text).map_err(|reason| node.fault(format!("time: {reason}")))?;
    Ok(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or_default()))
}

/// A flag; `None` if it is absent or null.
pub(super) fn flag(node: Option<&Node>) -> Read<Option<bool>> {
    node.map(Node::flag).transpose()
}

/// Whether a text contains a template.
///
/// # Errors
/// A message if an action does not end. Other mistakes are found when the template is compiled.
pub(super) fn is_template(text: &str) -> Result<bool, String> {
    let mut rest = text;
    let mut is_template = false;
    while let Some((_, action)) = rest.split_once("{{") {
        is_template = true;
        let is_comment = action.trim_start_matches("- ").starts_with("/*");
        let end = if is_comment { "*/" } else { "}}" };
        let Some((_, after)) = action.split_once(end) else {
            let reason = if is_comment { "unclosed comment" } else { "unclosed action" };
            return Err(format!("template: :1: {reason}"));
        };
        rest = after;
    }
    Ok(is_template)
}
