//! The sections `storage`, `tracing` and `runtime`.

use std::time::Duration;

use super::remote::check_header;
use crate::error::Read;
use crate::http;
use crate::yaml::Fields;

/// Settings of the storage.
#[derive(Debug, Clone, PartialEq)]
pub struct Storage {
    /// How old a sample may be, compared with the newest one.
    pub out_of_order_time_window: Duration,
    /// How long samples are kept, if it is set here.
    pub retention_time: Option<Duration>,
    /// How many bytes are kept, if it is set here.
    pub retention_size: Option<u64>,
    /// Which part of the disk is used, in percent, if it is set here.
    pub retention_percentage: Option<f64>,
    /// Exemplars that are kept; none if it is not positive.
    pub max_exemplars: i64,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            out_of_order_time_window: Duration::ZERO,
            retention_time: None,
            retention_size: None,
            retention_percentage: None,
            max_exemplars: 100_000,
        }
    }
}

pub(super) fn storage(section: Option<Fields<'_>>) -> Read<Storage> {
    let mut storage = Storage::default();
    let Some(mut fields) = section else {
        return Ok(storage);
    };
    if let Some(mut exemplars) = fields.section("exemplars", "config.ExemplarsConfig")? {
        storage.max_exemplars = exemplars.signed("max_exemplars")?.unwrap_or_default();
        exemplars.finish()?;
    }
    if let Some(mut tsdb) = fields.section("tsdb", "config.plain")? {
        let window = tsdb.duration("out_of_order_time_window")?;
        storage.out_of_order_time_window = window.unwrap_or_default();
        tsdb.float("stale_series_compaction_threshold")?;
        chunk_encoding(&mut tsdb)?;
        if let Some(retention) = tsdb.section("retention", "config.plain")? {
            // How long data is kept is a setting of the store, for all signals.
            tsdb.document.note_unsupported("retention", tsdb.at("retention"));
            read_retention(retention, &mut storage)?;
        }
        tsdb.finish()?;
    }
    fields.finish()?;
    Ok(storage)
}

/// How Prometheus encodes its chunks: checked, and without meaning here.
fn chunk_encoding(tsdb: &mut Fields<'_>) -> Read<()> {
    let Some(mut encoding) = tsdb.section("chunk_encoding", "config.ChunkEncodingConfig")? else {
        return Ok(());
    };
    let floats = encoding.text_or_empty("floats")?;
    encoding.finish()?;
    if !matches!(floats.as_str(), "" | "xor" | "xor2") {
        let reason = format!(
            "'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be \
             omitted entirely, got {floats:?}"
        );
        return Err(encoding.fault("floats", reason));
    }
    Ok(())
}

fn read_retention(mut fields: Fields<'_>, storage: &mut Storage) -> Read<()> {
    storage.retention_time = fields.duration("time")?.filter(|time| !time.is_zero());
    let size = fields.bytes("size")?;
    let percentage = fields.float("percentage")?.unwrap_or_default();
    fields.finish()?;
    let prefix = "'storage.tsdb.retention.";
    let size = u64::try_from(size).map_err(|_| {
        let reason = format!("{prefix}size' must be greater than or equal to 0, got {size}B");
        fields.fault("size", reason)
    })?;
    if !(0.0..=100.0).contains(&percentage) {
        let reason = format!("{prefix}percentage' must be in the range [0, 100], got {percentage}");
        return Err(fields.fault("percentage", reason));
    }
    storage.retention_size = (size > 0).then_some(size);
    storage.retention_percentage = (percentage > 0.0).then_some(percentage);
    Ok(())
}

/// Where Prometheus sends its own spans, which is not supported.
pub(super) fn tracing(main: &mut Fields<'_>) -> Read<()> {
    let Some(mut fields) = main.section("tracing", "config.plain")? else {
        return Ok(());
    };
    let client = fields.text("client_type")?.unwrap_or_else(|| "grpc".to_owned());
    let endpoint = fields.text_or_empty("endpoint")?;
    fields.float("sampling_fraction")?;
    fields.flag("insecure", false)?;
    http::tls(&mut fields, "tls_config")?;
    let headers = fields.text_map("headers")?;
    let compression = fields.text_or_empty("compression")?;
    fields.duration("timeout")?;
    fields.finish()?;
    if !matches!(client.as_str(), "" | "http" | "grpc") {
        let reason =
            format!("expected tracing client type to be to be http or grpc, but got {client}");
        return Err(fields.fault("client_type", reason));
    }
    for (name, _) in &headers {
        if name.eq_ignore_ascii_case("authorization") {
            let reason = "custom authorization header configuration is not yet supported";
            return Err(fields.fault("headers", reason));
        }
        check_header(&fields, name)?;
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

/// Settings of Go's memory management: checked, and without meaning here.
pub(super) fn runtime(main: &mut Fields<'_>) -> Read<()> {
    if let Some(mut fields) = main.section("runtime", "config.RuntimeConfig")? {
        fields.signed("gogc")?;
        fields.finish()?;
    }
    Ok(())
}
