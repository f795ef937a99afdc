//! Bounded decompression of request bodies, and errors of reading them.
//!
//! The output grows only with decompressed bytes and stops at the bound. The declared size of a
//! snappy block is checked against the bound and against the size of the block.

use std::error::Error;
use std::io::{ErrorKind, Read};

use bytes::Bytes;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

use crate::WireError;

/// Maximum zstd window: 2^23 bytes, which every decoder must support.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Decompresses a body according to its `Content-Encoding` (HTTP) or `grpc-encoding` (gRPC);
/// absent, empty and `identity` mean uncompressed.
///
/// # Errors
/// [`WireError::UnknownEncoding`], [`WireError::TooLarge`] past `bytes_max`, or
/// [`WireError::Compression`] for damaged and truncated streams.
pub fn decompress(
    encoding: Option<&str>,
    body: Bytes,
    bytes_max: usize,
) -> Result<Bytes, WireError> {
    let encoding = encoding.unwrap_or_default().trim();
    let is = |name: &str| encoding.eq_ignore_ascii_case(name);
    if encoding.is_empty() || is("identity") {
        if body.len() > bytes_max {
            return Err(WireError::TooLarge { bytes_max });
        }
        return Ok(body);
    }
    if is("gzip") || is("x-gzip") {
        // Concatenated members are one stream.
        read_bounded("gzip", MultiGzDecoder::new(&body[..]), bytes_max)
    } else if is("zstd") {
        let damaged = |error: std::io::Error| WireError::Compression {
            encoding: "zstd",
            reason: error.to_string(),
        };
        let mut decoder = zstd::stream::read::Decoder::with_buffer(&body[..]).map_err(damaged)?;
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(damaged)?;
        read_bounded("zstd", decoder, bytes_max)
    } else if is("deflate") || is("zlib") {
        read_bounded("deflate", ZlibDecoder::new(&body[..]), bytes_max)
    } else {
        Err(WireError::UnknownEncoding(encoding.chars().take(64).collect()))
    }
}

/// Bytes that one byte of a snappy block can stand for, rounded up: three bytes copy 64.
const SNAPPY_RATIO_MAX: usize = 22;

/// Decompresses a snappy block, the only compression of remote write and remote read. It is not a
/// content encoding of [`decompress`], because other protocols mean framed snappy by that name.
///
/// # Errors
/// [`WireError::TooLarge`] past `bytes_max`, or [`WireError::Compression`] for a damaged block.
pub fn decompress_snappy(body: &[u8], bytes_max: usize) -> Result<Bytes, WireError> {
    let damaged = |reason: String| WireError::Compression { encoding: "snappy", reason };
    let declared = snap::raw::decompress_len(body).map_err(|error| damaged(error.to_string()))?;
    if declared > bytes_max {
        return Err(WireError::TooLarge { bytes_max });
    }
    // So that a short body cannot cause a large allocation.
    if declared / SNAPPY_RATIO_MAX > body.len() {
        return Err(damaged("the block is too short for its declared size".to_owned()));
    }
    let plain = snap::raw::Decoder::new().decompress_vec(body);
    Ok(plain.map_err(|error| damaged(error.to_string()))?.into())
}

/// Compresses a snappy block.
///
/// # Errors
/// [`WireError::Compression`] if the body is larger than 4 GiB.
pub fn compress_snappy(body: &[u8]) -> Result<Vec<u8>, WireError> {
    let failed = |error: snap::Error| WireError::Compression {
        encoding: "snappy",
        reason: error.to_string(),
    };
    snap::raw::Encoder::new().compress_vec(body).map_err(failed)
}

/// Whether reading a body timed out: the server's sockets report this as an [`std::io::Error`] of
/// kind `TimedOut` in the chain of sources.
pub fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (**error).source())
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == ErrorKind::TimedOut)
}

fn read_bounded(
    encoding: &'static str,
    decoder: impl Read,
    bytes_max: usize,
) -> Result<Bytes, WireError> {
    let mut output = Vec::new();
    let one_more = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    decoder
        .take(one_more)
        .read_to_end(&mut output)
        .map_err(|error| WireError::Compression { encoding, reason: error.to_string() })?;
    if output.len() > bytes_max {
        return Err(WireError::TooLarge { bytes_max });
    }
    Ok(output.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(bytes, 1).unwrap()
    }

    fn bodies(bytes: &[u8]) -> [(&'static str, Vec<u8>); 4] {
        [
            ("gzip", gzip(bytes)),
            ("ZSTD", zstd(bytes)),
            ("deflate", zlib(bytes)),
            ("identity", bytes.to_vec()),
        ]
    }

    #[test]
    fn every_encoding_gives_the_bytes_back_up_to_the_bound() {
        let bytes = [7; 1000];
        for (encoding, body) in bodies(&bytes) {
            let body = Bytes::from(body);
            assert_eq!(decompress(Some(encoding), body.clone(), 1000).unwrap(), &bytes[..]);
            let error = decompress(Some(encoding), body, 999).unwrap_err();
            assert!(matches!(error, WireError::TooLarge { bytes_max: 999 }), "{encoding}: {error}");
        }
    }

    #[test]
    fn truncated_streams_are_errors() {
        let bytes: Vec<u8> = (0..=255).collect();
        for (encoding, body) in &bodies(&bytes)[..3] {
            for length in 0..body.len() {
                let cut = Bytes::copy_from_slice(&body[..length]);
                let result = decompress(Some(encoding), cut, 1000);
                // An empty input is a valid zstd stream without frames.
                let is_allowed = *encoding == "ZSTD" && length == 0;
                assert!(is_allowed || result.is_err(), "{encoding} cut at {length}");
            }
        }
    }

    #[test]
    fn members_and_frames_follow_each_other() {
        let body = [gzip(b"ab"), gzip(b"cd")].concat();
        assert_eq!(decompress(Some("gzip"), body.into(), 9).unwrap(), "abcd");
        let body = [zstd(b"ab"), zstd(b"cd")].concat();
        assert_eq!(decompress(Some("zstd"), body.into(), 9).unwrap(), "abcd");
        let body = [gzip(b"ab"), b"garbage".to_vec()].concat();
        assert!(decompress(Some("gzip"), body.into(), 9).is_err());
    }

    #[test]
    fn a_bomb_stops_at_the_bound() {
        let zeros = vec![0; 64 << 20];
        for (encoding, body) in &bodies(&zeros)[..3] {
            let error = decompress(Some(encoding), body.clone().into(), 1 << 20).unwrap_err();
            assert!(matches!(error, WireError::TooLarge { .. }), "{encoding}: {error}");
        }
    }

    #[test]
    fn a_huge_zstd_window_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(b"small").unwrap();
        let body = encoder.finish().unwrap();
        assert!(decompress(Some("zstd"), body.into(), 1000).is_err());
    }

    #[test]
    fn unknown_encodings_are_named() {
        for encoding in ["br", "gzip, gzip", "snappy"] {
            let error = decompress(Some(encoding), Bytes::new(), 9).unwrap_err();
            assert!(error.to_string().contains(encoding), "{error}");
        }
    }
}
