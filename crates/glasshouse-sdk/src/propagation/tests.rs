//! Extraction and injection of headers, as tables.

use http::HeaderValue;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags};

use super::*;
use crate::session::Session;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_str(value).expect("a value"));
    }
    headers
}

fn span_of(context: &Context) -> SpanContext {
    context.span().span_context().clone()
}

#[test]
fn a_parent_is_taken_when_it_is_well_formed_and_the_only_one() {
    let upper = PARENT.to_ascii_uppercase();
    let future = PARENT.replacen("00", "cc", 1) + "-and-more";
    for (value, is_taken) in [
        (PARENT, true),
        (future.as_str(), true),
        (upper.as_str(), false),
        ("", false),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", false),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", false),
        ("00-af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
        ("00-0-1-01", false),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
        ("00-0af7651916cd43dd8448eb211c80319z-b7ad6b7169203331-01", false),
    ] {
        let context = extract(&headers(&[("traceparent", value)]));
        assert_eq!(span_of(&context).is_valid(), is_taken, "{value:?}");
    }
    let twice = headers(&[("traceparent", PARENT), ("traceparent", PARENT)]);
    assert!(!span_of(&extract(&twice)).is_valid());
}

#[test]
fn state_and_baggage_are_joined_and_bounded() {
    let long = "k=".to_owned() + &"v".repeat(9000);
    let context = extract(&headers(&[
        ("traceparent", PARENT),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
        ("baggage", "session.id=s-1,x=%20"),
        ("baggage", "y=2"),
    ]));
    let span = span_of(&context);
    assert_eq!(span.trace_flags(), TraceFlags::SAMPLED);
    assert!(span.is_remote());
    assert_eq!(span.trace_state().header(), "a=1,b=2");
    assert_eq!(context.baggage().len(), 3);
    assert_eq!(
        context.baggage().get("session.id").map(ToString::to_string).as_deref(),
        Some("s-1")
    );

    let context = extract(&headers(&[
        ("traceparent", PARENT),
        ("tracestate", &long),
        ("baggage", &long),
        ("baggage", "z=1"),
    ]));
    assert!(span_of(&context).is_valid());
    assert_eq!(span_of(&context).trace_state().header(), "");
    assert!(context.baggage().is_empty());
}

#[test]
fn what_goes_out_is_what_comes_in_and_baggage_stays_at_home_where_told() {
    let attached = extract(&headers(&[("traceparent", PARENT), ("tracestate", "a=1")])).attach();
    let session = Session::new("s 1,ü").attach();
    let (mut own, mut others) = (HeaderMap::new(), HeaderMap::new());
    inject(&mut own);
    inject_without_baggage(&mut others);
    drop((session, attached));

    assert_eq!(others.get("traceparent").map(HeaderValue::as_bytes), Some(PARENT.as_bytes()));
    assert_eq!(others.get("tracestate").map(HeaderValue::as_bytes), Some(&b"a=1"[..]));
    assert_eq!(others.get("baggage"), None);
    let context = extract(&own);
    let _attached = context.attach();
    assert_eq!(Session::current(), Some(Session::new("s 1,ü")));
}

#[test]
fn without_a_span_nothing_is_written() {
    let mut written = HeaderMap::new();
    inject(&mut written);
    assert!(written.is_empty(), "{written:?}");
}
