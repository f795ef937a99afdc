//! The payload of a record of the write-ahead log: the admitted batches, as sections.
//!
//! A section is its kind, its length and its bytes. Kinds are never reused: a section whose form
//! changes gets a new kind. `docs/formats/write-ahead-log.md` lists them.

use std::collections::HashMap;

use chunks::varint::{push_sized, take_sized};
use signals::{Batch, Labels, SeriesBatch, SeriesRef, Signal};

use super::follower::LoggedMetrics;
use super::{rows, samples};
use crate::StoreError;
use crate::part::write::schema;

/// Rows of [`signals::span::schema`].
const SPANS: u8 = 1;
/// Rows of [`signals::log::schema`].
const LOGS: u8 = 2;
/// Samples, histograms, exemplars, start times and metadata.
const METRICS: u8 = 3;
/// Labels of series that records after this one refer to.
const DEFINITIONS: u8 = 4;
/// Totals of delta series.
const TOTALS: u8 = 5;

/// The payload of a record that is being built.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    bytes: Vec<u8>,
    section: Vec<u8>,
}

impl Payload {
    /// Adds rows of spans or logs.
    pub(crate) fn push_rows(
        &mut self,
        signal: Signal,
        batch: &arrow::array::RecordBatch,
    ) -> Result<(), StoreError> {
        rows::encode(batch, &mut self.section)?;
        self.close(if signal == Signal::Logs { LOGS } else { SPANS });
        Ok(())
    }

    /// Adds the admitted items of a batch of metrics.
    pub(crate) fn push_metrics(&mut self, batch: &SeriesBatch, series: &[Option<SeriesRef>]) {
        samples::encode(batch, series, &mut self.section);
        self.close(METRICS);
    }

    /// Adds labels of series.
    pub(crate) fn push_definitions(&mut self, definitions: &[(SeriesRef, Labels)]) {
        samples::encode_definitions(definitions, &mut self.section);
        self.close(DEFINITIONS);
    }

    /// Adds an update of the totals of delta series.
    pub(crate) fn push_totals(&mut self, update: &[u8]) {
        self.section.extend_from_slice(update);
        self.close(TOTALS);
    }

    fn close(&mut self, kind: u8) {
        self.bytes.push(kind);
        push_sized(&mut self.bytes, &self.section);
        self.section.clear();
    }

    /// The whole payload.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// What one section of a record holds.
#[derive(Debug)]
pub(crate) enum Section<'a> {
    /// A batch, and the number of its samples that are lost because the record that defines their
    /// series is missing.
    Batch(Batch, usize),
    Definitions(Vec<(SeriesRef, Labels)>),
    Totals(&'a [u8]),
}

/// Maps series references of a segment to those of this process.
pub(crate) type Defined = HashMap<SeriesRef, SeriesRef, foldhash::quality::RandomState>;

/// Takes the next section off the front of a payload.
pub(crate) fn take_section<'a>(
    payload: &mut &'a [u8],
    defined: &Defined,
) -> Result<Option<Section<'a>>, String> {
    let Some((kind, bytes)) = take_bytes(payload)? else { return Ok(None) };
    let rows = |signal| rows::decode(&schema(signal), bytes);
    let section = match kind {
        SPANS => Section::Batch(Batch::Spans(rows(Signal::Spans)?), 0),
        LOGS => Section::Batch(Batch::Logs(rows(Signal::Logs)?), 0),
        METRICS => {
            let known = |series| defined.get(&series).copied();
            let (batch, lost) = samples::decode(bytes, known)?;
            Section::Batch(Batch::Metrics(batch), lost)
        }
        DEFINITIONS => Section::Definitions(samples::decode_definitions(bytes)?),
        TOTALS => Section::Totals(bytes),
        other => return Err(format!("a section of unknown kind {other}")),
    };
    Ok(Some(section))
}

/// What a payload holds of metrics; series keep the references of the log.
pub(crate) fn logged_metrics(mut payload: &[u8]) -> Result<Vec<LoggedMetrics>, String> {
    let mut records = Vec::new();
    while let Some((kind, bytes)) = take_bytes(&mut payload)? {
        match kind {
            METRICS => records.push(LoggedMetrics::Batch(samples::decode(bytes, Some)?.0)),
            DEFINITIONS => {
                records.push(LoggedMetrics::Series(samples::decode_definitions(bytes)?));
            }
            _ => {}
        }
    }
    Ok(records)
}

/// Takes the kind and the bytes of the next section off the front of a payload.
fn take_bytes<'a>(payload: &mut &'a [u8]) -> Result<Option<(u8, &'a [u8])>, String> {
    let Some((kind, rest)) = payload.split_first() else { return Ok(None) };
    *payload = rest;
    let bytes = take_sized(payload).ok_or("a section is cut off")?;
    Ok(Some((*kind, bytes)))
}
