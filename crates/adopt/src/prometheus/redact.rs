//! The configuration as it may be shown.

use std::ops::Range;

use crate::url::password;
use crate::yaml::{Document, Node, Value};

/// Keys whose values Prometheus never shows, in any section.
const SECRETS: [&str; 20] = [
    "api_token",
    "application_credential_secret",
    "application_secret",
    "auth_token",
    "bearer_token",
    "client_certificate_key",
    "client_secret",
    "consumer_key",
    "credentials",
    "key",
    "key_passphrase",
    "password",
    "private_key",
    "proxy_connect_header",
    "secret",
    "secret_access_key",
    "secret_key",
    "secrets",
    "service_account_key",
    "token",
];

/// The text of a file with `<secret>` in place of secrets and passwords in URLs.
pub(super) fn redacted(document: &Document) -> String {
    let mut secrets = Vec::new();
    if let Some(root) = document.root.as_deref() {
        find(root, false, &document.text, &mut secrets);
    }
    secrets.sort_by_key(|range| (range.start, range.end));
    let text = &document.text;
    let (mut shown, mut done) = (String::new(), 0);
    for range in secrets.into_iter().filter(|range| !range.is_empty()) {
        if range.end <= done {
            continue;
        }
        let range = range.start.max(done)..range.end;
        // The parser has no bytes for some text: nothing is shown rather than a secret.
        let (Some(before), Some(secret)) = (text.get(done..range.start), text.get(range.clone()))
        else {
            return "<secret>\n".to_owned();
        };
        shown.push_str(before);
        shown.push_str("<secret>");
        if secret.ends_with('\n') {
            shown.push('\n');
        }
        done = range.end;
    }
    shown.push_str(text.get(done..).unwrap_or_default());
    shown
}

/// Finds the bytes of secrets: all text below one of the keys.
fn find(node: &Node, is_secret: bool, text: &str, secrets: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Scalar(scalar) if is_secret => {
            if !scalar.text.is_empty() {
                secrets.push(node.range.clone());
            }
        }
        Value::Scalar(_) => {
            let written = text.get(node.range.clone()).unwrap_or_default();
            let password = password(written);
            secrets.extend(
                password.map(|range| node.range.start + range.start..node.range.start + range.end),
            );
        }
        Value::Sequence(elements) => {
            for element in elements {
                find(element, is_secret, text, secrets);
            }
        }
        Value::Mapping(pairs) => {
            for (key, value) in pairs {
                let is_key = matches!(&key.value, Value::Scalar(scalar)
                    if SECRETS.contains(&scalar.text.as_str()));
                find(value, is_secret || is_key, text, secrets);
            }
        }
    }
}
