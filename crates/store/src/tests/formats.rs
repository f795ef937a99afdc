//! Folders that earlier programs wrote, opened by this one.
//!
//! `testdata/formats/` has a folder for each version of any stored format, as a clean stop left
//! it: identity, manifests and parts. A change of a format adds a folder (`cargo test -p store --
//! --ignored write_the_fixture`) and never touches one that is there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use signals::attributes::Value;
use signals::span::{Span, SpanBuilder, SpanRows};
use signals::time::ManualClock;
use signals::{Batch, Signal, SpanId, TraceId};

use super::harness::*;
use crate::{Dependencies, NoTotals, Store, WriteRequest};

/// The version that this program writes.
const VERSION: &str = "v2";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/formats")
}

async fn open(folder: &Path) -> Store {
    let mut dependencies = Dependencies::disk(folder);
    dependencies.clock = Arc::new(ManualClock::at(NOON));
    let (store, report) = Store::open(config(), dependencies, Arc::new(NoTotals)).await.unwrap();
    assert_eq!(report, crate::RecoveryReport::default());
    store
}

fn items() -> Vec<Item> {
    (0..12).flat_map(|id| [span(id), log(id), sample(id)]).collect()
}

/// One span with attributes of every type, an event, a link and a long prompt.
fn rich_span() -> Batch {
    let mut builder = SpanBuilder::default();
    let resource = builder.resource("agent", r#"{"service.name":"agent"}"#);
    let scope = builder.scope("lib", "1", r#"{"key":1}"#);
    for (key, value) in rich_attributes() {
        builder.attributes().push(key, value);
    }
    let mut span = Span::new(TraceId([7; 16]), SpanId(1_000_u64.to_be_bytes()), NOON);
    span.events =
        r#"[{"time_unix_nano":1,"name":"e","attributes":{"k":2},"dropped_attributes_count":0}]"#;
    span.links = r#"[{"trace_id":"01","span_id":"02","trace_state":"","attributes":{}}]"#;
    span.status_message = "message";
    builder.append(resource, scope, &span).unwrap();
    Batch::Spans(builder.finish().unwrap())
}

fn rich_attributes() -> Vec<(&'static str, Value<'static>)> {
    vec![
        ("text", Value::String("é")),
        ("int", Value::Int(-7)),
        ("double", Value::Double(0.5)),
        ("bool", Value::Bool(true)),
        ("bytes", Value::Bytes(&[1, 2])),
        ("json", Value::Json("[1,\"a\"]")),
        ("empty", Value::Empty),
        ("gen_ai.input.messages", Value::String(PROMPT)),
    ]
}

const PROMPT: &str = include_str!("formats.rs");

#[tokio::test]
async fn every_version_of_the_formats_is_opened() {
    let mut versions = 0;
    for folder in std::fs::read_dir(fixtures()).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        versions += 1;
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&folder, copy.path());
        let store = open(copy.path()).await;
        let mut expected = ledger(items());
        expected.insert(Item { id: 999, time: NOON, ..span(0) }, 1);
        assert_eq!(stored(&store).await, expected, "{}", folder.display());
        check_rich_span(&store).await;
        // Parts of that version and of this one become one.
        send(&store, &[span(2_000), log(2_000), sample(2_000)]).await.unwrap();
        store.flush().await.unwrap();
        store.maintain().await.unwrap();
        check_rich_span(&store).await;
        store.close().await.unwrap();
    }
    assert!(versions >= 1);
}

async fn check_rich_span(store: &Store) {
    for part in store.snapshot(Signal::Spans, EVERYTHING).await.unwrap().parts {
        let batch = part_rows(store.objects().as_ref(), &part).await;
        let rows = SpanRows::new(&batch).unwrap();
        let Some(row) = (0..rows.len()).find(|row| rows.trace_id(*row) == TraceId([7; 16])) else {
            continue;
        };
        let found: Vec<(String, String)> =
            rows.attributes(row).map(|(key, text, _)| (key.to_owned(), text.to_owned())).collect();
        let expected: Vec<(String, String)> = rich_attributes()
            .into_iter()
            .map(|(key, value)| {
                let mut text = String::new();
                value.push_to(&mut text);
                (key.to_owned(), text)
            })
            .collect();
        // The prompt is this file as it was when the fixture was written.
        assert_eq!(found[..7], expected[..7]);
        assert!(found[7].1.len() > 1_024 && found[7].1.starts_with("//! Folders"));
        assert_eq!(
            (rows.status_message(row), rows.scope_attributes(row)),
            ("message", r#"{"key":1}"#)
        );
        assert!(rows.events(row).contains("\"e\"") && rows.links(row).contains("\"01\""));
        return;
    }
    panic!("the span is gone");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
#[ignore = "writes testdata/formats"]
async fn write_the_fixture() {
    let target = fixtures().join(VERSION);
    assert!(!target.exists(), "{} is there and stays as it is", target.display());
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    send(&store, &items()).await.unwrap();
    let batches = vec![rich_span()];
    store
        .append(WriteRequest { received_at: NOON, batches, ..WriteRequest::default() })
        .await
        .unwrap();
    store.flush().await.unwrap();
    store.close().await.unwrap();
    drop(store);
    for kept in ["identity.json", "manifest", "parts"] {
        let (from, to) = (folder.path().join(kept), target.join(kept));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            std::fs::create_dir_all(&target).unwrap();
            std::fs::copy(from, to).unwrap();
        }
    }
}
