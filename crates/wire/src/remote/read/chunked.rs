//! `prometheus.ChunkedReadResponse`: frames of XOR chunks, one series or a part of it each.
//!
//! A frame is the length as a varint, the CRC-32C of the message as big-endian bytes, and the
//! message. Source: Prometheus' document "Remote read API", section "Streamed chunks".

use signals::metric::Samples;
use signals::{Labels, MemoryReservation};

use super::{ReadSeries, sort, xor};
use crate::protobuf::writer::Writer;
use crate::protobuf::{Fault, Message, Within as _};
use crate::remote::encode::write_labels;
use crate::remote::labels;
use crate::{Limits, WireError};

/// Samples of one chunk, as in Prometheus.
const CHUNK_SAMPLES: usize = 120;
/// `Chunk.Encoding.XOR`
const XOR: u64 = 1;

/// A decoded frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// Index of the query.
    pub query: u64,
    /// Series or parts of them; a series may go on in the next frame.
    pub series: Vec<ReadSeries>,
}

/// Appends the frames of one series to `out`; a frame is cut after the chunk that reaches
/// `frame_bytes_max`. A series without samples has no frames.
///
/// # Errors
/// [`WireError::ContentType`] if the series has native histograms: they can only be sent as
/// [`super::ResponseType::Samples`].
pub fn encode_frames(
    query: usize,
    labels: &Labels,
    samples: &Samples,
    frame_bytes_max: usize,
    out: &mut Vec<u8>,
) -> Result<(), WireError> {
    if !samples.histograms.is_empty() {
        let reason = "native histograms cannot be sent as XOR chunks";
        return Err(WireError::ContentType(reason.to_owned()));
    }
    let times = samples.timestamps.chunks(CHUNK_SAMPLES);
    let mut chunks = times.zip(samples.values.chunks(CHUNK_SAMPLES)).peekable();
    while chunks.peek().is_some() {
        let mut frame = Writer::default();
        frame.message(1, |writer| {
            write_labels(writer, labels);
            for (times, values) in chunks.by_ref() {
                write_chunk(writer, times, values);
                if writer.len() >= frame_bytes_max {
                    break;
                }
            }
        });
        frame.varint(2, query as u64);
        let message = frame.into_bytes();
        let mut length = Writer::default();
        length.raw_varint(message.len() as u64);
        out.extend(length.into_bytes());
        out.extend(crc32c::crc32c(&message).to_be_bytes());
        out.extend(message);
    }
    Ok(())
}

fn write_chunk(writer: &mut Writer, times: &[i64], values: &[f64]) {
    writer.message(2, |writer| {
        writer.varint(1, times.first().copied().unwrap_or_default() as u64);
        writer.varint(2, times.last().copied().unwrap_or_default() as u64);
        writer.varint(3, XOR);
        writer.bytes_always(4, &xor::encode(times, values));
    });
}

/// The message of the first frame of a stream, and the length of that frame; `None` if more bytes
/// are needed.
///
/// # Errors
/// [`WireError::TooLarge`] if the message is longer than `frame_bytes_max`;
/// [`WireError::Compression`] if the frame is damaged.
pub fn split_frame(
    stream: &[u8],
    frame_bytes_max: usize,
) -> Result<Option<(&[u8], usize)>, WireError> {
    let damaged =
        |reason: &str| WireError::Compression { encoding: "chunked", reason: reason.to_owned() };
    let Some(varint) = stream.iter().take(10).position(|byte| *byte < 0x80) else {
        return if stream.len() < 10 { Ok(None) } else { Err(damaged("length is too long")) };
    };
    let (prefix, rest) = stream.split_at_checked(varint + 1).unwrap_or_default();
    let length = prefix.iter().rev().try_fold(0_usize, |length, byte| {
        length.checked_mul(0x80).map(|length| length | usize::from(byte & 0x7f))
    });
    let length = length.filter(|length| *length <= frame_bytes_max);
    let length = length.ok_or(WireError::TooLarge { bytes_max: frame_bytes_max })?;
    let Some((checksum, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    let Some(message) = rest.get(..length) else { return Ok(None) };
    if crc32c::crc32c(message) != u32::from_be_bytes(*checksum) {
        return Err(damaged("the checksum does not match"));
    }
    Ok(Some((message, prefix.len() + 4 + length)))
}

impl Frame {
    /// Decodes the message of a frame; memory is charged to the reservation.
    ///
    /// # Errors
    /// [`WireError`] if the message is malformed, labels are invalid, a chunk is damaged or of
    /// another encoding, or memory is exhausted.
    pub fn decode(
        message: &[u8],
        limits: &Limits,
        memory: &MemoryReservation,
    ) -> Result<Self, WireError> {
        let (mut frame, mut message) = (Self::default(), Message::new(message));
        while let Some(field) = message.next()? {
            match field.number {
                1 => {
                    let message = field.message().within("chunked_series")?;
                    frame.series.push(series(message, limits, memory)?);
                }
                2 => frame.query = field.varint().within("query_index")?,
                _ => {}
            }
        }
        Ok(frame)
    }
}

fn series(
    whole: Message<'_>,
    limits: &Limits,
    memory: &MemoryReservation,
) -> Result<ReadSeries, WireError> {
    memory.try_grow(size_of::<ReadSeries>() + whole.len())?;
    let (mut samples, mut message) = (Samples::default(), whole);
    while let Some(field) = message.next().within("chunked_series")? {
        if field.number != 2 {
            continue;
        }
        let (encoding, data) = field.message().and_then(chunk).within("chunks")?;
        if encoding != XOR {
            let reason = format!("chunk encoding {encoding} is not supported, only XOR");
            return Err(WireError::ContentType(reason));
        }
        memory.try_grow(16 * xor::samples(data))?;
        let decoded = xor::decode(data, |timestamp, value| {
            samples.timestamps.push(timestamp);
            samples.values.push(value);
        });
        if decoded.is_none() {
            return Err(field.fault("the chunk is truncated").into());
        }
    }
    sort(&mut samples);
    Ok(ReadSeries { labels: labels::of_result(whole, limits)?, samples })
}

fn chunk(mut message: Message<'_>) -> Result<(u64, &[u8]), Fault> {
    let (mut encoding, mut data): (_, &[u8]) = (0, &[]);
    while let Some(field) = message.next()? {
        match field.number {
            3 => encoding = field.varint().within("type")?,
            4 => data = field.bytes().within("data")?,
            _ => {}
        }
    }
    Ok((encoding, data))
}
