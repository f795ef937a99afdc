//! The prices of one model: by class of tokens, service tier and length of the input.

use serde_json::{Map, Value};

use super::{Cost, ServiceTier};
use crate::llm::Usage;

/// Dollars per token, if the row has them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) input: Option<f64>,
    pub(super) output: Option<f64>,
    pub(super) cache_read: Option<f64>,
    pub(super) cache_write: Option<f64>,
    pub(super) reasoning: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Variant {
    tier: ServiceTier,
    /// Minimum input tokens, exclusive, of calls with these rates; 0 for all calls.
    above_tokens: u64,
    rates: Rates,
}

/// All prices of one model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Highest threshold first.
    variants: Vec<Variant>,
}

#[derive(Clone, Copy)]
enum Class {
    Input,
    Output,
    CacheRead,
    CacheWrite,
    Reasoning,
}

impl Row {
    /// A row with equal prices for every call.
    pub(super) fn flat(rates: Rates) -> Self {
        Self { variants: vec![Variant { tier: ServiceTier::Standard, above_tokens: 0, rates }] }
    }

    /// Parses LiteLLM's columns; `None` if none of them is a price per token. The error is the name
    /// of a column with a negative or non-finite price.
    pub(super) fn from_columns(columns: &Map<String, Value>) -> Result<Option<Self>, String> {
        let mut variants: Vec<Variant> = Vec::new();
        for (column, cell) in columns {
            let Some((class, tier, above_tokens)) = read_column(column) else { continue };
            let usd = match cell {
                Value::Number(number) => number.as_f64(),
                // The table has a few prices in quotes.
                Value::String(text) => text.trim().parse().ok(),
                _ => None,
            };
            let Some(usd) = usd else { continue };
            if !usd.is_finite() || usd < 0.0 {
                return Err(column.clone());
            }
            let known = variants
                .iter()
                .position(|variant| variant.tier == tier && variant.above_tokens == above_tokens);
            let index = known.unwrap_or(variants.len());
            if known.is_none() {
                variants.push(Variant { tier, above_tokens, rates: Rates::default() });
            }
            if let Some(variant) = variants.get_mut(index) {
                *variant.rates.slot(class) = Some(usd);
            }
        }
        variants.sort_by_key(|variant| std::cmp::Reverse(variant.above_tokens));
        Ok((!variants.is_empty()).then_some(Self { variants }))
    }

    /// The total over all classes of tokens; `None` if a class in use has no price or substitute.
    pub(super) fn cost(&self, tier: ServiceTier, usage: &Usage, inclusive: bool) -> Option<Cost> {
        let find = |class| self.rate(class, tier, usage.input_tokens, inclusive);
        let mut cost = Cost { usd: 0.0, partial: false };
        let reasoning_tokens = usage.reasoning_tokens.min(usage.output_tokens);
        let cached = usage.cache_read_tokens.saturating_add(usage.cache_write_tokens);
        // Parts that exceed their total were counted separately.
        let fresh_tokens = usage.input_tokens.saturating_sub(cached);
        let parts = [
            (fresh_tokens, Class::Input, None),
            (usage.cache_read_tokens, Class::CacheRead, Some((Class::Input, true))),
            (usage.cache_write_tokens, Class::CacheWrite, Some((Class::Input, true))),
            (usage.output_tokens - reasoning_tokens, Class::Output, None),
            // Reasoning tokens have the price of output unless the row has their own.
            (reasoning_tokens, Class::Reasoning, Some((Class::Output, false))),
        ];
        for (tokens, class, stand_in) in parts {
            if tokens == 0 {
                continue;
            }
            let (rate, exact) = match (find(class), stand_in) {
                (Some(found), _) => found,
                (None, Some((other, is_partial))) => {
                    let (rate, exact) = find(other)?;
                    (rate, exact && !is_partial)
                }
                (None, None) => return None,
            };
            cost.usd += tokens as f64 * rate;
            cost.partial |= !exact;
        }
        // A table may contain any number.
        cost.usd.is_finite().then_some(cost)
    }

    /// The rate of a class, and whether it is that of the requested tier.
    fn rate(
        &self,
        class: Class,
        tier: ServiceTier,
        input_tokens: u64,
        inclusive: bool,
    ) -> Option<(f64, bool)> {
        let of_tier = |tier| {
            self.variants
                .iter()
                .filter(|variant| {
                    variant.tier == tier
                        && (variant.above_tokens == 0
                            || input_tokens > variant.above_tokens
                            || inclusive && input_tokens == variant.above_tokens)
                })
                .find_map(|variant| variant.rates.of(class))
        };
        of_tier(tier)
            .map(|rate| (rate, true))
            .or_else(|| of_tier(ServiceTier::Standard).map(|rate| (rate, false)))
    }
}

impl Rates {
    fn slot(&mut self, class: Class) -> &mut Option<f64> {
        match class {
            Class::Input => &mut self.input,
            Class::Output => &mut self.output,
            Class::CacheRead => &mut self.cache_read,
            Class::CacheWrite => &mut self.cache_write,
            Class::Reasoning => &mut self.reasoning,
        }
    }

    fn of(&self, class: Class) -> Option<f64> {
        match class {
            Class::Input => self.input,
            Class::Output => self.output,
            Class::CacheRead => self.cache_read,
            Class::CacheWrite => self.cache_write,
            Class::Reasoning => self.reasoning,
        }
    }
}

/// Parses a column name; `None` for columns that are not a price per token.
fn read_column(column: &str) -> Option<(Class, ServiceTier, u64)> {
    let (mut rest, mut tier) = split_tier(column);
    let mut above_tokens = 0;
    if let Some((stem, threshold)) = rest.split_once("_above_") {
        let thousands: u64 = threshold.strip_suffix("k_tokens")?.parse().ok()?;
        above_tokens = thousands.checked_mul(1000)?;
        rest = stem;
        if tier == ServiceTier::Standard {
            // The tier may also precede the threshold.
            (rest, tier) = split_tier(stem);
        }
    }
    let class = match rest {
        "input_cost_per_token" => Class::Input,
        "output_cost_per_token" => Class::Output,
        "cache_read_input_token_cost" => Class::CacheRead,
        "cache_creation_input_token_cost" => Class::CacheWrite,
        "output_cost_per_reasoning_token" => Class::Reasoning,
        _ => return None,
    };
    Some((class, tier, above_tokens))
}

fn split_tier(column: &str) -> (&str, ServiceTier) {
    [
        ("_batches", ServiceTier::Batch),
        ("_flex", ServiceTier::Flex),
        ("_priority", ServiceTier::Priority),
    ]
    .into_iter()
    .find_map(|(suffix, tier)| Some((column.strip_suffix(suffix)?, tier)))
    .unwrap_or((column, ServiceTier::Standard))
}
