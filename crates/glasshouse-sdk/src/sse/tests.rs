//! Recording of streams, for all ways in which they can end.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use http_body_util::BodyExt;
use opentelemetry::trace::Status;

use super::*;
use crate::scope::recorded::{Recorded, attributes};

const ACTIVE: &str = "glasshouse.sse.connections.active";
const MESSAGES: &str = "glasshouse.sse.messages";
const SIZE: &str = "glasshouse.sse.message.size";
const DURATION: &str = "glasshouse.sse.connection.duration";
const ROUTE: &str = "/tasks/{id}/events";

#[expect(clippy::unnecessary_wraps, reason = "an item of a stream")]
fn event(event_type: &'static str, id: u32) -> Result<Event, Infallible> {
    Ok(Event::new(event_type).id(id.to_string()).data("…"))
}

fn messages(recorded: &Recorded, event_type: &str, status: &str) -> f64 {
    let labels = [("glasshouse.sse.event_type", event_type), ("glasshouse.sse.status", status)];
    recorded.count(MESSAGES, &labels)
}

fn assert_closed(recorded: &Recorded, reason: &str) {
    assert_eq!(recorded.count(ACTIVE, &[]), 0.0);
    let labels = [("http.route", ROUTE), ("glasshouse.sse.close_reason", reason)];
    assert_eq!(recorded.count(DURATION, &labels), 1.0, "{reason}");
    assert_eq!(recorded.count(DURATION, &[]), 1.0);
    let spans = recorded.spans();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].name, "sse.connection");
    assert_eq!(attributes(&spans[0])["glasshouse.sse.close_reason"], reason);
}

#[tokio::test]
async fn o_05_every_event_is_counted_from_the_handshake_on() {
    let recorded = Recorded::new();
    let live = stream::iter([event("step", 1), event("step", 2), event("done", 3)]);
    let observed = observe(&recorded.telemetry, live, SseOptions::new(ROUTE).session("s-1"));
    assert_eq!(recorded.count(ACTIVE, &[("http.route", ROUTE)]), 1.0);
    let events: Vec<_> = observed.map(Result::unwrap).collect().await;
    let names: Vec<_> = events.iter().map(SseEvent::event_type).collect();
    assert_eq!(names, ["connected", "step", "step", "done"]);
    assert_eq!(messages(&recorded, "connected", "ok"), 1.0);
    assert_eq!(messages(&recorded, "step", "ok"), 2.0);
    assert_eq!(messages(&recorded, "done", "ok"), 1.0);
    let bytes: usize = events.iter().map(|event| event.to_bytes().len()).sum();
    assert_eq!(recorded.sum(SIZE, &[]), bytes as f64);
    assert_closed(&recorded, "completed");
    let span = &recorded.spans()[0];
    assert_eq!(span.status, Status::Unset);
    let attributes = attributes(span);
    assert_eq!(attributes["session.id"], "s-1");
    assert_eq!(attributes["glasshouse.sse.events"], "4");
    assert_eq!(attributes["glasshouse.sse.bytes"], bytes.to_string());
}

#[tokio::test]
async fn o_05_a_handshake_that_never_got_out_is_a_write_error() {
    let recorded = Recorded::new();
    let live = stream::pending::<Result<Event, Infallible>>();
    drop(observe(&recorded.telemetry, live, SseOptions::new(ROUTE)));
    assert_eq!(messages(&recorded, "connected", "write_error"), 1.0);
    assert_eq!(messages(&recorded, "connected", "ok"), 0.0);
    assert_closed(&recorded, "write_error");

    let recorded = Recorded::new();
    let mut connection = SseConnection::open(&recorded.telemetry, SseOptions::new(ROUTE));
    connection.write_error("connected");
    drop(connection);
    assert_eq!(messages(&recorded, "connected", "write_error"), 1.0);
    assert_closed(&recorded, "write_error");
}

