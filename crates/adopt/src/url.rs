//! URLs that may contain a password.

use std::fmt;
use std::ops::Range;

/// A URL, shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// Checks a URL as far as configuration files need it.
    ///
    /// # Errors
    /// A message in the form of Go's `url.Parse`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = |reason: &str| {
            let shown = Self(text.to_owned());
            Err(format!("parse \"{shown}\": {reason}"))
        };
        if text.chars().any(char::is_control) {
            return invalid("net/url: invalid control character in URL");
        }
        if text.starts_with(':') {
            return invalid("missing protocol scheme");
        }
        let url = Self(text.to_owned());
        let authority = url.authority();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        if host.contains([' ', '"', '<', '>']) {
            return invalid("invalid character in host name");
        }
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port),
            _ => (host, ""),
        };
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return invalid(&format!("invalid port \":{port}\" after host"));
        }
        if name.contains('[') != name.ends_with(']') {
            return invalid("missing ']' in host");
        }
        Ok(url)
    }

    /// The URL with its password, for the code that sends requests.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The scheme in lower case; empty if there is none.
    #[must_use]
    pub fn scheme(&self) -> String {
        let scheme = self.0.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if is_scheme { scheme.to_ascii_lowercase() } else { String::new() }
    }

    /// The host with its port; empty if there is none.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.authority();
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    }

    fn authority(&self) -> &str {
        let after = match self.0.split_once("//") {
            Some((before, after)) if before.is_empty() || before.ends_with(':') => after,
            _ => return "",
        };
        &after[..after.find(['/', '?', '#']).unwrap_or(after.len())]
    }
}

/// Where the password of a URL is in a text that is one, or contains one.
pub(crate) fn password(text: &str) -> Option<Range<usize>> {
    let start = text.find("://")? + 3;
    let length = text[start..].find(['/', '?', '#']).unwrap_or(text.len() - start);
    let user = text[start..start + length].rfind('@')?;
    let colon = text[start..start + user].find(':')?;
    Some(start + colon + 1..start + user)
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match password(&self.0) {
            None => f.write_str(&self.0),
            Some(range) => {
                write!(f, "{}xxxxx{}", &self.0[..range.start], &self.0[range.end..])
            }
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let url = Url::parse("http://user:pa@ss@host:80/a?b=c@d").unwrap();
        assert_eq!(url.to_string(), "http://user:xxxxx@host:80/a?b=c@d");
        assert_eq!((url.scheme().as_str(), url.host()), ("http", "host:80"));
        assert_eq!(Url::parse("http://user@host").unwrap().to_string(), "http://user@host");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in ["http://host:port", ":a", "http://a b/", "http://[::1", "a\nb"] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
        for text in ["http://[::1]:80", "host:80", "/path", "unix:///var/run/docker.sock", ""] {
            assert!(Url::parse(text).is_ok(), "{text}");
        }
    }
}
