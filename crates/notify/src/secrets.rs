//! Keeps secrets out of what is shown.

use url::Url;

/// What a secret is replaced by.
const SHOWN: &str = "<secret>";
/// Bytes of a secret; what is shorter protects nothing, and is a part of many words.
const SECRET_BYTES_MIN: usize = 4;

/// The secrets of a try.
#[derive(Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Adds a secret, as it is and as JSON and URLs write it.
    pub(crate) fn add(&mut self, secret: &str) {
        let json = serde_json::Value::from(secret).to_string();
        let json = json.trim_matches('"');
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for form in [secret, json, &encoded] {
            if form.len() >= SECRET_BYTES_MIN && !self.0.iter().any(|known| known == form) {
                self.0.push(form.to_owned());
            }
        }
        // A secret may contain another one.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// Adds a URL that contains a secret, which may be in its path or in its parameters.
    pub(crate) fn add_url(&mut self, url: &Url) {
        self.add(url.as_str());
        self.add(url.path());
        for part in [url.query(), url.password()].into_iter().flatten() {
            self.add(part);
        }
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        let segments = url.path().split('/').map(str::to_owned);
        for part in segments.chain(values).filter(|part| is_token(part)) {
            self.add(&part);
        }
    }

    /// The text without secrets.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), SHOWN);
            }
        }
        text
    }
}

/// Whether a part of a URL looks like a token, unlike words such as `services`.
fn is_token(part: &str) -> bool {
    let has_digit = part.bytes().any(|byte| byte.is_ascii_digit());
    part.len() >= 20 || (has_digit && part.len() >= 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_secret_is_shown() {
        let mut secrets = Secrets::default();
        secrets.add("a\"b c");
        secrets.add_url(&Url::parse("https://host/services/T0/B0token?sig=x").unwrap());
        for (text, expected) in [
            ("key a\"b c", "key <secret>"),
            ("{\"key\":\"a\\\"b c\"}", "{\"key\":\"<secret>\"}"),
            ("?key=a%22b+c", "?key=<secret>"),
            ("https://host/services/T0/B0token?sig=x failed", "<secret> failed"),
            ("POST /services/T0/B0token", "POST <secret>"),
            ("no services for B0token", "no services for <secret>"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(secrets.redacted(text), expected);
        }
    }
}