#[tokio::test]
async fn o_05_a_client_that_leaves_is_a_disconnect() {
    let recorded = Recorded::new();
    let live = stream::iter([event("step", 1)]).chain(stream::pending());
    let mut observed = Box::pin(observe(&recorded.telemetry, live, SseOptions::new(ROUTE)));
    assert!(observed.next().await.is_some());
    assert!(observed.next().await.is_some());
    assert!(futures::poll!(observed.next()).is_pending());
    assert_eq!(recorded.count(ACTIVE, &[]), 1.0);
    drop(observed);
    assert_eq!(recorded.count(MESSAGES, &[]), 2.0);
    assert_closed(&recorded, "client_disconnect");
}

#[tokio::test]
async fn o_07_replayed_history_is_not_counted_twice() {
    let recorded = Recorded::new();
    // Subscribed before the history was read: the first two live events are in both.
    let live = stream::iter([event("step", 2), event("step", 3), event("step", 4)])
        .chain(stream::iter([Ok(Event::new("step").data("without an id"))]));
    let history = (1..=3).map(|id| event("step", id).unwrap());
    let observed = observe(&recorded.telemetry, live, SseOptions::new(ROUTE)).replay(history);
    let ids: Vec<_> =
        observed.map(|event| event.unwrap().event_id().map(str::to_owned)).collect().await;
    let ids: Vec<_> = ids.iter().map(|id| id.as_deref().unwrap_or("-")).collect();
    assert_eq!(ids, ["-", "1", "2", "3", "4", "-"]);
    assert_eq!(messages(&recorded, "step", "ok"), 5.0);
    assert_eq!(recorded.count(MESSAGES, &[]), 6.0);
    assert_closed(&recorded, "completed");
}

#[tokio::test]
async fn a_long_history_is_remembered_to_a_bound() {
    let recorded = Recorded::new();
    let options = || SseOptions::new(ROUTE).without_handshake();
    let history = || (0..10_000).map(|id| event("step", id).unwrap());
    let live = stream::iter([event("step", 9_999), event("step", 0)]);
    let observed = observe(&recorded.telemetry, live, options()).replay(history());
    assert_eq!(observed.count().await, 10_001);
    assert_eq!(recorded.count(MESSAGES, &[]), 10_001.0);
}

#[tokio::test]
async fn an_event_that_cannot_be_written_is_counted_and_the_stream_goes_on() {
    type Boxed = Box<dyn Error + Send + Sync>;
    let unwritable = || Event::new("step").json(&std::collections::HashMap::from([([1], 1)]));
    let json = || serde_json::from_str::<u8>("x").unwrap_err();
    let recorded = Recorded::new();
    let items = [unwritable().map_err(Boxed::from), Err(json().into()), Ok(Event::new("done"))];
    let observed = observe(&recorded.telemetry, stream::iter(items), SseOptions::new(ROUTE));
    let names: Vec<_> =
        observed.map(|event| event.unwrap().event_type().to_owned()).collect().await;
    assert_eq!(names, ["connected", "done"]);
    assert_eq!(messages(&recorded, "step", "serialization_error"), 1.0);
    assert_eq!(messages(&recorded, "unknown", "serialization_error"), 1.0);
    assert_closed(&recorded, "completed");

    let recorded = Recorded::new();
    let items = stream::iter(std::iter::repeat_with(unwritable).take(1000));
    assert_eq!(observe(&recorded.telemetry, items, SseOptions::new(ROUTE)).count().await, 1);
    assert_eq!(messages(&recorded, "step", "serialization_error"), 1000.0);
}

#[tokio::test]
async fn a_source_that_fails_ends_the_stream_in_error() {
    let recorded = Recorded::new();
    let items =
        [Ok(Event::new("step")), Err(std::io::Error::other("gone")), Ok(Event::new("late"))];
    let observed = observe(&recorded.telemetry, stream::iter(items), SseOptions::new(ROUTE));
    let items: Vec<_> = observed.collect().await;
    assert_eq!(items.len(), 3);
    assert!(items[2].is_err());
    assert_closed(&recorded, "error");
    assert_eq!(recorded.spans()[0].status, Status::error(""));
}

