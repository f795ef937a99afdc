//! Prices of calls, as tables; does not check that built-in prices are current.

use super::*;

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= right.abs() * 1e-12
}

const TABLE: &str = r#"{
    "sample_spec": { "input_cost_per_token": "0.0 per token", "mode": "one of chat, embedding" },
    "pictures": { "output_cost_per_image": 0.04 },
    "m": {
        "input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6,
        "cache_read_input_token_cost": 1e-7, "cache_creation_input_token_cost": 1.25e-6,
        "cache_creation_input_token_cost_above_1hr": 2e-6,
        "output_cost_per_reasoning_token": 8e-6,
        "input_cost_per_token_above_200k_tokens": 2e-6,
        "output_cost_per_token_above_200k_tokens": 6e-6,
        "input_cost_per_token_batches": 5e-7, "output_cost_per_token_batches": 2e-6,
        "input_cost_per_token_above_200k_tokens_priority": 9e-6,
        "input_cost_per_token_priority": "3e-6"
    },
    "plain": { "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6 },
    "azure/plain": { "input_cost_per_token": 5e-6, "output_cost_per_token": 5e-6 },
    "only-input": { "input_cost_per_token": 1e-6 },
    "free": { "input_cost_per_token": 0, "output_cost_per_token": 0 }
}"#;

fn table() -> PriceTable {
    PriceTable::empty().with_json(TABLE).expect("a table")
}

fn usage(input: u64, output: u64, read: u64, write: u64, reasoning: u64) -> Usage {
    Usage {
        input_tokens: input,
        output_tokens: output,
        cache_read_tokens: read,
        cache_write_tokens: write,
        reasoning_tokens: reasoning,
    }
}

#[test]
fn every_class_of_tokens_has_its_price() {
    use ServiceTier::{Batch, Flex, Priority, Standard};
    let cases = [
        ("m", Standard, usage(1000, 0, 0, 0, 0), Some((1e-3, false))),
        ("m", Standard, usage(1000, 100, 600, 300, 50), {
            Some((1e-4 + 6e-5 + 3.75e-4 + 50.0 * 4e-6 + 50.0 * 8e-6, false))
        }),
        // The threshold is exclusive, and all tokens of a call above it have the higher price.
        ("m", Standard, usage(200_000, 0, 0, 0, 0), Some((0.2, false))),
        ("m", Standard, usage(200_001, 1, 0, 0, 0), Some((200_001.0 * 2e-6 + 6e-6, false))),
        // Cached tokens count towards the threshold.
        ("m", Standard, usage(300_000, 0, 299_000, 0, 0), {
            Some((1000.0 * 2e-6 + 299_000.0 * 1e-7, false))
        }),
        ("m", Batch, usage(1000, 1000, 0, 0, 0), Some((5e-4 + 2e-3, false))),
        ("m", Priority, usage(1000, 0, 0, 0, 0), Some((3e-3, false))),
        ("m", Priority, usage(300_000, 0, 0, 0, 0), Some((2.7, false))),
        // No price of its own: charged at the standard price, and marked as partial.
        ("m", Flex, usage(1000, 0, 0, 0, 0), Some((1e-3, true))),
        ("plain", Standard, usage(1000, 0, 500, 0, 0), Some((1e-3, true))),
        ("plain", Standard, usage(0, 1000, 0, 0, 400), Some((2e-3, false))),
        ("only-input", Standard, usage(1000, 0, 0, 0, 0), Some((1e-3, false))),
        ("only-input", Standard, usage(1000, 1, 0, 0, 0), None),
        ("free", Standard, usage(1000, 1000, 0, 0, 0), Some((0.0, false))),
        ("unknown", Standard, usage(1000, 1000, 0, 0, 0), None),
        ("pictures", Standard, usage(1000, 1000, 0, 0, 0), None),
        ("sample_spec", Standard, usage(1000, 1000, 0, 0, 0), None),
        ("", Standard, usage(1, 1, 0, 0, 0), None),
        // Parts that exceed their total neither panic nor yield negative counts.
        ("plain", Standard, usage(0, 0, 1000, 0, 1000), Some((1e-3, true))),
        ("plain", Standard, usage(u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX), {
            Some((u64::MAX as f64 * 4e-6, true))
        }),
    ];
    for (model, tier, used, expected) in cases {
        let cost = table().cost("p", model, tier, &used);
        match (cost, expected) {
            (None, None) => {}
            (Some(cost), Some((usd, partial))) => {
                assert!(close(cost.usd, usd), "{model} {tier:?} {used:?}: {cost:?}, not {usd}");
                assert_eq!(cost.partial, partial, "{model} {tier:?} {used:?}");
            }
            _ => panic!("{model} {tier:?} {used:?}: {cost:?}, not {expected:?}"),
        }
    }
}

