//! The cost of calls: a price table in LiteLLM's format, and the calculation for one call.
//!
//! An estimate, not a bill: it ignores discounts, time windows and charges for tools.

use std::sync::{Arc, LazyLock};

use foldhash::{HashMap, HashMapExt};
use serde_json::Value;

use super::Usage;
use crate::span::NAME_BYTES_MAX;

mod row;

use row::{Rates, Row};

/// The service tier of a call, which determines the price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceTier {
    /// Standard price.
    #[default]
    Standard,
    /// Asynchronous batches.
    Batch,
    /// Slower and cheaper.
    Flex,
    /// Faster and more expensive.
    Priority,
}

impl ServiceTier {
    /// The tier from a provider's name; [`ServiceTier::Standard`] for names without separate prices
    /// (`auto`, `default`, `scale`, …).
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "batch" | "batches" => Self::Batch,
            "flex" => Self::Flex,
            "priority" | "fast" => Self::Priority,
            _ => Self::Standard,
        }
    }
}

/// The cost of a call by the price table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// US dollars.
    pub usd: f64,
    /// A class of tokens (cached input, a tier) has no price in the row and was charged at the
    /// closest one.
    pub partial: bool,
}

/// An invalid price table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PriceError {
    /// The text is not JSON.
    #[error("the price table is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// The JSON is not an object of models.
    #[error("the price table is not a JSON object from model to prices")]
    NotAnObject,
    /// A price is negative or not a number.
    #[error("the price `{column}` of model `{model}` is not a number of dollars from 0 up")]
    NotAPrice {
        /// The model's key in the table.
        model: String,
        /// The column of the row.
        column: String,
    },
    /// The table has too many rows.
    #[error("the price table has more than {ROWS_MAX} models")]
    TooManyRows,
}

/// LiteLLM's table, the largest known, has about 3000 rows.
const ROWS_MAX: usize = 100_000;

/// Prices by model: custom rows first, then the built-in ones. Cheap to clone.
///
/// The format is that of LiteLLM's `model_prices_and_context_window.json`: an object from model to
/// a row of dollars per token. These columns are used, also with the suffixes `_above_<N>k_tokens`
/// and `_batches`, `_flex` or `_priority`: `input_cost_per_token`, `output_cost_per_token`,
/// `cache_read_input_token_cost`, `cache_creation_input_token_cost` and
/// `output_cost_per_reasoning_token`. Others are ignored.
///
/// A call is looked up by `provider/model` and by `model`, then by both without a trailing date
/// (`-2024-08-06`, `-20250514`), ignoring case. There is no other fuzzy matching: an unknown model
/// has no price, which is not the same as a price of 0. Add rows with zeros for local models.
///
/// ```
/// use glasshouse_sdk::llm::{PriceTable, ServiceTier, Usage};
///
/// let prices = PriceTable::built_in()
///     .with_json(r#"{ "house-7b": { "input_cost_per_token": 0, "output_cost_per_token": 0 } }"#)
///     .unwrap();
/// let usage = Usage::new(1000, 100);
/// let local = prices.cost("vllm", "house-7b", ServiceTier::Standard, &usage);
/// assert_eq!(local.map(|cost| cost.usd), Some(0.0));
/// assert_eq!(prices.cost("vllm", "house-70b", ServiceTier::Standard, &usage), None);
/// ```
#[derive(Clone, Debug)]
pub struct PriceTable {
    own: Arc<HashMap<String, Row>>,
    with_built_in: bool,
}

impl Default for PriceTable {
    fn default() -> Self {
        Self::built_in()
    }
}

/// Parsed once, on the first call with usage.
static BUILT_IN: LazyLock<HashMap<String, Row>> =
    LazyLock::new(|| parse(include_str!("../prices.json")).unwrap_or_default());

impl PriceTable {
    /// The built-in prices: some fifty well-known models, taken from the providers' public price
    /// pages at the date in `prices.json`. Aliases that providers redirect over time are not
    /// included. Prices change: add your own.
    #[must_use]
    pub fn built_in() -> Self {
        Self { own: Arc::default(), with_built_in: true }
    }

    /// A table without prices.
    #[must_use]
    pub fn empty() -> Self {
        Self { own: Arc::default(), with_built_in: false }
    }

