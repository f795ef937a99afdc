//! The configuration as it may be shown.

use std::ops::Range;

use crate::url::password;
use crate::yaml::{Document, Node, Value};

/// Keys whose values no system shows, in any section.
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

/// The text of a file with `<secret>` in place of secrets and passwords in URLs. Further keys of
/// secrets are written as `key`, or as `section.key` where other sections have no secret there.
pub(crate) fn redacted(document: &Document, further: &[&str]) -> String {
    let mut search = Search { text: &document.text, further, found: Vec::new() };
    if let Some(root) = document.root.as_deref() {
        search.visit(root, "", false);
    }
    let mut secrets = search.found;
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
struct Search<'a> {
    text: &'a str,
    further: &'a [&'a str],
    found: Vec<Range<usize>>,
}

impl Search<'_> {
    fn visit(&mut self, node: &Node, section: &str, is_secret: bool) {
        match &node.value {
            Value::Scalar(scalar) if is_secret => {
                if !scalar.text.is_empty() {
                    self.found.push(node.range.clone());
                }
            }
            Value::Scalar(_) => {
                let written = self.text.get(node.range.clone()).unwrap_or_default();
                let start = node.range.start;
                let password = password(written);
                self.found.extend(password.map(|range| start + range.start..start + range.end));
            }
            Value::Sequence(elements) => {
                for element in elements {
                    self.visit(element, section, is_secret);
                }
            }
            Value::Mapping(pairs) => {
                for (key, value) in pairs {
                    let name = match &key.value {
                        Value::Scalar(scalar) => scalar.text.as_str(),
                        _ => "",
                    };
                    let is_key = self.is_secret(section, name);
                    self.visit(value, name, is_secret || is_key);
                }
            }
        }
    }

    fn is_secret(&self, section: &str, key: &str) -> bool {
        let is_further = |further: &&str| match further.split_once('.') {
            Some(place) => place == (section, key),
            None => *further == key,
        };
        SECRETS.contains(&key) || self.further.iter().any(is_further)
    }
}
