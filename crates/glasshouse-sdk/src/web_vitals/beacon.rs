//! Parses and validates beacons, and keeps only what is recorded.

use std::borrow::Cow;

use serde::Deserialize;

use super::page;
use crate::record::BeaconRefusal;

/// Maximum number of vitals in one body.
const VITALS_MAX: usize = 50;
/// Maximum value in milliseconds: ten minutes.
const MILLISECONDS_MAX: f64 = 600_000.0;
/// Maximum layout shift.
const SHIFT_MAX: f64 = 100.0;
/// The vitals with their maximum values. FID exists until web-vitals v4; the last three are
/// additional vitals of Next.js.
const NAMES: [(&str, f64); 9] = [
    ("LCP", MILLISECONDS_MAX),
    ("CLS", SHIFT_MAX),
    ("INP", MILLISECONDS_MAX),
    ("FCP", MILLISECONDS_MAX),
    ("TTFB", MILLISECONDS_MAX),
    ("FID", MILLISECONDS_MAX),
    ("Next.js-hydration", MILLISECONDS_MAX),
    ("Next.js-route-change-to-render", MILLISECONDS_MAX),
    ("Next.js-render", MILLISECONDS_MAX),
];
/// The labels used by Next.js. All others are ignored.
const LABELS: [&str; 2] = ["web-vital", "custom"];

/// Handling of unknown fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fields {
    /// Reject the body.
    #[default]
    Strict,
    /// Ignore them.
    Lenient,
}

/// A vital as recorded.
#[derive(Debug, PartialEq)]
pub(super) struct Vital {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) page: String,
    pub(super) value: f64,
}

/// The vitals of a body, or the reason for rejecting it.
pub(super) fn parse(body: &[u8], fields: Fields) -> Result<Vec<Vital>, BeaconRefusal> {
    let lenient = || parse_as::<Lenient<'_>>(body);
    match fields {
        Fields::Lenient => lenient(),
        Fields::Strict => parse_as::<Strict<'_>>(body).map_err(|refusal| {
            let is_more =
                refusal == BeaconRefusal::Malformed && lenient() != Err(BeaconRefusal::Malformed);
            // The only error is an additional field.
            if is_more { BeaconRefusal::UnknownField } else { refusal }
        }),
    }
}

fn parse_as<'de, T: Deserialize<'de> + Into<Parts<'de>>>(
    body: &'de [u8],
) -> Result<Vec<Vital>, BeaconRefusal> {
    let malformed = |_| BeaconRefusal::Malformed;
    let is_array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let beacons: Vec<T> = if is_array {
        serde_json::from_slice(body).map_err(malformed)?
    } else {
        vec![serde_json::from_slice(body).map_err(malformed)?]
    };
    match beacons.len() {
        0 => Err(BeaconRefusal::Malformed),
        1..=VITALS_MAX => beacons.into_iter().map(|beacon| vital(&beacon.into())).collect(),
        _ => Err(BeaconRefusal::TooLarge),
    }
}

fn vital(parts: &Parts<'_>) -> Result<Vital, BeaconRefusal> {
    let known = NAMES.iter().find(|(name, _)| *name == parts.name);
    let (name, value_max) = known.ok_or(BeaconRefusal::UnknownName)?;
    // NaN is in no range.
    if !(0.0..=*value_max).contains(&parts.value) {
        return Err(BeaconRefusal::OutOfRange);
    }
    let label = parts.label.as_deref().unwrap_or_default();
    let label = LABELS.iter().find(|known| **known == label).copied().unwrap_or_default();
    let page = page::canonical(parts.page.as_deref().unwrap_or_default());
    Ok(Vital { name, label, page, value: parts.value })
}

/// The parsed fields of a beacon.
struct Parts<'a> {
    name: Cow<'a, str>,
    value: f64,
    label: Option<Cow<'a, str>>,
    page: Option<Cow<'a, str>>,
}

/// A timestamp as number or text: accepted, and not recorded.
#[derive(Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only that it is one of these matters")]
enum Timestamp<'a> {
    Number(f64),
    Text(#[serde(borrow)] Cow<'a, str>),
}

macro_rules! beacon {
    ($(#[$attribute:meta])* $name:ident) => {
        /// The fields of the contract.
        #[derive(Deserialize)]
        $(#[$attribute])*
        struct $name<'a> {
            #[serde(borrow)]
            name: Cow<'a, str>,
            value: f64,
            #[serde(rename = "delta")]
            _delta: Option<f64>,
            #[serde(borrow)]
            label: Option<Cow<'a, str>>,
            #[serde(borrow)]
            page: Option<Cow<'a, str>>,
            #[serde(borrow, rename = "navigationType")]
            _navigation_type: Option<Cow<'a, str>>,
            #[serde(borrow, rename = "timestamp")]
            _timestamp: Option<Timestamp<'a>>,
        }

        impl<'a> From<$name<'a>> for Parts<'a> {
            fn from(beacon: $name<'a>) -> Self {
                let $name { name, value, label, page, .. } = beacon;
                Self { name, value, label, page }
            }
        }
    };
}

