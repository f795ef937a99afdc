//! Reads the keys of HTTP clients, which lie among other keys of a section.

use signals::Secret;

use super::{
    Authentication, HttpClientConfig, HttpHeader, OAuth2, Proxy, Source, TlsConfig, TlsVersion,
};
use crate::error::Read;
use crate::url::Url;
use crate::yaml::Fields;

/// Headers that no configuration may set.
pub(crate) const RESERVED: [&str; 18] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "user-agent",
    "www-authenticate",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-prometheus-remote-read-version",
    "x-prometheus-remote-write-version",
    "x-prometheus-scrape-timeout-seconds",
];

const JWT_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Reads the keys of a client; HTTP 2 is allowed by default, or not.
pub(crate) fn read(fields: &mut Fields<'_>, http2: bool) -> Read<HttpClientConfig> {
    Ok(HttpClientConfig {
        authentication: authentication(fields)?,
        tls: tls(fields, "tls_config")?,
        proxy: proxy(fields)?,
        follow_redirects: fields.flag("follow_redirects", true)?,
        enable_http2: fields.flag("enable_http2", http2)?,
        headers: headers(fields, "http_headers")?,
    })
}

fn authentication(fields: &mut Fields<'_>) -> Read<Option<Authentication>> {
    let token = fields.secret("bearer_token")?;
    let token_file = fields.path("bearer_token_file")?;
    let has_basic = fields.take("basic_auth").is_some();
    let has_oauth2 = fields.take("oauth2").is_some();
    let has_authorization = fields.take("authorization").is_some();
    let has_token = token.is_some() || token_file.is_some();
    let conflict = if token.is_some() && token_file.is_some() {
        "at most one of bearer_token & bearer_token_file must be configured"
    } else if has_token && (has_basic || has_oauth2) {
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"
    } else if has_token && has_authorization {
        "authorization is not compatible with bearer_token & bearer_token_file"
    } else if usize::from(has_basic) + usize::from(has_oauth2) + usize::from(has_authorization) > 1
    {
        "at most one of basic_auth, oauth2 & authorization must be configured"
    } else {
        ""
    };
    if !conflict.is_empty() {
        return Err(fields.node.fault(conflict));
    }
    if has_basic {
        return basic(fields);
    }
    if has_oauth2 {
        return oauth2(fields);
    }
    if has_authorization {
        return authorization(fields);
    }
    let credentials = token.map(Source::Inline).or(token_file.map(Source::File));
    let kind = || "Bearer".to_owned();
    Ok(credentials.map(|credentials| Authentication::Authorization {
        kind: kind(),
        credentials: Some(credentials),
    }))
}

fn basic(fields: &mut Fields<'_>) -> Read<Option<Authentication>> {
    let Some(mut basic) = fields.section("basic_auth", "config.plain")? else {
        return Ok(None);
    };
    let read = Authentication::Basic {
        username: text_source(
            &mut basic,
            ["username", "username_file", "username_ref"],
            "at most one of basic_auth username, username_file & username_ref must be configured",
        )?,
        password: secret_source(
            &mut basic,
            ["password", "password_file", "password_ref"],
            "at most one of basic_auth password, password_file & password_ref must be configured",
        )?,
    };
    basic.finish()?;
    Ok(Some(read))
}

fn authorization(fields: &mut Fields<'_>) -> Read<Option<Authentication>> {
    let Some(mut section) = fields.section("authorization", "config.Authorization")? else {
        return Ok(None);
    };
    let kind = section.text_or_empty("type")?.trim().to_owned();
    let credentials = secret_source(
        &mut section,
        ["credentials", "credentials_file", "credentials_ref"],
        "at most one of authorization credentials & credentials_file must be configured",
    )?;
    section.finish()?;
    if kind.eq_ignore_ascii_case("basic") {
        let reason = "authorization type cannot be set to \"basic\", use \"basic_auth\" instead";
        return Err(section.fault("type", reason));
    }
    let kind = if kind.is_empty() { "Bearer".to_owned() } else { kind };
    Ok(Some(Authentication::Authorization { kind, credentials }))
}

