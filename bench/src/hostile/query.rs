//! A query: a line with path, parameters and text, either known or generated from a seed.
//!
//! `/path?a=1&name= text`: the text is the value of the last parameter, and `start`, `end` and
//! `time` are seconds since the start of this program.

use std::io::{copy, sink};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::grammar::Grammar;
use crate::patch;
use crate::send;
use crate::server::PORT_OFFSET;

/// The languages and their grammars.
const LANGUAGES: [(&str, &str); 4] = [
    ("sql", include_str!("sql.grammar")),
    ("promql", include_str!("promql.grammar")),
    ("logql", include_str!("logql.grammar")),
    ("traceql", include_str!("traceql.grammar")),
];
/// Queries that caused failures in the past, run first in every run.
const KNOWN: &str = include_str!("known.txt");

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostileQuery {
    pub(crate) language: &'static str,
    /// The seed that generates it; `None` for known queries.
    pub(crate) seed: Option<u64>,
    pub(crate) line: String,
}

/// The known queries and the generators.
pub(crate) struct HostileQueries {
    known: Vec<HostileQuery>,
    grammars: Vec<(&'static str, Grammar<'static>)>,
}

impl HostileQueries {
    /// Parses the grammars.
    pub(crate) fn new() -> Result<Self> {
        let known = KNOWN.lines().map(|line| HostileQuery {
            language: language(line),
            seed: None,
            line: line.to_owned(),
        });
        let grammars = LANGUAGES
            .map(|(name, text)| Grammar::parse(text).map(|grammar| (name, grammar)).context(name));
        Ok(Self {
            known: known.collect(),
            grammars: grammars.into_iter().collect::<Result<Vec<_>>>()?,
        })
    }

    /// The known queries.
    pub(crate) fn known(&self) -> &[HostileQuery] {
        &self.known
    }

    /// The `n`-th query of a run: the known ones, then those derived from the run's seed.
    pub(crate) fn nth(&self, run: u64, n: usize) -> Result<HostileQuery> {
        match self.known.get(n) {
            Some(known) => Ok(known.clone()),
            None => self.of_seed(patch::splitmix64(run ^ ((n as u64) << 32))),
        }
    }

    /// The query of a seed, which also selects the language.
    pub(crate) fn of_seed(&self, seed: u64) -> Result<HostileQuery> {
        let (language, grammar) = &self.grammars[(seed % self.grammars.len() as u64) as usize];
        Ok(HostileQuery { language, seed: Some(seed), line: grammar.text(seed)? })
    }
}

/// The language of a path.
fn language(line: &str) -> &'static str {
    let of_path = [("/api/sql", "sql"), ("/prometheus", "promql"), ("/loki", "logql")];
    let found = of_path.iter().find(|(path, _)| line.starts_with(path));
    found.map_or("traceql", |(_, language)| language)
}

impl HostileQuery {
    /// Sends the query and reads the whole response; returns its status.
    pub(crate) fn send(&self, timeout: Duration) -> Result<u16> {
        let agent = send::agent_within(timeout);
        let (path, parameters) = self.parts()?;
        let url = format!("http://127.0.0.1:{}{path}", 3000 + PORT_OFFSET);
        let mut answer = if self.language == "sql" {
            let body = json!(parameters.into_iter().collect::<serde_json::Map<_, _>>()).to_string();
            agent.post(url).header("Content-Type", "application/json").send(body.as_bytes())?
        } else if self.language == "traceql" || path.contains("/label/") {
            agent.get(url).query_pairs(texts(&parameters)).call()?
        } else {
            agent.post(url).send_form(texts(&parameters))?
        };
        copy(&mut answer.body_mut().as_reader(), &mut sink())?;
        Ok(answer.status().as_u16())
    }

    /// Path and parameters.
    fn parts(&self) -> Result<(&str, Vec<(String, serde_json::Value)>)> {
        let (head, text) = self.line.split_once("= ").context("no text")?;
        let (path, head) = head.split_once('?').context("no parameters")?;
        let mut parameters = Vec::new();
        for parameter in head.split('&') {
            let value = match parameter.split_once('=') {
                None => (parameter, text.to_owned()),
                Some((name @ ("start" | "end" | "time"), seconds)) => {
                    let now_s = (patch::start_ns() / 1_000_000_000) as i64;
                    (name, (now_s + seconds.parse::<i64>()?).to_string())
                }
                Some((name, value)) => (name, value.to_owned()),
            };
            parameters.push((value.0.to_owned(), value.1.into()));
        }
        Ok((path, parameters))
    }
}

fn texts(parameters: &[(String, serde_json::Value)]) -> impl Iterator<Item = (&str, &str)> {
    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SEEDS: u64 = 4_000;
    const TEXT_BYTES_MAX: usize = 32 * 1024;

    #[test]
    fn the_same_seed_makes_the_same_question() {
        let (one, other) = (HostileQueries::new().unwrap(), HostileQueries::new().unwrap());
        for n in 0..100 {
            assert_eq!(one.nth(7, n).unwrap(), other.nth(7, n).unwrap());
        }
        assert_ne!(one.nth(7, 50).unwrap(), one.nth(8, 50).unwrap());
    }

    #[test]
    fn every_production_is_reached_and_every_text_is_bounded() {
        for (name, grammar) in HostileQueries::new().unwrap().grammars {
            let mut missing = grammar.productions();
            for seed in 0..SEEDS {
                let (text, taken) = grammar.taken(seed);
                assert!(text.len() < TEXT_BYTES_MAX, "{name} {seed}: {} bytes", text.len());
                missing.retain(|production| !taken.contains(production));
            }
            assert!(missing.is_empty(), "{name}: {missing:?}");
        }
    }

    #[test]
    fn every_question_is_a_request_of_its_language() {
        let queries = HostileQueries::new().unwrap();
        let mut languages = BTreeSet::new();
        for n in 0..2_000 {
            let query = queries.nth(1, n).unwrap();
            let (path, parameters) = query.parts().unwrap();
            assert!(path.starts_with('/') && !parameters.is_empty(), "{query:?}");
            assert_eq!(language(&query.line), query.language);
            languages.insert(query.language);
        }
        assert_eq!(languages.len(), LANGUAGES.len());
    }

    #[test]
    fn times_count_from_the_start_and_the_text_is_the_last_parameter() {
        let line = "/loki/x?start=-60&limit=5&query= {a=~\"b\"} | c= d".to_owned();
        let query = HostileQuery { language: "logql", seed: None, line };
        let (path, parameters) = query.parts().unwrap();
        let start = (patch::start_ns() / 1_000_000_000 - 60).to_string();
        let expected = [("start", start.as_str()), ("limit", "5"), ("query", "{a=~\"b\"} | c= d")];
        assert_eq!(path, "/loki/x");
        assert!(texts(&parameters).eq(expected));
    }
}
