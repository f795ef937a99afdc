//! The data of the tools: a few pages and tables of a fictional shop.

use crate::database::Row;

/// Maximum number of pages in a search result.
const HITS_MAX: usize = 3;

/// Path, title and text.
const PAGES: [(&str, &str, &str); 12] = [
    (
        "runbooks/checkout",
        "Runbook: checkout",
        "Checkout calls payments and stock one after the other. Its usual p95 is 410 ms. When it rises, look at the \
         connection pool first: release 4.12 lowered it from 40 to 10 connections.",
    ),
    (
        "runbooks/search",
        "Runbook: search service",
        "Search answers 1200 requests a second on three replicas at 60 % CPU. A load test starts at half of that and \
         doubles every five minutes until p99 passes 250 ms.",
    ),
    (
        "runbooks/payments",
        "Runbook: payments",
        "Payments retries a card network twice. Amounts are whole cents; anything else is a bug.",
    ),
    (
        "logs/payments-test",
        "Log of the failing payments test",
        "assertion failed: total of 3 x 19.99 is 59.96999999999999, expected 59.97 (payments/cart_test, line 88).",
    ),
    (
        "schema/customers",
        "Schema: customers",
        "customers(id, name, street, city, country, card_token). The address columns are to move to a table addresses \
         with customer_id, in two steps so that no release reads a column that is gone.",
    ),
    (
        "offers/gpu",
        "GPU offers for a 70B model",
        "North: 2 x 80 GB at 2.49 USD an hour. Fjord: 2 x 80 GB at 2.71 USD. Delta: 4 x 48 GB at 2.95 USD. A 70B model \
         in 8 bits needs about 75 GB with its cache.",
    ),
    (
        "guides/onboarding",
        "Onboarding guide",
        "Day one: accounts, laptop, and a first change to the handbook. Week one: one shift beside the person on call. \
         Month one: own a small service from design to dashboard.",
    ),
    (
        "guides/on-call",
        "On-call guide",
        "Acknowledge in five minutes, write down what you see, ask for help early. Follow-ups get an owner and a date.",
    ),
    (
        "weather/oslo",
        "Weather in Oslo",
        "Oslo: 4 degrees, light rain from noon, wind from the south-west.",
    ),
    ("weather/lisbon", "Weather in Lisbon", "Lisbon: 19 degrees, clear sky, a calm sea."),
    ("weather/berlin", "Weather in Berlin", "Berlin: 9 degrees, overcast, dry until the evening."),
    (
        "releases/4.12",
        "Release 4.12",
        "Faster start, smaller connection pools, a new search index, and the end of the old export.",
    ),
];

/// The text of a page.
pub(super) fn page(path: &str) -> Option<&'static str> {
    PAGES.iter().find(|(known, ..)| *known == path.trim_matches('/')).map(|(.., text)| *text)
}

/// The best matching pages for a query, one per line; empty if there are none.
pub(super) fn search(query: &str) -> String {
    let words: Vec<&str> = query
        .split(|letter: char| !letter.is_alphanumeric() && letter != '.')
        .filter(|word| word.len() > 2)
        .take(16)
        .collect();
    let mut hits: Vec<(usize, &(&str, &str, &str))> = PAGES
        .iter()
        .map(|page| {
            let (path, title, text) = page;
            let text = format!("{path} {title} {text}").to_lowercase();
            (words.iter().filter(|word| text.contains(**word)).count(), page)
        })
        .filter(|(score, _)| *score > 0)
        .collect();
    hits.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let lines = hits.iter().take(HITS_MAX).map(|(_, (path, title, text))| {
        let start: String = text.chars().take(120).collect();
        format!("{title} ({path}): {start}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The tables of the database.
pub(super) fn tables() -> Vec<(&'static str, Vec<Row>)> {
    let incidents = [
        ("INC-311", "checkout", "2 h 10 min", "p95 of checkout doubled after release 4.12"),
        ("INC-309", "search", "25 min", "one replica ran out of disk"),
        ("INC-305", "payments", "40 min", "card network answered 503"),
    ];
    let incidents = incidents.map(|(id, service, lasted, what)| {
        vec![
            ("id", id.into()),
            ("service", service.into()),
            ("lasted", lasted.into()),
            ("what", what.into()),
        ]
    });
    let releases = [
        ("4.12", "smaller connection pools; new search index"),
        ("4.11", "addresses get a table of their own, first step"),
        ("4.10", "payments counts in cents"),
    ];
    let releases =
        releases.map(|(version, what)| vec![("version", version.into()), ("changes", what.into())]);
    let cities = ["Berlin", "Oslo", "Lisbon", "Vienna"];
    let orders = (1..=200_usize).map(|number| {
        let city = cities.get(number % cities.len()).copied().unwrap_or_default();
        let cents = 999 + number * 137 % 20_000;
        vec![
            ("id", format!("ORD-{number:04}")),
            ("city", city.to_owned()),
            ("total", format!("{}.{:02}", cents / 100, cents % 100)),
        ]
    });
    vec![
        ("incidents", incidents.to_vec()),
        ("releases", releases.to_vec()),
        ("orders", orders.collect()),
    ]
}