fn oauth2(fields: &mut Fields<'_>) -> Read<Option<Authentication>> {
    let Some(mut section) = fields.section("oauth2", "config.plain")? else {
        return Ok(None);
    };
    let section = &mut section;
    certificate_grant(section)?;
    let client_id = section.text_or_empty("client_id")?;
    let client_secret = secret_source(
        section,
        ["client_secret", "client_secret_file", "client_secret_ref"],
        "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be \
         configured",
    )?;
    let scopes = section.texts("scopes")?;
    let token_url = section.text_or_empty("token_url")?;
    let endpoint_params = section.text_map("endpoint_params")?;
    let (tls, proxy) = (tls(section, "tls_config")?, proxy(section)?);
    section.finish()?;
    if client_id.is_empty() {
        return Err(section.fault("client_id", "oauth2 client_id must be configured"));
    }
    if token_url.is_empty() {
        return Err(section.fault("token_url", "oauth2 token_url must be configured"));
    }
    let token_url = Url::parse(&token_url).map_err(|reason| section.fault("token_url", reason))?;
    let oauth2 =
        OAuth2 { client_id, client_secret, scopes, token_url, endpoint_params, tls, proxy };
    Ok(Some(Authentication::OAuth2(Box::new(oauth2))))
}

/// The keys of a grant by certificate, which is not supported.
fn certificate_grant(section: &mut Fields<'_>) -> Read<()> {
    let grant = section.text_or_empty("grant_type")?;
    let keys =
        ["client_certificate_key", "client_certificate_key_file", "client_certificate_key_ref"];
    let written = keys.map(|key| section.take(key).is_some());
    for key in ["client_certificate_key_id", "signature_algorithm", "iss", "audience", "claims"] {
        section.take(key);
    }
    if grant != JWT_GRANT {
        return Ok(());
    }
    if written.into_iter().filter(|is_written| *is_written).count() > 1 {
        return Err(section.fault(
            "client_certificate_key",
            format!(
                "at most one of oauth2 client_certificate_key, client_certificate_key_file & \
                 client_certificate_key_ref must be configured using grant-type={JWT_GRANT}"
            ),
        ));
    }
    let at = section.at("grant_type");
    section.document.note_unsupported("grant_type", at);
    Ok(())
}

/// Reads a section like `tls_config`.
pub(crate) fn tls(fields: &mut Fields<'_>, key: &str) -> Read<TlsConfig> {
    let Some(mut section) = fields.section(key, "config.TLSConfig")? else {
        return Ok(TlsConfig::default());
    };
    let section = &mut section;
    let tls = TlsConfig {
        ca: text_source(
            section,
            ["ca", "ca_file", "ca_ref"],
            "at most one of ca, ca_file & ca_ref must be configured",
        )?,
        certificate: text_source(
            section,
            ["cert", "cert_file", "cert_ref"],
            "at most one of cert, cert_file & cert_ref must be configured",
        )?,
        key: secret_source(
            section,
            ["key", "key_file", "key_ref"],
            "at most one of key and key_file must be configured",
        )?,
        server_name: section.text("server_name")?.filter(|name| !name.is_empty()),
        insecure_skip_verify: section.flag("insecure_skip_verify", false)?,
        min_version: tls_version(section, "min_version")?,
        max_version: tls_version(section, "max_version")?,
    };
    section.finish()?;
    if tls.certificate.is_some() && tls.key.is_none() {
        let reason = "exactly one of key or key_file must be configured when a client certificate \
                      is configured";
        return Err(section.node.fault(reason));
    }
    if tls.key.is_some() && tls.certificate.is_none() {
        let reason = "exactly one of cert or cert_file must be configured when a client key is \
                      configured";
        return Err(section.node.fault(reason));
    }
    Ok(tls)
}

fn tls_version(section: &mut Fields<'_>, key: &str) -> Read<Option<TlsVersion>> {
    let Some(node) = section.take(key) else {
        return Ok(None);
    };
    match node.text()?.as_str() {
        "TLS10" => Ok(Some(TlsVersion::Tls10)),
        "TLS11" => Ok(Some(TlsVersion::Tls11)),
        "TLS12" => Ok(Some(TlsVersion::Tls12)),
        "TLS13" => Ok(Some(TlsVersion::Tls13)),
        other => Err(node.fault(format!("unknown TLS version: {other}"))),
    }
}