#[tokio::test]
async fn a_source_that_panics_ends_the_stream_in_error() {
    let recorded = Recorded::new();
    let live = stream::poll_fn(|_| -> std::task::Poll<Option<Result<Event, Infallible>>> {
        panic!("for the test")
    });
    let mut observed = Box::pin(observe(&recorded.telemetry, live, SseOptions::new(ROUTE)));
    assert!(observed.next().await.is_some());
    let next = std::panic::AssertUnwindSafe(observed.next());
    assert!(futures::FutureExt::catch_unwind(next).await.is_err());
    assert_closed(&recorded, "error");
}

#[tokio::test]
async fn a_graceful_stop_ends_open_streams() {
    let recorded = Recorded::new();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let options = SseOptions::new(ROUTE).until(async move { drop(stopped.await) });
    let live = stream::pending::<Result<Event, Infallible>>();
    let mut observed = Box::pin(observe(&recorded.telemetry, live, options));
    assert!(observed.next().await.is_some());
    assert!(futures::poll!(observed.next()).is_pending());
    drop(stop);
    assert!(observed.next().await.is_none());
    assert!(observed.next().await.is_none());
    assert_closed(&recorded, "server_shutdown");
}

#[test]
fn an_event_is_written_as_the_standard_has_it() {
    let cases = [
        (Event::message().data("a"), "data: a\n\n"),
        (Event::new("step").id("7").data("{}"), "event: step\nid: 7\ndata: {}\n\n"),
        (Event::message().data("a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n"),
        (Event::message().data(""), "data: \n\n"),
        (Event::message().retry(Duration::from_millis(1500)), "retry: 1500\n\n"),
        (Event::new("a\r\nb\0").id("1\ndata: forged"), "event: ab\nid: 1data: forged\n\n"),
    ];
    for (event, text) in cases {
        assert_eq!(event.to_bytes(), text);
        assert_eq!(event.size(), text.len(), "{text}");
    }
}

#[tokio::test]
async fn a_response_has_the_headers_and_ends_with_the_stream() {
    let recorded = Recorded::new();
    let live = stream::iter([event("step", 1)]);
    let response = response(observe(&recorded.telemetry, live, SseOptions::new(ROUTE)));
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    let mut body = response.into_body();
    let mut received = Vec::new();
    while let Some(frame) = body.frame().await {
        received.extend(frame.unwrap().into_data().unwrap());
    }
    let text = "event: connected\ndata: {}\n\nevent: step\nid: 1\ndata: …\n\n";
    assert_eq!(String::from_utf8(received).unwrap(), text);
    assert_closed(&recorded, "completed");
}

#[tokio::test]
async fn a_silent_stream_sends_comments_that_are_not_counted() {
    let recorded = Recorded::new();
    let options = SseOptions::new(ROUTE).without_handshake();
    let live = stream::pending::<Result<Event, Infallible>>();
    let body = SseBody::new(observe(&recorded.telemetry, live, options));
    let mut body = Box::pin(body.keep_alive(Duration::from_millis(1)));
    for _ in 0..2 {
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), ":\n\n");
    }
    drop(body);
    assert_eq!(recorded.count(MESSAGES, &[]), 0.0);
    assert_closed(&recorded, "client_disconnect");
}

#[tokio::test]
async fn a_keep_alive_of_forever_is_one() {
    let (send, receive) = futures::channel::mpsc::unbounded();
    let mut body = std::pin::pin!(SseBody::new(receive).keep_alive(Duration::MAX));
    assert!(futures::poll!(body.as_mut().frame()).is_pending());
    send.unbounded_send(event("step", 1)).unwrap();
    assert!(body.frame().await.unwrap().is_ok());
    assert!(futures::poll!(body.as_mut().frame()).is_pending());
}
