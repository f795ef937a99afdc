//! The signature of Amazon's services, which is checked and not supported.

use crate::error::Read;
use crate::yaml::Fields;

/// Notes the section `sigv4`; returns whether it is there.
pub(crate) fn sigv4(fields: &mut Fields<'_>) -> Read<bool> {
    let Some(mut section) = fields.section("sigv4", "sigv4.plain")? else { return Ok(false) };
    let has_access_key = !section.text_or_empty("access_key")?.is_empty();
    let has_secret_key = section.secret("secret_key")?.is_some();
    for key in
        ["region", "profile", "role_arn", "external_id", "use_fips_sts_endpoint", "service_name"]
    {
        section.take(key);
    }
    section.finish()?;
    if has_access_key != has_secret_key {
        let reason = "must provide a AWS SigV4 Access key and Secret Key if credentials are \
                      specified in the SigV4 config";
        return Err(section.node.fault(reason));
    }
    fields.document.note_unsupported("sigv4", fields.at("sigv4"));
    Ok(true)
}
