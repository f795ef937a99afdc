//! Backends that are down, slow, or send errors.

use super::{
    backend::{Answer, Backend, unused_address},
    *,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse},
    logs::v1::LogRecord,
};
use prost::Message;

#[test]
fn a_backend_that_is_busy_gets_the_same_batch_again() {
    for status in [408, 429, 502, 503, 504] {
        let busy = Answer::status(status);
        let backend = Backend::start(vec![busy.clone(), busy, Answer::status(200)]);
        let export = spans_to(&backend.url(), |_| ());
        end(&export, 1..2);
        assert!(export.span_processor().unwrap().force_flush().is_ok());
        let first = backend.next().body;
        assert_eq!((backend.next().body, backend.next().body), (first.clone(), first));
        assert!(export.shutdown(PATIENCE));
        assert_eq!(span_counts(&export), [1, 0, 0, 0, 2], "status {status}");
    }
}

#[test]
fn retry_after_is_honoured() {
    let busy = Answer::Now(429, vec![("retry-after", "1")], Vec::new());
    let backend = Backend::start(vec![busy, Answer::status(200)]);
    let export = spans_to(&backend.url(), |_| ());
    end(&export, 1..2);
    backend.next();
    let asked = Instant::now();
    backend.next();
    assert!(asked.elapsed() >= Duration::from_millis(900), "{:?}", asked.elapsed());
    assert!(export.shutdown(PATIENCE));
    assert_eq!(span_counts(&export), [1, 0, 0, 0, 1]);
}

#[test]
fn a_refused_batch_is_dropped_and_the_next_one_goes_out() {
    let page = Answer::Now(200, vec![("content-type", "text/html")], b"<!doctype html>".to_vec());
    let long = Answer::Now(400, Vec::new(), vec![b'x'; 1 << 20]);
    for refusal in [Answer::status(400), Answer::status(401), Answer::status(413), page, long] {
        let backend = Backend::start(vec![refusal, Answer::status(200)]);
        let export = spans_to(&backend.url(), |_| ());
        end(&export, 1..2);
        assert!(export.span_processor().unwrap().force_flush().is_ok());
        end(&export, 2..6);
        assert!(export.shutdown(PATIENCE));
        assert_eq!(span_counts(&export), [4, 0, 1, 0, 1]);
    }
}

#[test]
fn what_a_backend_rejects_of_a_batch_is_counted() {
    for (rejected, counted) in [(2, 2), (i64::MAX, 5), (-7, 0)] {
        let partial = ExportTracePartialSuccess {
            rejected_spans: rejected,
            error_message: "too\u{7} old".to_owned(),
        };
        let answer = ExportTraceServiceResponse { partial_success: Some(partial) };
        let backend = Backend::start(vec![Answer::Now(200, Vec::new(), answer.encode_to_vec())]);
        let export = spans_to(&backend.url(), |settings| settings.limits.batch_delay = PATIENCE);
        end(&export, 1..6);
        assert!(export.shutdown(PATIENCE));
        assert_eq!(span_counts(&export), [5 - counted, 0, counted, 0, 0]);
    }
}

#[test]
fn a_full_queue_drops_exactly_what_does_not_fit() {
    let backend = Backend::start(vec![Answer::Never]);
    let export = spans_to(&backend.url(), |settings| {
        settings.limits.span_queue = 16;
        settings.limits.batch = 4;
    });
    end(&export, 1..2);
    assert_eq!(backend.next().spans().len(), 1);
    // The first span is being sent, so the whole queue is free.
    end(&export, 2..2 + 16 + 9);
    assert_eq!(span_counts(&export), [0, 9, 0, 0, 0]);
    assert!(!export.shutdown(Duration::from_millis(200)));
    assert_eq!(span_counts(&export), [0, 9, 0, 17, 0]);
}

#[test]
fn a_queue_is_bounded_in_bytes_too() {
    let backend = Backend::start(vec![Answer::Never]);
    let export = spans_to(&backend.url(), |settings| {
        settings.limits.queue_bytes = 100_000;
        settings.limits.batch_bytes = 50_000;
    });
    let processor = export.span_processor().unwrap();
    let mut large = span(1);
    large.attributes = vec![KeyValue::new("prompt", "x".repeat(60_000))];
    // One is being sent, one waits, and a third does not fit.
    processor.on_end(large.clone());
    assert_eq!(backend.next().spans().len(), 1);
    processor.on_end(large.clone());
    processor.on_end(large);
    assert_eq!(span_counts(&export)[1], 1);
    end(&export, 2..10);
    assert_eq!(span_counts(&export)[1], 1);
    assert!(!export.shutdown(Duration::from_millis(100)));
}

#[test]
fn large_spans_are_spread_over_several_requests() {
    let backend = Backend::start(vec![Answer::status(200)]);
    let export = spans_to(&backend.url(), |settings| {
        settings.limits.batch_bytes = 100_000;
        settings.limits.batch_delay = PATIENCE;
    });
    let processor = export.span_processor().unwrap();
    let mut large = span(1);
    large.attributes = vec![KeyValue::new("prompt", "x".repeat(60_000))];
    (0..10).for_each(|_| processor.on_end(large.clone()));
    assert!(export.shutdown(PATIENCE));
    assert_eq!(span_counts(&export)[0], 10);
    let mut arrived = 0;
    while arrived < 10 {
        let received = backend.next();
        assert!(received.body.len() < 200_000);
        arrived += received.spans().len();
    }
}

