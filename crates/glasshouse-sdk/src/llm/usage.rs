//! Tokens of one call, as inclusive totals.
//!
//! Not a tokenizer: counts come from the provider, or there are none.

use serde_json::Value;

/// Tokens that one call used, as the provider counted them.
///
/// The totals are *inclusive*, as OpenTelemetry's GenAI conventions ask: `input_tokens` contains the
/// cached ones, `output_tokens` contains reasoning. Providers that report parts side by side are
/// converted by the constructor named after them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All tokens of the input, from the cache or not.
    pub input_tokens: u64,
    /// All tokens of the output, reasoning included.
    pub output_tokens: u64,
    /// Those of the input that were read from the provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Those of the input that were written to the provider's prompt cache.
    pub cache_write_tokens: u64,
    /// Those of the output that were reasoning.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// Input and output tokens, with no part of them cached or reasoning.
    #[must_use]
    pub const fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self {
            input_tokens,
            output_tokens,
            cache_read_tokens: 0,
            cache_write_tokens: 0,
            reasoning_tokens: 0,
        }
    }

    /// Input and output tokens together.
    #[must_use]
    pub const fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Input tokens that were neither read from nor written to the cache.
    #[must_use]
    pub const fn fresh_input_tokens(&self) -> u64 {
        self.input_tokens
            .saturating_sub(self.cache_read_tokens)
            .saturating_sub(self.cache_write_tokens)
    }

    /// Whether a call can have used so much.
    pub(crate) fn is_plausible(&self) -> bool {
        [
            self.input_tokens,
            self.output_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
            self.reasoning_tokens,
        ]
        .iter()
        .all(|tokens| *tokens <= TOKENS_MAX)
    }

    /// The `usage` object of OpenAI's chat completions, responses and embeddings, and of servers that
    /// speak its language. `None` when it holds no count.
    ///
    /// Its totals are inclusive already. A server that reports more cached tokens than input tokens,
    /// or a total that is the sum of input, output and reasoning, counts them apart: they are added.
    #[must_use]
    pub fn from_openai(usage: &Value) -> Option<Self> {
        let input = first_count(usage, &["prompt_tokens", "input_tokens"]);
        let output = first_count(usage, &["completion_tokens", "output_tokens"]);
        if input.is_none() && output.is_none() {
            return None;
        }
        let input_details = details(usage, &["prompt_tokens_details", "input_tokens_details"]);
        let output_details =
            details(usage, &["completion_tokens_details", "output_tokens_details"]);
        let count = |object: Option<&Value>, keys: &[&str]| {
            object.and_then(|object| first_count(object, keys)).unwrap_or(0)
        };
        let mut counted = Self {
            input_tokens: input.unwrap_or(0),
            output_tokens: output.unwrap_or(0),
            cache_read_tokens: count(input_details, &["cached_tokens"])
                .max(first_count(usage, &["prompt_cache_hit_tokens"]).unwrap_or(0)),
            cache_write_tokens: count(input_details, &["cache_write_tokens"]),
            reasoning_tokens: count(output_details, &["reasoning_tokens"]),
        };
        let cached = counted.cache_read_tokens.saturating_add(counted.cache_write_tokens);
        if cached > counted.input_tokens {
            counted.input_tokens = counted.input_tokens.saturating_add(cached);
        }
        // xAI counts reasoning beside the output, which only its total shows.
        let parts = [counted.output_tokens, counted.reasoning_tokens];
        let beside = parts.iter().fold(counted.input_tokens, |sum, part| sum.saturating_add(*part));
        let is_beside = first_count(usage, &["total_tokens"]) == Some(beside);
        if counted.reasoning_tokens > counted.output_tokens || is_beside {
            counted.output_tokens = counted.output_tokens.saturating_add(counted.reasoning_tokens);
        }
        Some(counted)
    }

    /// The `usage` object of Anthropic's messages. `None` when it holds no count.
    ///
    /// Its `input_tokens` are those that touched no cache, so what was read from and written to the
    /// cache is added.
    #[must_use]
    pub fn from_anthropic(usage: &Value) -> Option<Self> {
        let input = first_count(usage, &["input_tokens"]);
        let output = first_count(usage, &["output_tokens"]);
        if input.is_none() && output.is_none() {
            return None;
        }
        let cache_read = first_count(usage, &["cache_read_input_tokens"]).unwrap_or(0);
        let cache_write = first_count(usage, &["cache_creation_input_tokens"]).unwrap_or(0);
        Some(Self {
            input_tokens: input.unwrap_or(0).saturating_add(cache_read).saturating_add(cache_write),
            output_tokens: output.unwrap_or(0),
            cache_read_tokens: cache_read,
            cache_write_tokens: cache_write,
            reasoning_tokens: 0,
        })
    }
}

/// More tokens than any call can have: what is above is not a count, and sums stay far from
/// overflowing.
const TOKENS_MAX: u64 = 1 << 40;
/// The same of a count that a provider gives: three of them may be added up.
const COUNT_MAX: u64 = TOKENS_MAX / 4;

/// The first of the keys that holds a plausible count.
fn first_count(object: &Value, keys: &[&str]) -> Option<u64> {
    keys.iter().find_map(|key| object.get(key)?.as_u64().filter(|tokens| *tokens <= COUNT_MAX))
}

fn details<'a>(usage: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().find_map(|key| usage.get(key).filter(|value| value.is_object()))
}

#[cfg(test)]
mod tests;
