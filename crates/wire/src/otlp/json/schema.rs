//! The fields of OTLP's messages: names, numbers and types from the `.proto` files.

/// A message.
#[derive(Debug)]
pub(super) struct Schema {
    fields: &'static [Field],
}

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    /// Snake case.
    pub(super) name: &'static str,
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) is_repeated: bool,
}

/// The type of a field.
#[derive(Debug)]
pub(super) enum Kind {
    Message(&'static Schema),
    Text,
    /// `bytes`, in hexadecimal in JSON.
    Id,
    /// `bytes`, in base64 in JSON.
    Bytes,
    Bool,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    /// Value names, indexed by number.
    Enum(&'static [&'static str]),
    Fixed32,
    Fixed64,
    Sfixed64,
    /// `fixed64` nanoseconds since 1970.
    Time,
    Double,
}

impl Schema {
    /// Finds a field by its name in lower camel case or snake case.
    pub(super) fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == key || is_camel_of(key, field.name))
    }
}

impl Kind {
    /// Whether this is `AnyValue`, the only recursive message.
    pub(super) fn is_any_value(&self) -> bool {
        matches!(self, Self::Message(schema) if std::ptr::eq(*schema, &raw const ANY_VALUE))
    }
}

fn is_camel_of(key: &str, snake: &str) -> bool {
    let mut key = key.bytes();
    let mut snake = snake.bytes();
    while let Some(byte) = snake.next() {
        let expected = if byte == b'_' {
            snake.next().map(|byte| byte.to_ascii_uppercase())
        } else {
            Some(byte)
        };
        if key.next() != expected {
            return false;
        }
    }
    key.next().is_none()
}

const fn one(name: &'static str, number: u32, kind: Kind) -> Field {
    Field { name, number, kind, is_repeated: false }
}

const fn many(name: &'static str, number: u32, kind: Kind) -> Field {
    Field { name, number, kind, is_repeated: true }
}

use Kind::{
    Bool, Bytes, Double, Enum, Fixed32, Fixed64, Id, Int64, Message, Sfixed64, Sint32, Text, Time,
    Uint32, Uint64,
};

static ANY_VALUE: Schema = Schema {
    fields: &[
        one("string_value", 1, Text),
        one("bool_value", 2, Bool),
        one("int_value", 3, Int64),
        one("double_value", 4, Double),
        one("array_value", 5, Message(&ARRAY_VALUE)),
        one("kvlist_value", 6, Message(&KEY_VALUE_LIST)),
        one("bytes_value", 7, Bytes),
    ],
};

static ARRAY_VALUE: Schema = Schema { fields: &[many("values", 1, Message(&ANY_VALUE))] };

static KEY_VALUE_LIST: Schema = Schema { fields: &[many("values", 1, Message(&KEY_VALUE))] };

static KEY_VALUE: Schema =
    Schema { fields: &[one("key", 1, Text), one("value", 2, Message(&ANY_VALUE))] };

static RESOURCE: Schema = Schema {
    fields: &[
        many("attributes", 1, Message(&KEY_VALUE)),
        one("dropped_attributes_count", 2, Uint32),
    ],
};

static SCOPE: Schema = Schema {
    fields: &[
        one("name", 1, Text),
        one("version", 2, Text),
        many("attributes", 3, Message(&KEY_VALUE)),
        one("dropped_attributes_count", 4, Uint32),
    ],
};

/// `ExportTraceServiceRequest`
pub(super) static TRACES: Schema =
    Schema { fields: &[many("resource_spans", 1, Message(&RESOURCE_SPANS))] };

static RESOURCE_SPANS: Schema = Schema {
    fields: &[
        one("resource", 1, Message(&RESOURCE)),
        many("scope_spans", 2, Message(&SCOPE_SPANS)),
        one("schema_url", 3, Text),
    ],
};

static SCOPE_SPANS: Schema = Schema {
    fields: &[
        one("scope", 1, Message(&SCOPE)),
        many("spans", 2, Message(&SPAN)),
        one("schema_url", 3, Text),
    ],
};

static SPAN: Schema = Schema {
    fields: &[
        one("trace_id", 1, Id),
        one("span_id", 2, Id),
        one("trace_state", 3, Text),
        one("parent_span_id", 4, Id),
        one("name", 5, Text),
        one("kind", 6, Enum(&SPAN_KINDS)),
        one("start_time_unix_nano", 7, Time),
        one("end_time_unix_nano", 8, Time),
        many("attributes", 9, Message(&KEY_VALUE)),
        one("dropped_attributes_count", 10, Uint32),
        many("events", 11, Message(&EVENT)),
        one("dropped_events_count", 12, Uint32),
        many("links", 13, Message(&LINK)),
        one("dropped_links_count", 14, Uint32),
        one("status", 15, Message(&STATUS)),
        one("flags", 16, Fixed32),
    ],
};

