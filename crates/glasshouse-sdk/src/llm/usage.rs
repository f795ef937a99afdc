//! Token usage of one call, as inclusive totals.
//!
//! Not a tokenizer: counts come from the provider or are absent.

use serde_json::Value;

/// Token usage of one call, as counted by the provider.
///
/// The totals are *inclusive*, as OpenTelemetry's GenAI conventions require: `input_tokens`
/// includes cached ones, `output_tokens` includes reasoning. Constructors for providers with
/// separate counts convert them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input tokens, cached or not.
    pub input_tokens: u64,
    /// All output tokens, including reasoning.
    pub output_tokens: u64,
    /// Input tokens read from the provider's prompt cache.
    pub cache_read_tokens: u64,
    /// Input tokens written to the provider's prompt cache.
    pub cache_write_tokens: u64,
    /// Output tokens used for reasoning.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// Input and output tokens, without cached and reasoning tokens.
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

    /// The sum of input and output tokens.
    #[must_use]
    pub const fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Input tokens neither read from nor written to the cache.
    #[must_use]
    pub const fn fresh_input_tokens(&self) -> u64 {
        self.input_tokens
            .saturating_sub(self.cache_read_tokens)
            .saturating_sub(self.cache_write_tokens)
    }

    /// Whether the counts are plausible.
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

    /// The `usage` object of OpenAI's chat completions, responses and embeddings, and of compatible
    /// servers. `None` if it has no count.
    ///
    /// Its totals are inclusive. If a server reports more cached than input tokens, or a total that
    /// is the sum of input, output and reasoning, it counts them separately, and they are added.
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
        // xAI counts reasoning separately from output, which is visible only in its total.
        let parts = [counted.output_tokens, counted.reasoning_tokens];
        let beside = parts.iter().fold(counted.input_tokens, |sum, part| sum.saturating_add(*part));
        let is_beside = first_count(usage, &["total_tokens"]) == Some(beside);
        if counted.reasoning_tokens > counted.output_tokens || is_beside {
            counted.output_tokens = counted.output_tokens.saturating_add(counted.reasoning_tokens);
        }
        Some(counted)
    }

    /// The `usage` object of Anthropic's messages. `None` if it has no count.
    ///
    /// Its `input_tokens` exclude the cache, so tokens read from and written to the cache are
    /// added.
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

/// An implausible number of tokens: larger values are ignored, which also prevents overflows.
const TOKENS_MAX: u64 = 1 << 40;
/// The same for single counts, of which three may be added.
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
