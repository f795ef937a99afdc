//! Textual grammars, and the texts generated from them by a seed.
//!
//! A rule is a name followed by a colon; the indented lines below it are its alternatives. In
//! guillemets: `«rule»`; `«rule*2..6|, »`, 2 to 6 repetitions joined by `, `; `«2..6»`, a number;
//! `«#»`, the index in the innermost repetition; `«»`, nothing. `%` starts a comment line.
//!
//! The first alternative of a rule terminates: it is used when a text gets too long or deep.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use anyhow::{Context, Result, bail};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The start rule.
const ROOT: &str = "request";
/// Nesting depth beyond which only first alternatives are used, drawn for each text.
const DEPTH: RangeInclusive<u32> = 3..=14;
/// The same limit for the length, as powers of two.
const TEXT_BYTES_LOG2: RangeInclusive<u32> = 7..=13;

/// Rules by name.
#[derive(Debug)]
pub(crate) struct Grammar<'a>(BTreeMap<&'a str, Vec<Vec<Piece<'a>>>>);

/// An element of an alternative.
#[derive(Debug)]
enum Piece<'a> {
    Text(&'a str),
    Rule { name: &'a str, times: (u64, u64), separator: &'a str },
    Number(u64, u64),
    Position,
}

impl<'a> Grammar<'a> {
    /// Parses rules.
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        let mut rules: BTreeMap<&str, Vec<Vec<Piece<'_>>>> = BTreeMap::new();
        let mut name = "";
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('%')) {
            if let Some(alternative) = line.strip_prefix("  ") {
                let pieces = pieces(alternative).with_context(|| line.to_owned())?;
                rules.entry(name).or_default().push(pieces);
            } else {
                name = line.strip_suffix(':').with_context(|| format!("no rule: {line}"))?;
                if rules.contains_key(name) {
                    bail!("two rules {name}");
                }
            }
        }
        let grammar = Self(rules);
        for name in grammar.references() {
            grammar.rule(name)?;
        }
        Ok(grammar)
    }

    /// The text generated from a seed.
    pub(crate) fn text(&self, seed: u64) -> Result<String> {
        Ok(self.write(seed)?.text)
    }

    fn write(&self, seed: u64) -> Result<Writer<'_>> {
        let mut random = StdRng::seed_from_u64(seed);
        let depth_max = random.random_range(DEPTH);
        let bytes_max = 1 << random.random_range(TEXT_BYTES_LOG2);
        let mut writer = Writer {
            grammar: self,
            random,
            text: String::new(),
            position: 0,
            depth: 0,
            depth_max,
            bytes_max,
            taken: BTreeSet::new(),
        };
        writer.rule(ROOT)?;
        Ok(writer)
    }

    fn rule(&self, name: &str) -> Result<&[Vec<Piece<'a>>]> {
        Ok(self.0.get(name).with_context(|| format!("there is no rule {name}"))?)
    }

    /// All referenced rules.
    fn references(&self) -> BTreeSet<&str> {
        let pieces = self.0.values().flatten().flatten();
        let names = pieces.filter_map(|piece| match piece {
            Piece::Rule { name, .. } => Some(*name),
            _ => None,
        });
        names.chain([ROOT]).collect()
    }
}

/// Parses an alternative.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('«') {
        let (inside, after) = after.split_once('»').context("« without »")?;
        pieces.push(Piece::Text(before));
        pieces.push(if inside.is_empty() {
            Piece::Text("")
        } else if inside == "#" {
            Piece::Position
        } else if let Some((from, to)) = range(inside) {
            Piece::Number(from, to)
        } else {
            let (name, repeated) = inside.split_once('*').unwrap_or((inside, "1..1"));
            let (times, separator) = repeated.split_once('|').unwrap_or((repeated, ""));
            let times = range(times).context("no number of times")?;
            Piece::Rule { name, times, separator }
        });
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// Parses `2..6`.
fn range(text: &str) -> Option<(u64, u64)> {
    let (from, to) = text.split_once("..")?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

struct Writer<'g> {
    grammar: &'g Grammar<'g>,
    random: StdRng,
    text: String,
    position: u64,
    depth: u32,
    depth_max: u32,
    bytes_max: usize,
    /// The rules and alternatives used.
    taken: BTreeSet<(&'g str, usize)>,
}

impl<'g> Writer<'g> {
    fn is_to_end(&self) -> bool {
        self.depth > self.depth_max || self.text.len() > self.bytes_max
    }

    fn rule(&mut self, name: &'g str) -> Result<()> {
        let alternatives = self.grammar.rule(name)?;
        let at = if self.is_to_end() { 0 } else { self.random.random_range(0..alternatives.len()) };
        self.taken.insert((name, at));
        self.depth += 1;
        for piece in &alternatives[at] {
            match *piece {
                Piece::Text(text) => self.text.push_str(text),
                Piece::Position => self.text.push_str(&self.position.to_string()),
                Piece::Number(from, to) => {
                    let number = self.random.random_range(from..=to);
                    self.text.push_str(&number.to_string());
                }
                Piece::Rule { name, times: (1, 1), .. } => self.rule(name)?,
                Piece::Rule { name, times, separator } => self.repeat(name, times, separator)?,
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn repeat(&mut self, name: &'g str, times: (u64, u64), separator: &str) -> Result<()> {
        let (least, most) = times;
        let times = self.random.random_range(least..=most);
        let outer = self.position;
        for position in 0..times {
            if position >= least && self.is_to_end() {
                break;
            }
            if position > 0 {
                self.text.push_str(separator);
            }
            self.position = position;
            self.rule(name)?;
        }
        self.position = outer;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_numbers_and_positions() {
        let grammar = Grammar::parse("request:\n  f(«x*3..3|, »)\nx:\n  a«#»«7..7»\n").unwrap();
        assert_eq!(grammar.text(1).unwrap(), "f(a07, a17, a27)");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, wrong) in [
            ("request:\n  «x»\n", "there is no rule x"),
            ("x:\n  y\n", "there is no rule request"),
            ("request:\n  «x\n", "« without »"),
            ("request:\n  «x*y»\n", "no number of times"),
            ("request:\n  a\nrequest:\n  b\n", "two rules request"),
        ] {
            let error = format!("{:#}", Grammar::parse(text).unwrap_err());
            assert!(error.contains(wrong), "{error}");
        }
    }

    impl<'a> Grammar<'a> {
        /// Every rule with each of its alternatives.
        pub(crate) fn productions(&self) -> BTreeSet<(&'a str, usize)> {
            let rules = self.0.iter();
            rules.flat_map(|(name, all)| (0..all.len()).map(move |at| (*name, at))).collect()
        }

        /// The text of a seed and the alternatives used.
        pub(crate) fn taken(&self, seed: u64) -> (String, BTreeSet<(&str, usize)>) {
            let writer = self.write(seed).unwrap();
            (writer.text, writer.taken)
        }
    }
}