#[test]
fn while_the_backend_is_down_memory_stays_flat_and_then_everything_kept_goes_out() {
    let address = unused_address();
    let export = spans_to(&format!("http://{address}"), |settings| {
        settings.limits.span_queue = 64;
        settings.limits.batch = 16;
    });
    end(&export, 0..100_000);
    let [exported, dropped, rejected, left, _] = span_counts(&export);
    assert_eq!([exported, rejected, left], [0, 0, 0]);
    // The queue and the batch being sent are kept.
    let kept = 100_000 - dropped;
    assert!((64..=64 + 16).contains(&kept), "{kept} are kept");
    // On a busy machine all spans end before the first request is sent.
    while span_counts(&export)[4] == 0 {
        thread::sleep(Duration::from_millis(1));
    }

    let backend = Backend::start_at(address, vec![Answer::status(200)]);
    assert!(export.shutdown(PATIENCE));
    let [exported, _, rejected, left, _] = span_counts(&export);
    assert_eq!([exported, rejected, left], [kept, 0, 0]);
    let mut arrived = 0;
    while arrived < kept {
        arrived += backend.next().spans().len() as u64;
    }
    assert_eq!(arrived, kept);
}

#[test]
fn nothing_is_lost_or_counted_twice_when_many_threads_end_spans() {
    let backend = Backend::start(vec![Answer::status(200)]);
    let export = spans_to(&backend.url(), |settings| settings.limits.span_queue = 100);
    thread::scope(|scope| {
        for thread in 0..4 {
            let export = &export;
            scope.spawn(move || end(export, thread * 5_000..(thread + 1) * 5_000));
        }
    });
    assert!(export.shutdown(PATIENCE));
    let [exported, dropped, rejected, left, failed] = span_counts(&export);
    assert_eq!(exported + dropped, 20_000);
    assert_eq!([rejected, left, failed], [0, 0, 0]);
    end(&export, 0..3);
    assert_eq!(span_counts(&export)[3], 3, "spans after the end are counted");
}

#[test]
fn a_slow_backend_for_spans_does_not_delay_logs() {
    let slow = Backend::start(vec![Answer::Never]);
    let quick = Backend::start(vec![Answer::status(200)]);
    let export = spans_to(&slow.url(), |settings| settings.logs = Some(http(quick.url())));
    end(&export, 1..2);
    slow.next();
    let logs = export.log_queue().unwrap();
    logs.send(LogRecord::default());
    assert!(logs.flush(PATIENCE));
    quick.next();
    assert!(!export.shutdown(Duration::from_millis(100)));
}

#[test]
fn a_backend_that_does_not_answer_in_time_is_asked_again() {
    let backend = Backend::start(vec![Answer::Never, Answer::status(200)]);
    let mut target = http(backend.url());
    target.timeout = Duration::from_millis(50);
    let export = spans_to("", |settings| settings.spans = Some(SpanTarget::Otlp(target)));
    end(&export, 1..2);
    backend.next();
    backend.next();
    assert!(export.shutdown(PATIENCE));
    assert_eq!(span_counts(&export), [1, 0, 0, 0, 1]);
}

#[test]
fn a_fault_in_a_rewrite_costs_one_batch() {
    let backend = Backend::start(vec![Answer::status(200)]);
    let export = spans_to(&backend.url(), |settings| {
        settings.rewrite = Some(Arc::new(|span: &mut SpanData| {
            assert_ne!(span.span_context.span_id(), SpanId::from(1), "meant to fail");
        }));
    });
    end(&export, 1..2);
    assert!(export.span_processor().unwrap().force_flush().is_ok());
    end(&export, 2..5);
    assert!(export.shutdown(PATIENCE));
    assert_eq!(span_counts(&export), [3, 0, 1, 0, 0]);
}

#[test]
fn spans_that_are_not_sampled_or_made_by_the_export_stay() {
    let backend = Backend::start(vec![Answer::status(200)]);
    let export = spans_to(&backend.url(), |_| ());
    let processor = export.span_processor().unwrap();
    let mut unsampled = span(1);
    unsampled.span_context = SpanContext::new(
        TraceId::from(1),
        SpanId::from(1),
        TraceFlags::NOT_SAMPLED,
        false,
        TraceState::default(),
    );
    processor.on_end(unsampled);
    let own = thread::spawn(move || {
        WORKER.set(true);
        processor.on_end(span(2));
    });
    own.join().unwrap();
    end(&export, 3..4);
    assert!(export.shutdown(PATIENCE));
    assert_eq!(span_counts(&export), [1, 0, 0, 0, 0]);
}

#[test]
fn one_reason_is_told_once_a_minute_and_many_reasons_not_forever() {
    let mut logged = warnings::LoggedReasons::default();
    assert!(logged.is_new("timeout"));
    assert!(!logged.is_new("timeout"));
    let new = (0..1000).filter(|kind| logged.is_new(&format!("status {kind}"))).count();
    assert_eq!(new, 15);
}