#[test]
fn a_row_is_found_exactly_or_without_the_date_and_never_by_prefix() {
    let million = Usage::new(1_000_000, 0);
    for (provider, model, usd) in [
        ("openai", "plain", Some(1.0)),
        ("openai", "PLAIN", Some(1.0)),
        ("openai", "plain-2025-01-31", Some(1.0)),
        ("openai", "plain-20250131", Some(1.0)),
        ("azure", "plain", Some(5.0)),
        ("azure.ai.openai", "plain-2025-01-31", Some(5.0)),
        ("", "azure/plain", Some(5.0)),
        ("openai", "plain-2025-1-31", None),
        ("openai", "plain-2", None),
        ("openai", "plain-mini", None),
        ("openai", "plai", None),
        ("openai", "-20250131", None),
    ] {
        let cost = table().cost(provider, model, ServiceTier::Standard, &million);
        assert_eq!(cost.map(|cost| cost.usd), usd, "{provider} {model}");
    }
}

#[test]
fn rows_of_the_user_come_before_those_of_the_crate() {
    let usage = Usage::new(1_000_000, 0);
    let price = |table: &PriceTable, model: &str| {
        table.cost("openai", model, ServiceTier::Standard, &usage).map(|cost| cost.usd)
    };
    let built_in = PriceTable::built_in();
    assert_eq!(price(&built_in, "gpt-4o"), Some(2.5));
    assert_eq!(price(&built_in, "gpt-4o-2024-08-06"), Some(2.5));
    assert_eq!(price(&built_in, "gpt-4o-audio"), None);
    assert_eq!(price(&PriceTable::empty(), "gpt-4o"), None);
    let own = built_in.with_model("openai/GPT-4o", 1e-6, 1e-6);
    assert_eq!(price(&own, "gpt-4o"), Some(1.0));
    assert_eq!(price(&own, "gpt-4o-mini"), Some(0.15));
}

#[test]
fn the_table_of_the_crate_reads_and_every_row_has_a_price() {
    let rows = parse(include_str!("../../prices.json")).expect("a table");
    assert!(rows.len() >= 40, "{}", rows.len());
    for (model, row) in &rows {
        let cost = row.cost(ServiceTier::Standard, &Usage::new(1_000_000, 1_000_000), false);
        let usd = cost.map(|cost| cost.usd).expect("both directions have a price");
        assert!((0.01..200.0).contains(&usd), "{model}: {usd}");
    }
}

#[test]
fn a_text_that_is_no_table_says_why() {
    for (text, says) in [
        ("", "not JSON"),
        ("[]", "not a JSON object"),
        (r#"{"m": {"input_cost_per_token": -1}}"#, "`input_cost_per_token` of model `m`"),
        (r#"{"m": {"output_cost_per_token": "NaN"}}"#, "`output_cost_per_token` of model `m`"),
    ] {
        let error = PriceTable::empty().with_json(text).expect_err(text).to_string();
        assert!(error.contains(says), "{error}");
    }
    assert!(PriceTable::empty().with_json(r#"{"_note": "x", "a": 1, "b": {}}"#).is_ok());
}

#[test]
fn the_prices_of_the_crate_are_of_models_and_not_of_names_that_move() {
    let first = PriceTable::built_in().cost(
        "openai",
        "gpt-4o-2024-05-13",
        ServiceTier::Standard,
        &usage(1_000_000, 1_000_000, 0, 0, 0),
    );
    // The first gpt-4o kept its price when later versions became cheaper.
    assert_eq!(first.map(|cost| cost.usd.round()), Some(20.0));
    for row in BUILT_IN.keys() {
        let is_moving = row.ends_with("-latest") && !row.starts_with("claude-3-");
        assert!(!is_moving, "{row} is another model tomorrow");
    }
}
