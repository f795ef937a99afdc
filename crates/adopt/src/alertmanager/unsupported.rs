//! Sections about Alertmanager's own telemetry, which are accepted and not supported.

use crate::error::Read;
use crate::http;
use crate::yaml::Fields;

/// Notes the sections that are there.
pub(super) fn read(fields: &mut Fields<'_>) -> Read<()> {
    tracing(fields)?;
    event_recorder(fields)
}

fn tracing(main: &mut Fields<'_>) -> Read<()> {
    let Some(mut fields) = main.section("tracing", "tracing.plain")? else { return Ok(()) };
    let client = fields.text("client_type")?;
    let endpoint = fields.text_or_empty("endpoint")?;
    fields.float("sampling_fraction")?;
    fields.flag("insecure", false)?;
    http::tls(&mut fields, "tls_config")?;
    http::headers(&mut fields, "headers")?;
    let compression = fields.text_or_empty("compression")?;
    fields.duration("timeout")?;
    fields.finish()?;
    if let Some(client) = client.filter(|client| !matches!(client.as_str(), "http" | "grpc")) {
        let reason =
            format!("expected tracing client type to be to be http or grpc, but got {client}");
        return Err(fields.fault("client_type", reason));
    }
    if endpoint.is_empty() {
        return Err(fields.node.fault("tracing endpoint must be set"));
    }
    if !matches!(compression.as_str(), "" | "gzip") {
        let reason =
            format!("invalid compression type {compression} provided, valid options: gzip");
        return Err(fields.fault("compression", reason));
    }
    main.document.note_unsupported("tracing", main.at("tracing"));
    Ok(())
}

fn event_recorder(main: &mut Fields<'_>) -> Read<()> {
    let Some(mut fields) = main.section("event_recorder", "eventrecorder.Config")? else {
        return Ok(());
    };
    for key in ["file_outputs", "webhook_outputs", "kafka_outputs", "stdout_outputs"] {
        fields.elements(key)?;
    }
    fields.finish()?;
    main.document.note_unsupported("event_recorder", main.at("event_recorder"));
    Ok(())
}