fn proxy(fields: &mut Fields<'_>) -> Read<Proxy> {
    let url = match fields.take("proxy_url") {
        None => None,
        Some(node) => Some(Url::parse(&node.text()?).map_err(|reason| node.fault(reason))?),
    };
    let proxy = Proxy {
        url: url.filter(|url| !url.reveal().is_empty()),
        no_proxy: fields.text_or_empty("no_proxy")?,
        from_environment: fields.flag("proxy_from_environment", false)?,
        connect_header: connect_header(fields)?,
    };
    let has_proxy = proxy.from_environment || proxy.url.is_some();
    let conflict = if !proxy.connect_header.is_empty() && !has_proxy {
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be \
         configured"
    } else if proxy.from_environment && proxy.url.is_some() {
        "if proxy_from_environment is configured, proxy_url must not be configured"
    } else if proxy.from_environment && !proxy.no_proxy.is_empty() {
        "if proxy_from_environment is configured, no_proxy must not be configured"
    } else if proxy.url.is_none() && !proxy.no_proxy.is_empty() {
        "if no_proxy is configured, proxy_url must also be configured"
    } else {
        return Ok(proxy);
    };
    Err(fields.node.fault(conflict))
}

fn connect_header(fields: &mut Fields<'_>) -> Read<Vec<(String, Vec<Secret<String>>)>> {
    let Some(node) = fields.take("proxy_connect_header") else {
        return Ok(Vec::new());
    };
    let mut headers = Vec::new();
    for (name, values) in node.pairs("config.ProxyHeader")? {
        let values = values.elements("[]config.Secret")?.iter();
        let values = values.map(|value| value.text().map(Secret::new)).collect::<Read<_>>()?;
        headers.push((name, values));
    }
    Ok(headers)
}

/// Reads a section like `http_headers`.
pub(crate) fn headers(fields: &mut Fields<'_>, key: &str) -> Read<Vec<HttpHeader>> {
    let Some(node) = fields.take(key) else {
        return Ok(Vec::new());
    };
    let document = fields.document;
    let mut headers = Vec::new();
    for (name, header) in node.pairs("config.Headers")? {
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            let name = canonical_name(&name);
            return Err(header.fault(format!("setting header {name:?} is not allowed")));
        }
        let mut header = Fields::new(document, header, "config.Header")?;
        let files = header.texts("files")?;
        headers.push(HttpHeader {
            name,
            values: header.texts("values")?,
            secrets: header.texts("secrets")?.into_iter().map(Secret::new).collect(),
            files: files.iter().map(|file| document.path(file)).collect(),
        });
        header.finish()?;
    }
    Ok(headers)
}

/// The name with capitals where they are customary.
pub(crate) fn canonical_name(name: &str) -> String {
    let mut is_first = true;
    let character = |c: char| {
        let c = if is_first { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        is_first = c == '-';
        c
    };
    name.chars().map(character).collect()
}

/// A text that is written, in a file, or in a secret manager, which is not supported.
fn text_source(
    fields: &mut Fields<'_>,
    [inline, file, reference]: [&str; 3],
    conflict: &str,
) -> Read<Option<Source<String>>> {
    let text = fields.text(inline)?.filter(|text| !text.is_empty());
    let path = fields.path(file)?;
    let has_reference = !fields.text_or_empty(reference)?.is_empty();
    if usize::from(text.is_some()) + usize::from(path.is_some()) + usize::from(has_reference) > 1 {
        return Err(fields.node.fault(conflict));
    }
    if has_reference {
        fields.document.note_unsupported(reference, fields.at(reference));
    }
    Ok(text.map(Source::Inline).or(path.map(Source::File)))
}

fn secret_source(
    fields: &mut Fields<'_>,
    keys: [&str; 3],
    conflict: &str,
) -> Read<Option<Source<Secret<String>>>> {
    Ok(text_source(fields, keys, conflict)?.map(|source| match source {
        Source::Inline(text) => Source::Inline(Secret::new(text)),
        Source::File(path) => Source::File(path),
    }))
}
