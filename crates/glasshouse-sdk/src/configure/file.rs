//! The configuration file: YAML with an `observability:` block, read once at startup.
//!
//! Errors in it are reported and the affected keys ignored; they never stop a service.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::choices::Choices;
use super::keys::{KEYS, Key, Take};
use super::problem::{Problem, nearest};
use super::tree::{self, Content, Node};

/// Maximum size of the file.
const BYTES_MAX: u64 = 1 << 20;

/// Maximum number of problems reported individually.
const PROBLEMS_MAX: usize = 40;

/// Our block in the file.
const BLOCK: &str = "observability";

/// Reads a file. An unreadable file yields no settings and one problem.
pub(crate) fn read(path: &Path, problems: &mut Vec<Problem>) -> Choices {
    match read_text(path, BYTES_MAX) {
        Ok(text) => {
            let mut choices = parse(&text, &path.display().to_string(), problems);
            let folder = path.parent().unwrap_or(Path::new(""));
            for paths in [&mut choices.naming_profile_files, &mut choices.price_files] {
                for path in paths.iter_mut().flatten() {
                    *path = folder.join(&*path);
                }
            }
            if let Some(path) = &mut choices.otlp.certificate {
                *path = folder.join(&*path);
            }
            choices
        }
        Err(message) => {
            let message = format!("{message}; the file is ignored");
            problems.push(Problem::new(path.display().to_string(), message));
            Choices::default()
        }
    }
}

