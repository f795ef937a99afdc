//! Attributes of elements, by what their values are.

/// What the value of an attribute is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Attribute {
    /// Text.
    #[default]
    Plain,
    /// Text that determines how content is interpreted. Templates may set it, values may not name it.
    Sensitive,
    /// The content of `meta`, which may be a URL to go to.
    Content,
    Url,
    /// URLs separated by commas.
    UrlList,
    Style,
    /// The `type` of a script.
    ScriptType,
    /// A script or document, or an attribute whose name is composed.
    Refused,
}

const URLS: [&str; 17] = [
    "action",
    "archive",
    "background",
    "cite",
    "classid",
    "codebase",
    "data",
    "formaction",
    "href",
    "icon",
    "longdesc",
    "manifest",
    "poster",
    "profile",
    "src",
    "usemap",
    "xmlns",
];

const SENSITIVE: [&str; 17] = [
    "accept-charset",
    "async",
    "challenge",
    "charset",
    "crossorigin",
    "defer",
    "enctype",
    "form",
    "formenctype",
    "formmethod",
    "formnovalidate",
    "http-equiv",
    "keytype",
    "language",
    "method",
    "sandbox",
    "type",
];

/// More of [`SENSITIVE`].
const VALIDATION: [&str; 4] = ["novalidate", "pattern", "rel", "value"];

impl Attribute {
    /// The attribute with this name.
    pub(super) fn named(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let name = match name.strip_prefix("data-") {
            Some(custom) => custom,
            None => match name.split_once(':') {
                Some(("xmlns", _)) => return Self::Url,
                Some((_, local)) => local,
                None => &name,
            },
        };
        match name {
            "style" => Self::Style,
            "srcset" => Self::UrlList,
            "content" => Self::Content,
            "srcdoc" => Self::Refused,
            name if URLS.contains(&name) => Self::Url,
            name if SENSITIVE.contains(&name) || VALIDATION.contains(&name) => Self::Sensitive,
            name if name.starts_with("on") => Self::Refused,
            // Custom attributes with URLs.
            name if ["src", "uri", "url"].iter().any(|part| name.contains(part)) => Self::Url,
            _ => Self::Plain,
        }
    }
}

/// Whether a script of this type is JavaScript or JSON.
pub(super) fn is_script_type(name: &str) -> bool {
    let name = name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let kind = name.split_once('/').map_or(name.as_str(), |(_, kind)| kind);
    matches!(name.as_str(), "" | "module")
        || kind.contains("javascript")
        || kind.contains("ecmascript")
        || kind.contains("json")
        || matches!(kind, "jscript" | "livescript")
}