static SPAN_KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

static EVENT: Schema = Schema {
    fields: &[
        one("time_unix_nano", 1, Time),
        one("name", 2, Text),
        many("attributes", 3, Message(&KEY_VALUE)),
        one("dropped_attributes_count", 4, Uint32),
    ],
};

static LINK: Schema = Schema {
    fields: &[
        one("trace_id", 1, Id),
        one("span_id", 2, Id),
        one("trace_state", 3, Text),
        many("attributes", 4, Message(&KEY_VALUE)),
        one("dropped_attributes_count", 5, Uint32),
        one("flags", 6, Fixed32),
    ],
};

static STATUS: Schema = Schema {
    fields: &[
        one("message", 2, Text),
        one("code", 3, Enum(&["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"])),
    ],
};

/// `ExportLogsServiceRequest`
pub(super) static LOGS: Schema =
    Schema { fields: &[many("resource_logs", 1, Message(&RESOURCE_LOGS))] };

static RESOURCE_LOGS: Schema = Schema {
    fields: &[
        one("resource", 1, Message(&RESOURCE)),
        many("scope_logs", 2, Message(&SCOPE_LOGS)),
        one("schema_url", 3, Text),
    ],
};

static SCOPE_LOGS: Schema = Schema {
    fields: &[
        one("scope", 1, Message(&SCOPE)),
        many("log_records", 2, Message(&LOG_RECORD)),
        one("schema_url", 3, Text),
    ],
};

static LOG_RECORD: Schema = Schema {
    fields: &[
        one("time_unix_nano", 1, Time),
        one("observed_time_unix_nano", 11, Time),
        one("severity_number", 2, Enum(&SEVERITIES)),
        one("severity_text", 3, Text),
        one("body", 5, Message(&ANY_VALUE)),
        many("attributes", 6, Message(&KEY_VALUE)),
        one("dropped_attributes_count", 7, Uint32),
        one("flags", 8, Fixed32),
        one("trace_id", 9, Id),
        one("span_id", 10, Id),
        one("event_name", 12, Text),
    ],
};

static SEVERITIES: [&str; 25] = [
    "SEVERITY_NUMBER_UNSPECIFIED",
    "SEVERITY_NUMBER_TRACE",
    "SEVERITY_NUMBER_TRACE2",
    "SEVERITY_NUMBER_TRACE3",
    "SEVERITY_NUMBER_TRACE4",
    "SEVERITY_NUMBER_DEBUG",
    "SEVERITY_NUMBER_DEBUG2",
    "SEVERITY_NUMBER_DEBUG3",
    "SEVERITY_NUMBER_DEBUG4",
    "SEVERITY_NUMBER_INFO",
    "SEVERITY_NUMBER_INFO2",
    "SEVERITY_NUMBER_INFO3",
    "SEVERITY_NUMBER_INFO4",
    "SEVERITY_NUMBER_WARN",
    "SEVERITY_NUMBER_WARN2",
    "SEVERITY_NUMBER_WARN3",
    "SEVERITY_NUMBER_WARN4",
    "SEVERITY_NUMBER_ERROR",
    "SEVERITY_NUMBER_ERROR2",
    "SEVERITY_NUMBER_ERROR3",
    "SEVERITY_NUMBER_ERROR4",
    "SEVERITY_NUMBER_FATAL",
    "SEVERITY_NUMBER_FATAL2",
    "SEVERITY_NUMBER_FATAL3",
    "SEVERITY_NUMBER_FATAL4",
];

/// `ExportMetricsServiceRequest`
pub(super) static METRICS: Schema =
    Schema { fields: &[many("resource_metrics", 1, Message(&RESOURCE_METRICS))] };

static RESOURCE_METRICS: Schema = Schema {
    fields: &[
        one("resource", 1, Message(&RESOURCE)),
        many("scope_metrics", 2, Message(&SCOPE_METRICS)),
        one("schema_url", 3, Text),
    ],
};

static SCOPE_METRICS: Schema = Schema {
    fields: &[
        one("scope", 1, Message(&SCOPE)),
        many("metrics", 2, Message(&METRIC)),
        one("schema_url", 3, Text),
    ],
};

