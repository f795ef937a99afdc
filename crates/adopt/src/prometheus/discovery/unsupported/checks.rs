//! Checks of single kinds.

use super::super::http_url;
use crate::error::Read;
use crate::http::{Authentication, HttpClientConfig};
use crate::url::Url;
use crate::yaml::Fields;

pub(super) fn azure(fields: &mut Fields<'_>, _: &HttpClientConfig) -> Read<()> {
    let method = fields.text_or_empty("authentication_method")?;
    if !matches!(method.as_str(), "" | "OAuth") {
        return Ok(());
    }
    for key in ["tenant_id", "client_id", "client_secret"] {
        if fields.text_or_empty(key)?.is_empty() {
            return Err(fields.node.fault(format!("azure SD configuration requires a {key}")));
        }
    }
    Ok(())
}

pub(super) fn consul(fields: &mut Fields<'_>, client: &HttpClientConfig) -> Read<()> {
    let server = fields.text("server")?.unwrap_or_else(|| "localhost:8500".to_owned());
    if server.trim().is_empty() {
        return Err(fields.fault("server", "consul SD configuration requires a server address"));
    }
    let has_user = !fields.text_or_empty("username")?.is_empty()
        || !fields.text_or_empty("password")?.is_empty();
    if has_user && matches!(client.authentication, Some(Authentication::Basic { .. })) {
        let reason = "at most one of consul SD configuration username and password and basic auth \
                      can be configured";
        return Err(fields.node.fault(reason));
    }
    let has_token = !fields.text_or_empty("token")?.is_empty();
    let is_basic = matches!(client.authentication, None | Some(Authentication::Basic { .. }));
    if has_token && !is_basic {
        let reason = "at most one of consul SD token, authorization, or oauth2 can be configured";
        return Err(fields.node.fault(reason));
    }
    Ok(())
}

pub(super) fn ec2(fields: &mut Fields<'_>, _: &HttpClientConfig) -> Read<()> {
    let document = fields.document;
    for element in fields.elements("filters")? {
        let mut filter = Fields::new(document, element, "aws.EC2Filter")?;
        filter.text("name")?;
        if filter.texts("values")?.is_empty() {
            return Err(element.fault("EC2 SD configuration filter values cannot be empty"));
        }
        filter.finish()?;
    }
    Ok(())
}

pub(super) fn eureka(fields: &mut Fields<'_>, _: &HttpClientConfig) -> Read<()> {
    let server = fields.text_or_empty("server")?;
    let url = Url::parse(&server).map_err(|reason| fields.fault("server", reason))?;
    if url.scheme().is_empty() || url.host().is_empty() {
        return Err(fields.fault("server", "eureka_sd: invalid eureka server URL"));
    }
    Ok(())
}

pub(super) fn kuma(fields: &mut Fields<'_>, _: &HttpClientConfig) -> Read<()> {
    let server = fields.text_or_empty("server")?;
    let url = Url::parse(&server).map_err(|reason| fields.fault("server", reason))?;
    if url.scheme().is_empty() || url.host().is_empty() {
        let reason = format!("kuma SD server must not be empty and have a scheme: {url}");
        return Err(fields.fault("server", reason));
    }
    Ok(())
}

pub(super) fn marathon(fields: &mut Fields<'_>, client: &HttpClientConfig) -> Read<()> {
    if fields.elements("servers")?.is_empty() {
        return Err(fields.node.fault("marathon_sd: must contain at least one Marathon server"));
    }
    let has_token = !fields.text_or_empty("auth_token")?.is_empty();
    let has_file = !fields.text_or_empty("auth_token_file")?.is_empty();
    let has_bearer =
        fields.take("bearer_token").is_some() || fields.take("bearer_token_file").is_some();
    let others = match &client.authentication {
        _ if has_token && has_file => "auth_token & auth_token_file",
        _ if !has_token && !has_file => return Ok(()),
        Some(Authentication::Basic { .. }) => "basic_auth, auth_token & auth_token_file",
        Some(Authentication::Authorization { .. }) if has_bearer => {
            "bearer_token, bearer_token_file, auth_token & auth_token_file"
        }
        Some(Authentication::Authorization { .. }) => "auth_token, auth_token_file & authorization",
        _ => return Ok(()),
    };
    let reason = format!("marathon_sd: at most one of {others} must be configured");
    Err(fields.node.fault(reason))
}

pub(super) fn puppetdb(fields: &mut Fields<'_>, _: &HttpClientConfig) -> Read<()> {
    let url = fields.text_or_empty("url")?;
    http_url(fields, &url)?;
    if fields.text_or_empty("query")?.is_empty() {
        return Err(fields.fault("query", "query missing"));
    }
    Ok(())
}

pub(super) fn secret_key(fields: &mut Fields<'_>, _: &HttpClientConfig) -> Read<()> {
    if fields.take("secret_key").is_some() && fields.take("secret_key_file").is_some() {
        let reason = "at most one of secret_key & secret_key_file must be configured";
        return Err(fields.fault("secret_key_file", reason));
    }
    Ok(())
}

pub(super) fn stackit(fields: &mut Fields<'_>, _: &HttpClientConfig) -> Read<()> {
    let endpoint = fields.text_or_empty("endpoint")?;
    if endpoint.is_empty() && fields.text("region")?.is_some_and(|region| region.is_empty()) {
        return Err(fields.node.fault("stackit_sd: endpoint and region missing"));
    }
    match Url::parse(&endpoint) {
        Ok(_) => Ok(()),
        Err(reason) => {
            let reason = format!("stackit_sd: invalid endpoint {endpoint:?}: {reason}");
            Err(fields.fault("endpoint", reason))
        }
    }
}

pub(super) fn zookeeper(fields: &mut Fields<'_>, _: &HttpClientConfig) -> Read<()> {
    if fields.elements("servers")?.is_empty() {
        let reason = "SD config must contain at least one Zookeeper server";
        return Err(fields.node.fault(reason));
    }
    let paths = fields.elements("paths")?;
    if paths.is_empty() {
        return Err(fields.node.fault("SD config must contain at least one path"));
    }
    for path in paths {
        let text = path.text()?;
        if !text.starts_with('/') {
            return Err(path.fault(format!("SD config paths must begin with '/': {text}")));
        }
    }
    Ok(())
}
