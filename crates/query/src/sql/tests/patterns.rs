//! Patterns: regular expressions and wildcards, of literals and of rows.

use super::*;

#[tokio::test]
async fn a_pattern_that_does_not_compile_is_a_fault_of_the_query() {
    for pattern in ["(", r"(?i)session.*(?:\p{L}{1,50}){1,20}"] {
        for function in
            ["regexp_replace(x, '{}', 'y')", "regexp_like(x, '{}')", "regexp_match(x, '{}')"]
        {
            let call = function.replace("{}", pattern);
            let sql = format!(
                "SELECT max({call}) FROM (SELECT CAST(x0 AS VARCHAR) AS x {}) GROUP BY x",
                tens(2)
            );
            let error = bounded(&sql, &Limits::default()).await.unwrap_err();
            assert!(matches!(error, QueryError::Invalid(_)), "{call}: {error:?}");
        }
    }
}

#[tokio::test]
async fn patterns_of_rows_match_as_one_for_all_rows_does() {
    let rows = TestRows::new(&[], &[], Layout::Head).await;
    let session = Session::new(Arc::new(rows), &Limits::default()).unwrap();
    let rows = "(VALUES ('a', 'a'), ('b', 'A'), ('aa', '^A+$'), ('c', NULL)) AS v(x, p)";
    for (condition, count) in [
        ("x ~ p", 1),
        ("x ~* p", 2),
        ("x !~ p", 2),
        ("x !~* p", 1),
        ("regexp_like(x, p)", 1),
        ("x ~ 'a'", 2),
        ("regexp_like(x, concat('^', 'a', '$'))", 1),
    ] {
        let sql = format!("SELECT count(*) FROM {rows} WHERE {condition}");
        assert_eq!(answer(&session, &sql).await.unwrap(), count.to_string(), "{condition}");
    }
}

#[tokio::test]
async fn wildcards_of_rows_match_as_a_literal_does() {
    let rows = TestRows::new(&[], &[], Layout::Head).await;
    let session = Session::new(Arc::new(rows), &Limits::default()).unwrap();
    let texts = [
        "",
        "a",
        "A",
        "ab",
        "abc",
        "aab",
        "ba",
        "a%",
        "a_",
        "%",
        "a\\",
        "\\",
        "straße",
        "ÄB",
        "äb",
        "a\nb",
        "aaaaab",
        "a.b",
        "ſ",
        "\u{212a}k",
    ];
    let patterns = [
        "", "a", "A", "%", "%%", "_", "__", "a%", "%a", "%a%", "a_", "_b", "a%b", "%a%b%", "a\\%",
        "a\\_", "\\\\", "a\\", "\\", "%ß_", "ä_", "a.b", "%aab", "_%b", "s", "kk", "%a%a%a%c",
    ];
    let values = |texts: &[&str]| {
        texts.iter().map(|text| format!("('{text}')")).collect::<Vec<_>>().join(", ")
    };
    let (texts, all) = (values(&texts), values(&patterns));
    for operator in ["LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"] {
        for pattern in patterns {
            let by_literal = format!(
                "SELECT count(*) FROM (VALUES {texts}) AS t(x) WHERE x {operator} '{pattern}'"
            );
            let by_row = format!(
                "SELECT count(*) FROM (VALUES {texts}) AS t(x), (VALUES {all}) AS u(p) \
                 WHERE p = '{pattern}' AND x {operator} p"
            );
            let expected = answer(&session, &by_literal).await.unwrap();
            assert_eq!(
                answer(&session, &by_row).await.unwrap(),
                expected,
                "{operator} {pattern:?}"
            );
        }
    }
    for (condition, count) in [
        ("x LIKE p", 1),
        ("NOT (x LIKE p)", 1),
        ("x LIKE concat(x, '')", 3),
        ("x SIMILAR TO p", 1),
        ("x NOT SIMILAR TO p", 1),
        ("x LIKE p ESCAPE '\\'", 1),
    ] {
        let rows = "(VALUES ('a', 'a'), ('b', 'c'), ('c', NULL)) AS v(x, p)";
        let sql = format!("SELECT count(*) FROM {rows} WHERE {condition}");
        assert_eq!(answer(&session, &sql).await.unwrap(), count.to_string(), "{condition}");
    }
}
