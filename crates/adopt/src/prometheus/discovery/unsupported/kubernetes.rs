//! Checks of `kubernetes_sd_configs`.

use crate::error::Read;
use crate::http::HttpClientConfig;
use crate::url::Url;
use crate::yaml::Fields;

pub(super) fn check(fields: &mut Fields<'_>, client: &HttpClientConfig) -> Read<()> {
    let server = fields.text_or_empty("api_server")?;
    Url::parse(&server).map_err(|reason| fields.fault("api_server", reason))?;
    let has_server = !server.is_empty();
    let has_file = !fields.text_or_empty("kubeconfig_file")?.is_empty();
    let has_client = *client != HttpClientConfig::default();
    let own_namespace = namespaces(fields)?;
    attach_metadata(fields)?;
    let conflict = if has_server && has_file {
        "cannot use 'kubeconfig_file' and 'api_server' simultaneously"
    } else if has_file && has_client {
        "cannot use a custom HTTP client configuration together with 'kubeconfig_file'"
    } else if !has_server && has_client {
        "to use custom HTTP client configuration please provide the 'api_server' URL explicitly"
    } else if has_server && own_namespace {
        "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously"
    } else if has_file && own_namespace {
        "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously"
    } else {
        return selectors(fields);
    };
    Err(fields.node.fault(conflict))
}

fn namespaces(fields: &mut Fields<'_>) -> Read<bool> {
    let Some(mut namespaces) = fields.section("namespaces", "kubernetes.plain")? else {
        return Ok(false);
    };
    namespaces.texts("names")?;
    let own_namespace = namespaces.flag("own_namespace", false)?;
    namespaces.finish()?;
    Ok(own_namespace)
}

fn attach_metadata(fields: &mut Fields<'_>) -> Read<()> {
    let kind = "kubernetes.AttachMetadataConfig";
    if let Some(mut section) = fields.section("attach_metadata", kind)? {
        for key in ["node", "namespace", "deployment", "job", "cronjob"] {
            section.flag(key, false)?;
        }
        section.finish()?;
    }
    Ok(())
}

fn selectors(fields: &mut Fields<'_>) -> Read<()> {
    let role = fields.text_or_empty("role")?;
    let allowed: &[&str] = match role.as_str() {
        "pod" => &["pod", "node"],
        "service" => &["service"],
        "endpointslice" => &["pod", "service", "endpointslice"],
        "endpoints" => &["pod", "service", "endpoints"],
        "node" => &["node"],
        _ => &["ingress"],
    };
    let mut found: Vec<String> = Vec::new();
    for element in fields.elements("selectors")? {
        let mut selector = Fields::new(fields.document, element, "kubernetes.SelectorConfig")?;
        let own = selector.text_or_empty("role")?;
        let terms = selector.text_or_empty("field")?;
        selector.text("label")?;
        selector.finish()?;
        if found.contains(&own) {
            return Err(element.fault(format!("duplicated selector role: {own}")));
        }
        if !allowed.contains(&own.as_str()) {
            let allowed = allowed.join(", ");
            let reason = format!("{role} role supports only {allowed} selectors");
            return Err(element.fault(reason));
        }
        let is_term = |term: &&str| term.is_empty() || term.contains('=');
        if let Some(term) = terms.split(',').find(|term| !is_term(term)) {
            let reason = format!("invalid selector: '{terms}'; can't understand '{term}'");
            return Err(element.fault(reason));
        }
        found.push(own);
    }
    Ok(())
}