beacon!(
    #[serde(deny_unknown_fields)]
    Strict
);
beacon!(Lenient);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_beacons_are_refused_and_sane_ones_kept() {
        let strict =
            |body: &str| parse(body.as_bytes(), Fields::Strict).ok().map(|vitals| vitals.len());
        let fifty = format!("[{}]", vec![r#"{"name":"LCP","value":1}"#; 50].join(","));
        let fifty_one = format!("[{}]", vec![r#"{"name":"LCP","value":1}"#; 51].join(","));
        let deep = "[".repeat(30_000);
        let cases = [
            (r#"{"name":"LCP","value":1200.5}"#, Some(1)),
            (
                r#"{"name":"LCP","value":1,"delta":1,"label":"web-vital","page":"/","navigationType":"navigate","timestamp":1732100000000}"#,
                Some(1),
            ),
            (r#"{"name":"LCP","value":1,"timestamp":"2026-11-20T19:00:00Z"}"#, Some(1)),
            (r#"{"name":"CLS","value":0}"#, Some(1)),
            (r#"{"name":"CLS","value":100}"#, Some(1)),
            (
                r#"{"name":"Next.js-route-change-to-render","value":600000,"label":"custom"}"#,
                Some(1),
            ),
            (r#" [{"name":"LCP","value":1},{"name":"CLS","value":0.1}] "#, Some(2)),
            (&fifty, Some(50)),
            (&fifty_one, None),
            ("", None),
            ("[]", None),
            ("{}", None),
            ("null", None),
            ("[[{}]]", None),
            (&deep, None),
            ("LCP", None),
            (r#"{"value":1}"#, None),
            (r#"{"name":null,"value":1}"#, None),
            (r#"{"name":["LCP"],"value":1}"#, None),
            (r#"{"name":"","value":1}"#, None),
            (r#"{"name":"lcp","value":1}"#, None),
            (r#"{"name":"LCP "," value":1}"#, None),
            (r#"{"name":"<script>","value":1}"#, None),
            (r#"{"name":"LCP"}"#, None),
            (r#"{"name":"LCP","value":"1"}"#, None),
            (r#"{"name":"LCP","value":[1]}"#, None),
            (r#"{"name":"LCP","value":null}"#, None),
            (r#"{"name":"LCP","value":true}"#, None),
            (r#"{"name":"LCP","value":NaN}"#, None),
            (r#"{"name":"LCP","value":Infinity}"#, None),
            (r#"{"name":"LCP","value":-1}"#, None),
            (r#"{"name":"LCP","value":1e308}"#, None),
            (r#"{"name":"LCP","value":1e999}"#, None),
            (r#"{"name":"LCP","value":600000.1}"#, None),
            (r#"{"name":"CLS","value":100.1}"#, None),
            (r#"{"name":"LCP","value":1,"delta":"1"}"#, None),
            (r#"{"name":"LCP","value":1,"timestamp":{}}"#, None),
            (r#"{"name":"LCP","value":1,"page":7}"#, None),
            (r#"{"name":"LCP","value":1,"id":"v4-1"}"#, None),
            (r#"{"name":"LCP","value":1,"user_id":"7"}"#, None),
            (r#"{"name":"LCP","value":1,"value":2}"#, None),
            (r#"{"name":"LCP","value":1} {"name":"LCP","value":1}"#, None),
            (r#"[{"name":"LCP","value":1},{"name":"LCP","value":-1}]"#, None),
            ("\u{feff}{\"name\":\"LCP\",\"value\":1}", None),
        ];
        for (body, expected) in cases {
            assert_eq!(strict(body), expected, "{}", crate::span::bounded(body, 200));
        }
        let not_text = parse(b"{\"name\":\"LCP\xff\",\"value\":1}", Fields::Strict);
        assert_eq!(not_text, Err(BeaconRefusal::Malformed));
    }

    #[test]
    fn the_lenient_rule_drops_what_it_does_not_know() {
        let raw = br#"{"name":"INP","value":88,"id":"v4-17","rating":"good","entries":[{"x":1}],"page":"/t/7"}"#;
        assert_eq!(parse(raw, Fields::Strict), Err(BeaconRefusal::UnknownField));
        let kept = Vital { name: "INP", label: "", page: "/t/:id".to_owned(), value: 88.0 };
        assert_eq!(parse(raw, Fields::Lenient), Ok(vec![kept]));
        let nameless = parse(br#"{"value":1,"id":"x"}"#, Fields::Lenient);
        assert_eq!(nameless, Err(BeaconRefusal::Malformed));
    }

    #[test]
    fn a_label_is_one_of_two_or_none() {
        for (label, expected) in
            [("web-vital", "web-vital"), ("custom", "custom"), ("anna@example.com", "")]
        {
            let body = format!(r#"{{"name":"LCP","value":1,"label":"{label}"}}"#);
            let vitals = parse(body.as_bytes(), Fields::Strict).unwrap();
            assert_eq!(vitals[0].label, expected);
        }
    }
}