/// The text of a file of at most this many bytes, or the reason for failing.
pub(crate) fn read_text(path: &Path, bytes_max: u64) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    // A pipe would block startup forever.
    if !std::fs::metadata(path).map_err(cannot)?.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("is larger than {bytes_max} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}

/// Parses the text of a file; `name` is used in problems.
pub(crate) fn parse(text: &str, name: &str, problems: &mut Vec<Problem>) -> Choices {
    let mut choices = Choices::default();
    let root = match tree::parse(text) {
        Ok(root) => root,
        Err(message) => {
            problems
                .push(Problem::new(name, format!("is not YAML: {message}; the file is ignored")));
            return choices;
        }
    };
    let entries = match root.content {
        Content::Nothing => return choices,
        Content::Map(entries) => entries,
        Content::Scalar(_) | Content::List(_) => {
            let message = format!("is not a mapping with a block `{BLOCK}:`; the file is ignored");
            problems.push(Problem::new(name, message));
            return choices;
        }
    };
    let mut walk = Walk { name, prefix: "", choices: &mut choices, problems: Vec::new() };
    // Other settings may share the file, so without our block it counts only if it has our keys.
    match entries.iter().find(|(key, _)| key == BLOCK) {
        Some((_, block)) => {
            walk.prefix = "observability.";
            match &block.content {
                Content::Nothing => {}
                Content::Map(entries) => walk.section("", entries),
                Content::Scalar(_) | Content::List(_) => walk.wrong_section("", block),
            }
        }
        None if entries.iter().any(|(key, _)| is_known(key)) => walk.section("", &entries),
        None => {
            let message = format!("has no block `{BLOCK}:`; the file is ignored");
            walk.problems.push(Problem::new(name, message));
        }
    }
    let mut found = walk.problems;
    let more = found.len().saturating_sub(PROBLEMS_MAX);
    found.truncate(PROBLEMS_MAX);
    problems.append(&mut found);
    if more > 0 {
        problems.push(Problem::new(name, format!("has {more} more mistakes")));
    }
    choices
}

/// Whether this is a key or a section.
fn is_known(path: &str) -> bool {
    KEYS.iter().any(|key| key.path == path) || is_section(path)
}

fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The keys and subsections of a section, sorted.
fn children(section: &str) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = KEYS
        .iter()
        .filter_map(|key| {
            let rest = match section {
                "" => key.path,
                _ => key.path.strip_prefix(section)?.strip_prefix('.')?,
            };
            rest.split('.').next()
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

struct Walk<'a> {
    name: &'a str,
    prefix: &'static str,
    choices: &'a mut Choices,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn section(&mut self, path: &str, entries: &[(String, Node)]) {
        for (name, node) in entries {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if let Some(key) = KEYS.iter().find(|key| key.path == path) {
                self.key(key, node);
            } else if is_section(&path) {
                match &node.content {
                    Content::Nothing => {}
                    Content::Map(entries) => self.section(&path, entries),
                    Content::Scalar(_) | Content::List(_) => self.wrong_section(&path, node),
                }
            } else {
                self.unknown(&path, node);
            }
        }
    }

    fn key(&mut self, key: &Key, node: &Node) {
        let taken = match (key.take, &node.content) {
            // Empty keys are placeholders.
            (_, Content::Nothing) => return,
            (_, Content::Scalar(text)) if text.is_empty() => return,
            (_, Content::List(items)) if items.is_empty() => return,
            (Take::Text(take), Content::Scalar(text)) => take(self.choices, text.trim()),
            (Take::List(take), Content::Scalar(text)) => {
                take(self.choices, super::value::names(text))
            }
            (Take::List(take), Content::List(items)) => {
                scalars(items.iter()).and_then(|items| take(self.choices, items))
            }
            (Take::Map(take), Content::Map(entries)) => {
                let names = entries.iter().map(|(name, _)| name.clone());
                scalars(entries.iter().map(|(_, node)| node))
                    .and_then(|values| take(self.choices, names.zip(values).collect()))
            }
            _ => None,
        };
        if taken.is_none() {
            let place = self.place(key.path, node);
            self.problems.push(match &node.content {
                Content::Scalar(text) if !key.is_secret => Problem::value(place, text, key.allowed),
                Content::Scalar(_) | Content::Nothing => {
                    Problem::kind(place, "the value", key.allowed)
                }
                Content::List(_) => Problem::kind(place, "a list", key.allowed),
                Content::Map(_) => Problem::kind(place, "a mapping", key.allowed),
            });
        }
    }

    fn unknown(&mut self, path: &str, node: &Node) {
        let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
        let siblings = children(section);
        let near = nearest(name, siblings.iter().copied()).map(|near| match section {
            "" => near.to_owned(),
            _ => format!("{section}.{near}"),
        });
        // Keys in the wrong section are as common as misspelt ones.
        let elsewhere = || {
            let is_same = |key: &&Key| !key.is_alias && key.path.rsplit('.').next() == Some(name);
            KEYS.iter().find(is_same).map(|key| key.path.to_owned())
        };
        let message = match near.or_else(elsewhere) {
            Some(near) => format!("is no known key; did you mean `{}{near}`?", self.prefix),
            None => format!("is no known key; known here: {}", siblings.join(", ")),
        };
        self.problems.push(Problem::new(self.place(path, node), message));
    }

    fn wrong_section(&mut self, path: &str, node: &Node) {
        let message = format!("is a section with the keys {}", children(path).join(", "));
        self.problems.push(Problem::new(self.place(path, node), message));
    }

    /// `file:line:column: observability.section.key`, with a bounded length.
    fn place(&self, path: &str, node: &Node) -> String {
        const PATH_MAX: usize = 200;
        let path: String = path.chars().filter(|c| !c.is_control()).take(PATH_MAX).collect();
        let path = format!("{}{path}", self.prefix);
        let (line, column) = node.place;
        format!("{}:{line}:{column}: {}", self.name, path.trim_end_matches('.'))
    }
}

/// The scalars of a list or mapping; `None` if it has other nodes.
fn scalars<'a>(nodes: impl Iterator<Item = &'a Node>) -> Option<Vec<String>> {
    nodes
        .map(|node| match &node.content {
            Content::Scalar(text) => Some(text.clone()),
            Content::Nothing => Some(String::new()),
            Content::List(_) | Content::Map(_) => None,
        })
        .collect()
}

/// Paths from a list of strings.
pub(crate) fn paths(names: Vec<String>) -> Vec<PathBuf> {
    names.into_iter().map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests;
