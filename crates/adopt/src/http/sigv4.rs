//! The signature of Amazon's services. Credentials are those of the section or of the environment;
//! profiles and roles are not supported.

use signals::Secret;

use crate::error::Read;
use crate::yaml::Fields;

/// How requests to Amazon are signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SigV4Config {
    /// The region; empty if the environment decides.
    pub region: String,
    /// The id of the key and the key; `None` if they are in the environment.
    pub key: Option<(String, Secret<String>)>,
}

/// Checks the section `sigv4` and notes that it is not supported; returns whether it is there.
pub(crate) fn sigv4(fields: &mut Fields<'_>) -> Read<bool> {
    let is_there = read(fields, &[])?.is_some();
    if is_there {
        fields.document.note_unsupported("sigv4", fields.at("sigv4"));
    }
    Ok(is_there)
}

/// Reads the section `sigv4`; what is not supported in it is noted.
pub(crate) fn sigv4_config(fields: &mut Fields<'_>) -> Read<SigV4Config> {
    Ok(read(fields, &["profile", "role_arn", "external_id"])?.unwrap_or_default())
}

/// Reads the section, and notes these of its keys.
fn read(fields: &mut Fields<'_>, noted: &[&str]) -> Read<Option<SigV4Config>> {
    let Some(mut section) = fields.section("sigv4", "sigv4.plain")? else { return Ok(None) };
    let id = section.text_or_empty("access_key")?;
    let key = section.secret("secret_key")?;
    let region = section.text_or_empty("region")?;
    for name in ["profile", "role_arn", "external_id", "use_fips_sts_endpoint", "service_name"] {
        let is_written = section.take(name).is_some();
        if is_written && noted.contains(&name) {
            section.document.note_unsupported(name, section.at(name));
        }
    }
    section.finish()?;
    if id.is_empty() == key.is_some() {
        let reason = "must provide a AWS SigV4 Access key and Secret Key if credentials are \
                      specified in the SigV4 config";
        return Err(section.node.fault(reason));
    }
    Ok(Some(SigV4Config { region, key: key.map(|key| (id, key)) }))
}