static METRIC: Schema = Schema {
    fields: &[
        one("name", 1, Text),
        one("description", 2, Text),
        one("unit", 3, Text),
        one("gauge", 5, Message(&GAUGE)),
        one("sum", 7, Message(&SUM)),
        one("histogram", 9, Message(&HISTOGRAM)),
        one("exponential_histogram", 10, Message(&EXPONENTIAL_HISTOGRAM)),
        one("summary", 11, Message(&SUMMARY)),
        many("metadata", 12, Message(&KEY_VALUE)),
    ],
};

static TEMPORALITIES: [&str; 3] = [
    "AGGREGATION_TEMPORALITY_UNSPECIFIED",
    "AGGREGATION_TEMPORALITY_DELTA",
    "AGGREGATION_TEMPORALITY_CUMULATIVE",
];

static GAUGE: Schema = Schema { fields: &[many("data_points", 1, Message(&NUMBER_POINT))] };

static SUM: Schema = Schema {
    fields: &[
        many("data_points", 1, Message(&NUMBER_POINT)),
        one("aggregation_temporality", 2, Enum(&TEMPORALITIES)),
        one("is_monotonic", 3, Bool),
    ],
};

static HISTOGRAM: Schema = Schema {
    fields: &[
        many("data_points", 1, Message(&HISTOGRAM_POINT)),
        one("aggregation_temporality", 2, Enum(&TEMPORALITIES)),
    ],
};

static EXPONENTIAL_HISTOGRAM: Schema = Schema {
    fields: &[
        many("data_points", 1, Message(&EXPONENTIAL_POINT)),
        one("aggregation_temporality", 2, Enum(&TEMPORALITIES)),
    ],
};

static SUMMARY: Schema = Schema { fields: &[many("data_points", 1, Message(&SUMMARY_POINT))] };

static NUMBER_POINT: Schema = Schema {
    fields: &[
        many("attributes", 7, Message(&KEY_VALUE)),
        one("start_time_unix_nano", 2, Time),
        one("time_unix_nano", 3, Time),
        one("as_double", 4, Double),
        one("as_int", 6, Sfixed64),
        many("exemplars", 5, Message(&EXEMPLAR)),
        one("flags", 8, Uint32),
    ],
};

static HISTOGRAM_POINT: Schema = Schema {
    fields: &[
        many("attributes", 9, Message(&KEY_VALUE)),
        one("start_time_unix_nano", 2, Time),
        one("time_unix_nano", 3, Time),
        one("count", 4, Fixed64),
        one("sum", 5, Double),
        many("bucket_counts", 6, Fixed64),
        many("explicit_bounds", 7, Double),
        many("exemplars", 8, Message(&EXEMPLAR)),
        one("flags", 10, Uint32),
        one("min", 11, Double),
        one("max", 12, Double),
    ],
};

static EXPONENTIAL_POINT: Schema = Schema {
    fields: &[
        many("attributes", 1, Message(&KEY_VALUE)),
        one("start_time_unix_nano", 2, Time),
        one("time_unix_nano", 3, Time),
        one("count", 4, Fixed64),
        one("sum", 5, Double),
        one("scale", 6, Sint32),
        one("zero_count", 7, Fixed64),
        one("positive", 8, Message(&BUCKETS)),
        one("negative", 9, Message(&BUCKETS)),
        one("flags", 10, Uint32),
        many("exemplars", 11, Message(&EXEMPLAR)),
        one("min", 12, Double),
        one("max", 13, Double),
        one("zero_threshold", 14, Double),
    ],
};

static BUCKETS: Schema =
    Schema { fields: &[one("offset", 1, Sint32), many("bucket_counts", 2, Uint64)] };

static SUMMARY_POINT: Schema = Schema {
    fields: &[
        many("attributes", 7, Message(&KEY_VALUE)),
        one("start_time_unix_nano", 2, Time),
        one("time_unix_nano", 3, Time),
        one("count", 4, Fixed64),
        one("sum", 5, Double),
        many("quantile_values", 6, Message(&QUANTILE)),
        one("flags", 8, Uint32),
    ],
};

static QUANTILE: Schema = Schema { fields: &[one("quantile", 1, Double), one("value", 2, Double)] };

static EXEMPLAR: Schema = Schema {
    fields: &[
        many("filtered_attributes", 7, Message(&KEY_VALUE)),
        one("time_unix_nano", 2, Time),
        one("as_double", 3, Double),
        one("as_int", 6, Sfixed64),
        one("span_id", 4, Id),
        one("trace_id", 5, Id),
    ],
};
