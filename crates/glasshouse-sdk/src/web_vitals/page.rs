//! Pages as labels: without origin, query, fragment and ids, and limited in number.

use std::borrow::Cow;
use std::collections::HashSet;

use parking_lot::RwLock;

use crate::http::path::collapse;

/// Maximum number of distinct pages.
const PAGES_MAX: usize = 200;
/// Stands for all further pages.
const OTHER: &str = "__other__";
/// The page of a beacon without one.
const UNKNOWN: &str = "__unknown__";

/// The canonical form of a page given by a browser (a path or a full URL).
pub(super) fn canonical(page: &str) -> String {
    let page = page.trim_ascii();
    if page.is_empty() {
        return UNKNOWN.to_owned();
    }
    let page = page.split(['?', '#']).next().unwrap_or_default();
    let path = match page.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        // `//host/path` is a scheme-relative URL.
        None => match page.strip_prefix("//") {
            Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
            None => page,
        },
    };
    collapse(path)
}

/// The distinct pages.
#[derive(Debug)]
pub(super) struct Pages {
    known: RwLock<HashSet<Box<str>>>,
    /// Whether only the configured pages are allowed.
    is_fixed: bool,
}

impl Pages {
    pub(super) fn new(pages: Option<Vec<String>>) -> Self {
        let is_fixed = pages.is_some();
        let known = pages.into_iter().flatten().map(String::into_boxed_str).collect();
        Self { known: RwLock::new(known), is_fixed }
    }

    /// The label of a canonical page.
    pub(super) fn admit(&self, page: String) -> Cow<'static, str> {
        if page == UNKNOWN {
            return Cow::Borrowed(UNKNOWN);
        }
        if self.known.read().contains(page.as_str()) {
            return Cow::Owned(page);
        }
        if self.is_fixed {
            return Cow::Borrowed(OTHER);
        }
        let mut known = self.known.write();
        if known.len() >= PAGES_MAX && !known.contains(page.as_str()) {
            return Cow::Borrowed(OTHER);
        }
        known.insert(page.as_str().into());
        Cow::Owned(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_personal_is_left_of_a_page() {
        let cases = [
            ("", "__unknown__"),
            ("/", "/"),
            ("/tasks/42?token=secret#part", "/tasks/:id"),
            ("https://app.example.com/tasks/42?mail=anna@example.com", "/tasks/:id"),
            ("https://app.example.com", "/"),
            ("https://anna:secret@app.example.com/a", "/a"),
            ("//evil.example/a", "/a"),
            ("javascript:alert(1)", "/javascript:alert(1)"),
            ("/users/anna@example.com/inbox", "/users/:id/inbox"),
            ("/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "/reset/:id"),
            ("/cards/4111111111111111", "/cards/:id"),
            ("/\u{0}\u{1b}[31m/a", "/:id/a"),
            ("/blog/[slug]", "/blog/[slug]"),
            ("#anna", "/"),
        ];
        for (page, expected) in cases {
            assert_eq!(canonical(page), expected, "{page}");
        }
        assert!(canonical(&"/päge".repeat(20_000)).len() <= 200);
    }

    #[test]
    fn a_million_pages_are_two_hundred_and_one() {
        let pages = Pages::new(None);
        let word = |number: usize| {
            let letters = [number / 676 % 26, number / 26 % 26, number % 26];
            letters.iter().map(|letter| char::from(b'a' + *letter as u8)).collect::<String>()
        };
        let labels: HashSet<_> = (0..10_000)
            .map(|number| pages.admit(canonical(&format!("/{}", word(number)))))
            .collect();
        assert_eq!(labels.len(), PAGES_MAX + 1);
        assert!(labels.contains(OTHER));
    }

    #[test]
    fn pages_that_are_listed_are_the_only_ones() {
        let pages = Pages::new(Some(vec!["/tasks/:id".to_owned()]));
        assert_eq!(pages.admit("/tasks/:id".to_owned()), "/tasks/:id");
        assert_eq!(pages.admit("/else".to_owned()), OTHER);
        assert_eq!(pages.admit(UNKNOWN.to_owned()), UNKNOWN);
    }
}
