//! The agent's memory: notes per session, searched by words, within a byte budget.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use glasshouse_sdk::Telemetry;

use crate::{clock, lock};

/// Maximum number of sessions; the oldest is evicted.
const SESSIONS_MAX: usize = 200;
/// Maximum bytes of notes per session; the oldest notes are evicted.
const SESSION_BYTES_MAX: usize = 4096;
/// Maximum length of a note, in bytes.
const NOTE_BYTES_MAX: usize = 500;
/// Maximum number of notes in a search result.
const FOUND_MAX: usize = 5;

#[derive(Debug)]
pub(super) struct Memory {
    telemetry: Telemetry,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    sessions: HashMap<String, VecDeque<String>>,
    order: VecDeque<String>,
    notes: u64,
}

impl Memory {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self { telemetry: telemetry.clone(), kept: Mutex::default() }
    }

    /// Stores a note.
    ///
    /// # Errors
    /// If it is too long or empty.
    pub(super) fn store(&self, session: &str, note: &str) -> Result<String, String> {
        let begin = clock::now();
        let note = note.trim();
        if note.is_empty() || note.len() > NOTE_BYTES_MAX {
            self.telemetry.memory().operation("store", "error", begin.elapsed());
            return Err(format!("a note has 1 to {NOTE_BYTES_MAX} bytes"));
        }
        let (notes, used) = lock(&self.kept).store(&self.telemetry, session, note);
        let memory = self.telemetry.memory();
        memory.operation("store", "success", begin.elapsed());
        memory.items(notes);
        self.telemetry.budget().update(session, SESSION_BYTES_MAX as u64, used as u64);
        Ok("noted".to_owned())
    }

    /// The notes of a session that share words with the query, best match first.
    pub(super) fn search(&self, session: &str, query: &str) -> String {
        let begin = clock::now();
        let words: Vec<String> =
            query.split_whitespace().filter(|word| word.len() > 3).map(str::to_lowercase).collect();
        let mut found: Vec<(usize, String)> = {
            let kept = lock(&self.kept);
            let notes = kept.sessions.get(session).into_iter().flatten();
            let scored = notes.map(|note| {
                let text = note.to_lowercase();
                (words.iter().filter(|word| text.contains(*word)).count(), note.clone())
            });
            scored.filter(|(score, _)| *score > 0).collect()
        };
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found.truncate(FOUND_MAX);
        let memory = self.telemetry.memory();
        memory.operation("search", "success", begin.elapsed());
        memory.search_results(found.len() as u64);
        let notes: Vec<String> = found.into_iter().map(|(_, note)| note).collect();
        if notes.is_empty() { "no notes about that".to_owned() } else { notes.join("\n") }
    }
}

impl Kept {
    /// Stores a note; returns the number of notes and the bytes of this session.
    fn store(&mut self, telemetry: &Telemetry, session: &str, note: &str) -> (u64, usize) {
        if !self.sessions.contains_key(session) {
            self.order.push_back(session.to_owned());
            if self.order.len() > SESSIONS_MAX
                && let Some(oldest) = self.order.pop_front()
                && let Some(gone) = self.sessions.remove(&oldest)
            {
                self.notes = self.notes.saturating_sub(gone.len() as u64);
                telemetry.budget().remove(&oldest);
            }
        }
        let notes = self.sessions.entry(session.to_owned()).or_default();
        notes.push_back(note.to_owned());
        self.notes += 1;
        let mut used: usize = notes.iter().map(String::len).sum();
        while used > SESSION_BYTES_MAX
            && let Some(oldest) = notes.pop_front()
        {
            used -= oldest.len();
            self.notes = self.notes.saturating_sub(1);
        }
        (self.notes, used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_by_their_words_and_stay_within_the_budget() {
        let memory = Memory::new(&Telemetry::noop());
        for number in 0..40 {
            memory.store("s1", &format!("{number} {}", "checkout ".repeat(50))).unwrap();
        }
        memory.store("s1", "payments count in cents").unwrap();
        assert!(lock(&memory.kept).notes < 12);
        assert_eq!(memory.search("s1", "why do payments fail"), "payments count in cents");
        assert_eq!(memory.search("s2", "payments"), "no notes about that");
        assert!(memory.store("s1", "").is_err());
    }
}
