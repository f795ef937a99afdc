//! Decodes `io.prometheus.write.v2.Request`.
//!
//! A series is known by the texts of its labels and its metadata, because references into the
//! table of symbols differ between requests. Each symbol is hashed once per request.

use signals::Labels;

use super::decoder::Decoder;
use super::metadata;
use super::v1::sample;
use crate::known::{Fingerprint, Fingerprinter};
use crate::otlp::value::cut;
use crate::protobuf::{Fault, Field, Message, Within as _};
use crate::{DecodeContext, Decoded, Limits, WireError};

/// Distinguishes fingerprints of this version.
const SERIES: u64 = 0x7072_6f6d_0003;

const ODD_REFS: &str = "the number of label references is odd";
const OUTSIDE: &str = "a label reference is outside of the symbols";
const METADATA_OUTSIDE: &str = "a reference of the metadata is outside of the symbols";
const EXEMPLAR_OUTSIDE: &str =
    "the label references of an exemplar are odd or outside of the symbols";
const EMPTY: &str = "the series has neither samples nor histograms";

#[derive(Clone, Copy)]
struct Symbol<'a> {
    text: &'a [u8],
    fingerprint: Fingerprint,
}

struct Reader<'c, 'a> {
    decoder: Decoder<'c, 'a>,
    symbols: Vec<Symbol<'a>>,
    root: Fingerprint,
    /// Reference of the symbol `job`; `u32::MAX` if there is none.
    job: u32,
    /// Label references of the current series.
    refs: Vec<u32>,
}

/// A `Metadata`.
#[derive(Debug, Clone, Copy, Default)]
struct Metadata {
    kind: i32,
    help: u32,
    unit: u32,
}

