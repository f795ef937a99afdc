//! Metric families in protobuf text format, encoded as a page of delimited messages.

/// Encodes families; each starts with its `name`.
pub(crate) fn delimited(text: &str) -> Vec<u8> {
    let mut page = Vec::new();
    let mut reader = Reader { rest: text };
    loop {
        let family = reader.message("MetricFamily", true);
        if !family.is_empty() {
            put_varint(&mut page, family.len() as u64);
            page.extend_from_slice(&family);
        }
        reader.skip_blanks();
        if reader.rest.is_empty() {
            return page;
        }
    }
}

/// How a field is encoded.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Double,
    Integer,
    Zigzag,
    Message(&'static str),
}

use Kind::{Double, Integer, Message, Text, Zigzag};

/// Number and kind of a field; `metrics.proto` of Prometheus' client model.
fn field(message: &str, name: &str) -> (u64, Kind) {
    match (message, name) {
        ("MetricFamily" | "LabelPair", "name") => (1, Text),
        ("MetricFamily", "help") | ("LabelPair", "value") => (2, Text),
        ("MetricFamily", "type") => (3, Integer),
        ("MetricFamily", "metric") => (4, Message("Metric")),
        ("MetricFamily", "unit") => (5, Text),
        ("Metric" | "Exemplar", "label") => (1, Message("LabelPair")),
        ("Metric", "gauge") => (2, Message("Gauge")),
        ("Metric", "counter") => (3, Message("Counter")),
        ("Metric", "summary") => (4, Message("Summary")),
        ("Metric", "untyped") => (5, Message("Untyped")),
        ("Metric", "timestamp_ms") => (6, Integer),
        ("Metric", "histogram") => (7, Message("Histogram")),
        ("Gauge" | "Counter" | "Untyped", "value") | ("Quantile", "quantile") => (1, Double),
        ("Counter", "exemplar") => (2, Message("Exemplar")),
        ("Counter", "start_timestamp") | ("Exemplar", "timestamp") => (3, Message("Timestamp")),
        ("Summary" | "Histogram", "sample_count")
        | ("Bucket", "cumulative_count")
        | ("Timestamp", "seconds") => (1, Integer),
        ("Summary" | "Histogram", "sample_sum")
        | ("Quantile" | "Exemplar", "value")
        | ("Bucket", "upper_bound") => (2, Double),
        ("Summary", "quantile") => (3, Message("Quantile")),
        ("Summary", "start_timestamp") => (4, Message("Timestamp")),
        ("Timestamp", "nanos") | ("BucketSpan", "length") => (2, Integer),
        ("Bucket", "exemplar") => (3, Message("Exemplar")),
        ("BucketSpan", "offset") => (1, Zigzag),
        ("Bucket", "cumulative_count_float") | ("Histogram", "sample_count_float") => (4, Double),
        ("Histogram", "bucket") => (3, Message("Bucket")),
        ("Histogram", "schema") => (5, Zigzag),
        ("Histogram", "zero_threshold") => (6, Double),
        ("Histogram", "zero_count") => (7, Integer),
        ("Histogram", "zero_count_float") => (8, Double),
        ("Histogram", "negative_span") => (9, Message("BucketSpan")),
        ("Histogram", "negative_delta") => (10, Zigzag),
        ("Histogram", "negative_count") => (11, Double),
        ("Histogram", "positive_span") => (12, Message("BucketSpan")),
        ("Histogram", "positive_delta") => (13, Zigzag),
        ("Histogram", "positive_count") => (14, Double),
        ("Histogram", "start_timestamp") => (15, Message("Timestamp")),
        ("Histogram", "exemplars") => (16, Message("Exemplar")),
        _ => panic!("no field {name} in {message}"),
    }
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|character| !is_part(character)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn skip(&mut self, mark: char) -> bool {
        self.skip_blanks();
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// The fields up to the closing bracket. A family ends before the `name` of the next one.
    fn message(&mut self, message: &str, is_family: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            self.skip_blanks();
            let is_next = is_family && !bytes.is_empty() && self.rest.starts_with("name:");
            if self.rest.is_empty() || is_next || self.skip('>') || self.skip('}') {
                return bytes;
            }
            let name = self.take(|character| character.is_alphanumeric() || character == '_');
            let (number, kind) = field(message, name);
            self.skip(':');
            self.skip_blanks();
            self.value(&mut bytes, number, kind);
        }
    }

    fn value(&mut self, bytes: &mut Vec<u8>, number: u64, kind: Kind) {
        match kind {
            Message(message) => {
                assert!(self.skip('<') || self.skip('{'), "no message at {:?}", self.rest);
                let nested = self.message(message, false);
                put_varint(bytes, number << 3 | 2);
                put_varint(bytes, nested.len() as u64);
                bytes.extend_from_slice(&nested);
            }
            Text => {
                let text = self.string();
                put_varint(bytes, number << 3 | 2);
                put_varint(bytes, text.len() as u64);
                bytes.extend_from_slice(&text);
            }
            Double => {
                let word = self.word();
                put_varint(bytes, number << 3 | 1);
                bytes.extend_from_slice(&word.parse::<f64>().unwrap().to_le_bytes());
            }
            Integer => {
                let word = self.word();
                let types =
                    ["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM"];
                let place = types.iter().position(|name| *name == word);
                let value = place.map_or_else(|| word.parse::<i128>().unwrap(), |at| at as i128);
                put_varint(bytes, number << 3);
                put_varint(bytes, value as u64);
            }
            Zigzag => {
                let value: i64 = self.word().parse().unwrap();
                put_varint(bytes, number << 3);
                put_varint(bytes, ((value << 1) ^ (value >> 63)) as u64);
            }
        }
    }

    fn word(&mut self) -> &'t str {
        self.take(|character| !character.is_whitespace() && character != '>' && character != '}')
    }

    /// A string in quotes, with `\n`, `\"`, `\\` and `\xff`.
    fn string(&mut self) -> Vec<u8> {
        assert!(self.skip('"'), "no string at {:?}", self.rest);
        let mut text = Vec::new();
        loop {
            text.extend_from_slice(self.take(|character| !"\"\\".contains(character)).as_bytes());
            if self.skip('"') {
                return text;
            }
            let mut escaped = self.rest.char_indices().skip(1);
            match escaped.next().unwrap().1 {
                'x' => {
                    text.push(u8::from_str_radix(&self.rest[2..4], 16).unwrap());
                    self.rest = &self.rest[4..];
                    continue;
                }
                'n' => text.push(b'\n'),
                other => text.push(other as u8),
            }
            self.rest = &self.rest[2..];
        }
    }
}
