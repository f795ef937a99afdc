//! The page's TypeScript types are up to date, or are rewritten with `UPDATE=1`.

use std::fs;
use std::path::Path;

use serde_json::Value;
use ts_rs::{Config, TS};

use super::*;

const HEADER: &str = "/**
 * Types of Glasshouse's own API, generated from crates/page-api. After a change there:
 * UPDATE=1 cargo test -p page-api
 */
";

fn declaration<T: TS + 'static>(config: &Config) -> String {
    format!("\n{}export {}\n", T::docs().unwrap_or_default(), T::decl(config))
}

#[test]
fn the_types_of_the_page_are_generated_from_these() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/api/generated.ts");
    // All integers here are below 2^53, and JSON has one type of numbers.
    let config = Config::new().with_large_int("number");
    let declarations = [
        declaration::<Overview>(&config),
        declaration::<SignalOverviews>(&config),
        declaration::<SignalOverview>(&config),
        declaration::<ServiceOverview>(&config),
        declaration::<ReceiverOverview>(&config),
        declaration::<ReceiverState>(&config),
        declaration::<LastError>(&config),
        declaration::<Hint>(&config),
        declaration::<SqlRequest>(&config),
        declaration::<SqlAnswer>(&config),
        declaration::<SqlColumn>(&config),
        declaration::<SqlError>(&config),
        declaration::<DashboardList>(&config),
        declaration::<DashboardEntry>(&config),
        declaration::<DashboardProblem>(&config),
        declaration::<Dashboard>(&config),
        declaration::<DashboardSave>(&config),
        declaration::<DashboardError>(&config),
        declaration::<DashboardRevision>(&config),
        declaration::<DataSourceEntry>(&config),
        declaration::<NotificationList>(&config),
        declaration::<NotificationEntry>(&config),
        declaration::<NotifiedAlert>(&config),
        declaration::<RouteNode>(&config),
        declaration::<RouteTest>(&config),
        declaration::<RouteTestAnswer>(&config),
        declaration::<ReceiverTest>(&config),
        declaration::<IntegrationTest>(&config),
        declaration::<RuleFileList>(&config),
        declaration::<RuleFileEntry>(&config),
        declaration::<RuleFileSave>(&config),
        declaration::<ReplayRequest>(&config),
        declaration::<RuleFileText>(&config),
        declaration::<ReplayAnswer>(&config),
        declaration::<ReplayedRule>(&config),
        declaration::<ReplayedEpisode>(&config),
        declaration::<ReplayedIntegration>(&config),
        declaration::<ReplayedNotification>(&config),
        declaration::<AlertingError>(&config),
        declaration::<Value>(&config),
    ];
    let generated: String = format!("{HEADER}{}", declarations.concat())
        .lines()
        .flat_map(|line| [line.trim_end(), "\n"])
        .collect();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == generated,
        "ui/src/api/generated.ts is out of date: run UPDATE=1 cargo test -p page-api"
    );
}

#[test]
fn an_answer_of_sql_is_read_as_it_is_written() {
    let text = r#"{"columns":[{"name":"a","type":"int64"}],"rows":[{"a":1}],"truncated":false}"#;
    let answer: SqlAnswer = serde_json::from_str(text).unwrap();
    let column = SqlColumn { name: "a".to_owned(), data_type: "int64".to_owned() };
    assert_eq!(serde_json::to_value(&column).unwrap()["type"], "int64");
    assert_eq!((answer.columns, answer.rows.len(), answer.truncated), (vec![column], 1, false));
}