pub(super) fn decode(body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, WireError> {
    let mut fingerprinter = Fingerprinter::default();
    fingerprinter.number(SERIES);
    std::hash::Hash::hash(context.limits, &mut fingerprinter);
    let root = fingerprinter.fingerprint();
    let mut reader = Reader {
        decoder: Decoder::new(context),
        symbols: Vec::new(),
        root,
        job: u32::MAX,
        refs: Vec::new(),
    };
    reader.symbols(Message::new(body), context.limits)?;
    let mut request = Message::new(body);
    while let Some(field) = request.next()? {
        if field.number == 5 {
            field.message().and_then(|message| reader.series(message)).within("timeseries")?;
        }
    }
    reader.decoder.finish()
}

impl<'a> Reader<'_, 'a> {
    /// Reads the table of symbols, which may be anywhere in the request.
    fn symbols(&mut self, mut request: Message<'a>, limits: &Limits) -> Result<(), WireError> {
        while let Some(field) = request.next()? {
            if field.number != 4 {
                continue;
            }
            let text = field.bytes().within("symbols")?;
            if self.decoder.memory.take(size_of::<Symbol<'_>>()).is_err() {
                return Err(WireError::TooLarge { bytes_max: limits.decoded_bytes_max });
            }
            if text == b"job" {
                self.job = u32::try_from(self.symbols.len()).unwrap_or(u32::MAX);
            }
            let mut fingerprinter = Fingerprinter::default();
            fingerprinter.bytes(text);
            self.symbols.push(Symbol { text, fingerprint: fingerprinter.fingerprint() });
        }
        Ok(())
    }

    fn symbol(&self, reference: u32) -> Option<&Symbol<'a>> {
        self.symbols.get(reference as usize)
    }

    /// Decodes a `TimeSeries`.
    fn series(&mut self, mut message: Message<'a>) -> Result<(), Fault> {
        self.decoder.begin();
        self.refs.clear();
        let (mut metadata, mut created_ms) = (Metadata::default(), 0);
        while let Some(field) = message.next()? {
            match field.number {
                1 => {
                    push_refs(&field, &mut self.refs, self.decoder.limits).within("labels_refs")?;
                }
                2 => {
                    let (timestamp_ms, value, start_ms) =
                        sample_with_start(&field).within("samples")?;
                    self.decoder.sample(timestamp_ms, value, start_ms);
                }
                3 => field
                    .message()
                    .and_then(|message| self.decoder.histogram(message))
                    .within("histograms")?,
                4 => field
                    .message()
                    .and_then(|message| self.exemplar(message))
                    .within("exemplars")?,
                5 => {
                    metadata = field.message().and_then(Metadata::read).within("metadata")?;
                }
                // `created_timestamp` of drafts of 2.0; the field is reserved now.
                6 => created_ms = field.varint().map_or(0, |bits| bits as i64),
                _ => {}
            }
        }
        self.decoder.start_if_none(created_ms);
        self.end(metadata);
        Ok(())
    }

    fn end(&mut self, metadata: Metadata) {
        let identity = self.fingerprint(metadata);
        if !self.decoder.has_samples() {
            self.pairs();
            self.decoder.end(Err(identity.err().unwrap_or(EMPTY)), None);
            return;
        }
        let (fingerprint, job) = match identity {
            Ok(identity) => identity,
            Err(reason) => {
                self.pairs();
                self.decoder.end(Err(reason), None);
                return;
            }
        };
        if !self.decoder.has_items() {
            self.pairs();
            self.decoder.end_without_items();
            return;
        }
        if let Some(series) = self.decoder.known(fingerprint) {
            if self.decoder.has_rejected() {
                self.pairs();
            }
            self.decoder.end(Ok(series), job);
            return;
        }
        self.pairs();
        let series = self.decoder.unknown(fingerprint).map(|(series, labels)| {
            self.metadata(metadata, &labels);
            series
        });
        self.decoder.end(series, job);
    }

    /// The fingerprint of the labels and the metadata, and the label `job`.
    fn fingerprint(
        &self,
        metadata: Metadata,
    ) -> Result<(Fingerprint, Option<&'a [u8]>), &'static str> {
        let mut fingerprinter = Fingerprinter::under(self.root);
        let (pairs, rest) = self.refs.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(ODD_REFS);
        }
        let mut job = None;
        for [name, value] in pairs {
            let (Some(name_symbol), Some(value_symbol)) = (self.symbol(*name), self.symbol(*value))
            else {
                return Err(OUTSIDE);
            };
            fingerprinter.add(name_symbol.fingerprint);
            fingerprinter.add(value_symbol.fingerprint);
            if *name == self.job {
                job = Some(value_symbol.text);
            }
        }
        let (Some(help), Some(unit)) = (self.symbol(metadata.help), self.symbol(metadata.unit))
        else {
            return Err(METADATA_OUTSIDE);
        };
        // The number of labels is not hashed: the last three entries are the metadata.
        fingerprinter.add(help.fingerprint);
        fingerprinter.add(unit.fingerprint);
        fingerprinter.number(u64::from(metadata.kind as u32));
        Ok((fingerprinter.fingerprint(), job))
    }

    /// Sets the decoder's label pairs, without references outside of the symbols.
    fn pairs(&mut self) {
        let symbol =
            |reference: u32| self.symbols.get(reference as usize).map(|symbol| symbol.text);
        let pairs = self.refs.as_chunks::<2>().0.iter();
        let texts = pairs.filter_map(|[name, value]| Some((symbol(*name)?, symbol(*value)?)));
        self.decoder.pairs.extend(texts);
    }

    fn metadata(&mut self, metadata: Metadata, labels: &Labels) {
        let text = |reference: u32| {
            self.symbol(reference)
                .map(|symbol| String::from_utf8_lossy(symbol.text))
                .unwrap_or_default()
        };
        let kind = metadata::kind(metadata.kind);
        let (help, unit) = (text(metadata.help), text(metadata.unit));
        if metadata.kind == 0 && help.is_empty() && unit.is_empty() {
            return;
        }
        let limits = self.decoder.limits;
        let help = cut(&help, limits.label_value_bytes_max);
        let unit = cut(&unit, limits.name_bytes_max).to_owned();
        let family = metadata::family(labels.metric_name(), kind, self.decoder.has_histograms());
        self.decoder.series.metadata(family, kind, help, unit);
    }

    fn exemplar(&mut self, mut message: Message<'_>) -> Result<(), Fault> {
        let (mut refs, mut value, mut timestamp) = (Vec::new(), 0.0, 0);
        while let Some(field) = message.next()? {
            match field.number {
                1 => push_refs(&field, &mut refs, self.decoder.limits).within("labels_refs")?,
                2 => value = field.double().within("value")?,
                3 => timestamp = field.varint().within("timestamp")? as i64,
                _ => {}
            }
        }
        let (pairs, rest) = refs.as_chunks::<2>();
        let text = |reference: u32| Some(self.symbol(reference)?.text);
        let texts = pairs.iter().map(|[name, value]| Some((text(*name)?, text(*value)?)));
        match texts.collect::<Option<Vec<_>>>().filter(|_| rest.is_empty()) {
            Some(texts) => self.decoder.exemplar(timestamp, value, &texts),
            None => self.decoder.reject(EXEMPLAR_OUTSIDE, 1),
        }
        Ok(())
    }
}

impl Metadata {
    fn read(mut message: Message<'_>) -> Result<Self, Fault> {
        let mut metadata = Self::default();
        while let Some(field) = message.next()? {
            match field.number {
                1 => metadata.kind = field.int32().within("type")?,
                3 => metadata.help = field.uint32().within("help_ref")?,
                4 => metadata.unit = field.uint32().within("unit_ref")?,
                _ => {}
            }
        }
        Ok(metadata)
    }
}

/// Appends references, one pair more than the maximum at most.
#[inline]
fn push_refs(field: &Field<'_>, refs: &mut Vec<u32>, limits: &Limits) -> Result<(), Fault> {
    field.each_varint(|reference| {
        if refs.len() / 2 <= limits.labels_max {
            refs.push(reference as u32);
        }
    })
}

/// Decodes a `Sample` with its start time.
#[inline]
fn sample_with_start(field: &Field<'_>) -> Result<(i64, f64, i64), Fault> {
    let mut message = field.message()?;
    if let Some((value, timestamp)) = message.usual_sample() {
        return Ok((timestamp, value, 0));
    }
    let mut start = 0;
    while let Some(field) = message.next()? {
        if field.number == 3 {
            start = field.varint().within("start_timestamp")? as i64;
        }
    }
    let (timestamp, value) = sample(field)?;
    Ok((timestamp, value, start))
}
