//! Sections about Alertmanager's own telemetry, which are accepted and not supported.

use crate::error::Read;
use crate::yaml::Fields;

/// Notes the sections that are there.
pub(super) fn read(fields: &mut Fields<'_>) -> Read<()> {
    crate::prometheus::tracing(fields)?;
    let Some(mut recorder) = fields.section("event_recorder", "eventrecorder.Config")? else {
        return Ok(());
    };
    for key in ["file_outputs", "webhook_outputs", "kafka_outputs", "stdout_outputs"] {
        recorder.elements(key)?;
    }
    recorder.finish()?;
    fields.document.note_unsupported("event_recorder", fields.at("event_recorder"));
    Ok(())
}