    /// Adds rows in LiteLLM's format, with precedence over the existing ones.
    ///
    /// # Errors
    /// If the text is not a price table. Rows without a price per token (the file's sample, image
    /// models) are ignored.
    pub fn with_json(mut self, text: &str) -> Result<Self, PriceError> {
        let rows = parse(text)?;
        Arc::make_mut(&mut self.own).extend(rows);
        Ok(self)
    }

    /// Adds a price for one model, in dollars per token. `model` may be `provider/model`.
    #[must_use]
    pub fn with_model(mut self, model: &str, input_usd: f64, output_usd: f64) -> Self {
        let row = Row::flat(Rates {
            input: price(input_usd),
            output: price(output_usd),
            ..Rates::default()
        });
        Arc::make_mut(&mut self.own).insert(model.to_ascii_lowercase(), row);
        self
    }

    /// The cost of a call; `None` if the model has no price.
    #[must_use]
    pub fn cost(
        &self,
        provider: &str,
        model: &str,
        tier: ServiceTier,
        usage: &Usage,
    ) -> Option<Cost> {
        let row = self.row(provider, model)?;
        // Of all known providers, only xAI includes the threshold itself in the higher price.
        let inclusive = matches!(provider, "xai" | "x_ai");
        row.cost(tier, usage, inclusive)
    }

    fn row(&self, provider: &str, model: &str) -> Option<&Row> {
        if model.is_empty() || model.len() > NAME_BYTES_MAX || provider.len() > NAME_BYTES_MAX {
            return None;
        }
        // A single allocation: both forms of the key are slices of it.
        let mut key = String::with_capacity(provider.len() + 1 + model.len());
        key.push_str(provider);
        key.push('/');
        let begin = key.len();
        key.push_str(model);
        key.make_ascii_lowercase();
        let model = key.get(begin..)?;
        let provider = key.get(..begin - 1)?;
        let other_provider = Some(short_provider(provider)).filter(|short| *short != provider);
        let undated = without_date(model);

        let own = (!self.own.is_empty()).then_some(&*self.own);
        let built_in = self.with_built_in.then(|| &*BUILT_IN);
        let models = || [Some(model), undated].into_iter().flatten();
        own.into_iter().chain(built_in).find_map(|rows| {
            models().find_map(|model| {
                rows.get(key.get(..begin + model.len())?)
                    .or_else(|| rows.get(&format!("{}/{model}", other_provider?)))
                    .or_else(|| rows.get(model))
            })
        })
    }
}

fn price(usd: f64) -> Option<f64> {
    (usd.is_finite() && usd >= 0.0).then_some(usd)
}

fn parse(text: &str) -> Result<HashMap<String, Row>, PriceError> {
    let Value::Object(models) = serde_json::from_str(text)? else {
        return Err(PriceError::NotAnObject);
    };
    if models.len() > ROWS_MAX {
        return Err(PriceError::TooManyRows);
    }
    let mut rows = HashMap::with_capacity(models.len());
    for (model, columns) in models {
        let Value::Object(columns) = columns else { continue };
        let row = Row::from_columns(&columns)
            .map_err(|column| PriceError::NotAPrice { model: model.clone(), column })?;
        if let Some(row) = row {
            rows.insert(model.to_ascii_lowercase(), row);
        }
    }
    Ok(rows)
}

/// The provider in LiteLLM's keys.
fn short_provider(provider: &str) -> &str {
    match provider {
        "azure.ai.openai" => "azure",
        "azure.ai.inference" => "azure_ai",
        "gcp.vertex_ai" => "vertex_ai",
        "gcp.gemini" | "gcp.gen_ai" => "gemini",
        "aws.bedrock" => "bedrock",
        "mistral_ai" => "mistral",
        "moonshot_ai" => "moonshot",
        "x_ai" => "xai",
        "ibm.watsonx.ai" => "watsonx",
        other => other,
    }
}

/// The name without a trailing `-YYYY-MM-DD` or `-YYYYMMDD`; `None` if there is no date.
fn without_date(model: &str) -> Option<&str> {
    let is_date = |tail: &str, pattern: &str| {
        tail.len() == pattern.len()
            && tail.bytes().zip(pattern.bytes()).all(|(byte, expected)| match expected {
                b'-' => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
    };
    ["-dddd-dd-dd", "-dddddddd"].into_iter().find_map(|pattern| {
        let (name, tail) = model.split_at_checked(model.len().checked_sub(pattern.len())?)?;
        (!name.is_empty() && is_date(tail, pattern)).then_some(name)
    })
}

#[cfg(test)]
mod tests;
