//! Detects the protocol of a connection and, in HTTP/2, the boundaries of frames.
//!
//! Parses only frame headers; hyper validates contents and order.

/// The HTTP/2 connection preface.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEADER_BYTES: usize = 9;
/// Types of the frames with header blocks, and the flag of the last one.
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// The protocol of a connection.
#[derive(Debug)]
pub(super) enum Protocol {
    /// Only a prefix of the HTTP/2 preface has been received.
    Unknown {
        preface_bytes: usize,
    },
    Http1,
    Http2(Frames),
}

/// The effect of received bytes on the frame parser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// A header block, or a frame outside of one, has ended.
    pub(super) has_ended: bool,
    /// A header block or frame is incomplete.
    pub(super) is_within: bool,
}

impl Protocol {
    pub(super) fn new() -> Self {
        Self::Unknown { preface_bytes: 0 }
    }

    /// Processes received bytes.
    pub(super) fn bytes_received(&mut self, bytes: &[u8]) -> Progress {
        match self {
            Self::Http1 => Progress::default(),
            Self::Http2(frames) => frames.bytes_received(bytes),
            Self::Unknown { preface_bytes } => {
                let due = PREFACE.get(*preface_bytes..).unwrap_or_default();
                let (start, rest) = bytes.split_at(due.len().min(bytes.len()));
                if !due.starts_with(start) {
                    *self = Self::Http1;
                } else if start.len() < due.len() {
                    *preface_bytes += start.len();
                } else {
                    *self = Self::Http2(Frames::default());
                    return self.bytes_received(rest);
                }
                Progress::default()
            }
        }
    }
}

/// The state of the frame parser.
#[derive(Debug, Default)]
pub(super) struct Frames {
    header: [u8; FRAME_HEADER_BYTES],
    header_bytes: usize,
    payload_bytes_due: usize,
    is_in_head: bool,
}

impl Frames {
    fn bytes_received(&mut self, mut bytes: &[u8]) -> Progress {
        let mut has_ended = false;
        while !bytes.is_empty() {
            let due = self.header.get_mut(self.header_bytes..).unwrap_or_default();
            let (start, rest) = bytes.split_at(due.len().min(bytes.len()));
            if !start.is_empty() {
                for (place, byte) in due.iter_mut().zip(start) {
                    *place = *byte;
                }
                self.header_bytes += start.len();
                if self.header_bytes == FRAME_HEADER_BYTES {
                    self.frame_begins();
                }
            }
            let payload_bytes = self.payload_bytes_due.min(rest.len());
            self.payload_bytes_due -= payload_bytes;
            bytes = rest.get(payload_bytes..).unwrap_or_default();
            if self.header_bytes == FRAME_HEADER_BYTES && self.payload_bytes_due == 0 {
                self.header_bytes = 0;
                has_ended |= !self.is_in_head;
            }
        }
        Progress { has_ended, is_within: self.header_bytes > 0 || self.is_in_head }
    }

    fn frame_begins(&mut self) {
        let [a, b, c, kind, flags, ..] = self.header;
        self.payload_bytes_due = u32::from_be_bytes([0, a, b, c]) as usize;
        if matches!(kind, HEADERS | CONTINUATION) {
            self.is_in_head = flags & END_HEADERS == 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Progress = Progress { has_ended: false, is_within: false };
    const ENDED: Progress = Progress { has_ended: true, is_within: false };
    const WITHIN: Progress = Progress { has_ended: false, is_within: true };

    fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
        let mut bytes = vec![0, (payload >> 8) as u8, payload as u8, kind, flags, 0, 0, 0, 1];
        bytes.resize(FRAME_HEADER_BYTES + payload, 0);
        bytes
    }

    #[test]
    fn a_head_ends_with_its_last_frame_and_other_frames_end_with_themselves() {
        let settings = frame(4, 0, 6);
        let cases = [
            (settings.clone(), ENDED),
            (frame(6, 0, 8), ENDED),
            (frame(0, 1, 0), ENDED),
            (frame(0, 0, 300)[..309].to_vec(), ENDED),
            (frame(0, 0, 300)[..308].to_vec(), WITHIN),
            (settings[..3].to_vec(), WITHIN),
            (frame(HEADERS, END_HEADERS, 20), ENDED),
            (frame(HEADERS, 0, 20), WITHIN),
            ([frame(HEADERS, 0, 20), frame(CONTINUATION, 0, 3)].concat(), WITHIN),
            ([frame(HEADERS, 0, 20), frame(CONTINUATION, END_HEADERS, 3)].concat(), ENDED),
            (
                [settings.clone(), settings[..8].to_vec()].concat(),
                Progress { has_ended: true, is_within: true },
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Frames::default().bytes_received(&bytes), expected, "{bytes:?}");
            // The same input, byte by byte.
            let mut frames = Frames::default();
            let one_by_one: Vec<_> = bytes
                .iter()
                .map(|byte| frames.bytes_received(std::slice::from_ref(byte)))
                .collect();
            let has_ended = one_by_one.iter().any(|progress| progress.has_ended);
            let is_within = one_by_one.last().unwrap().is_within;
            assert_eq!(Progress { has_ended, is_within }, expected, "{bytes:?}");
        }
    }

    #[test]
    fn the_preface_may_come_in_any_pieces() {
        for at in 1..PREFACE.len() {
            let mut protocol = Protocol::new();
            assert_eq!(protocol.bytes_received(&PREFACE[..at]), NOTHING);
            assert!(matches!(protocol, Protocol::Unknown { .. }), "{at}");
            assert_eq!(protocol.bytes_received(&PREFACE[at..]), NOTHING);
            assert!(matches!(protocol, Protocol::Http2(_)), "{at}");
        }
        for start in [&b"GET / HTTP/1.1"[..], b"PRI * HTTP/1.1", b"PUT /", b"\0"] {
            let mut protocol = Protocol::new();
            assert_eq!(protocol.bytes_received(start), NOTHING);
            assert!(matches!(protocol, Protocol::Http1), "{start:?}");
        }
    }
}
