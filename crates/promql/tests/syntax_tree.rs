//! The tree of `/api/v1/parse_query` against the answers of Prometheus 3.14 in
//! `testdata/syntax_tree`.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::path::Path;

/// A case is a query and its tree, or `!` and the error.
#[test]
fn trees_are_those_of_prometheus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/syntax_tree");
    let count = conformance::check_cases(&folder, |query| match promql::parse(query) {
        Ok(expr) => serde_json::to_string(&promql::syntax_tree(&expr)).unwrap(),
        Err(error) => format!("! {error}"),
    });
    assert!(count >= 100, "{count} cases");
}

#[test]
fn the_highest_tree_is_written() {
    let height = lang::promql::HEIGHT_MAX as usize - 1;
    let chain = vec!["a"; height].join(" + ");
    let tree = serde_json::to_string(&promql::syntax_tree(&promql::parse(&chain).unwrap()));
    assert_eq!(tree.unwrap().matches("binaryExpr").count(), height - 1);
}
