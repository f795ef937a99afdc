//! Bounded lists of repeated messages.

use crate::protobuf::Message;

/// The first messages of a repeated field up to a limit; the rest are only counted. A list entry is
/// much larger than an empty message on the wire.
#[derive(Debug, Default)]
pub(crate) struct BoundedMessages<'a> {
    pub(crate) messages: Vec<Message<'a>>,
    pub(crate) left_out: usize,
    /// Positions where the backward search for a message of [`Rank::Other`] and of
    /// [`Rank::Content`] continues, once started; none of that rank is added afterwards. Each
    /// message is visited once per rank, so a hostile list costs linear time.
    search_ends: [Option<usize>; 2],
}

/// Priority of an attribute when there are more than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Any attribute.
    Other,
    /// A message, tool or document of an LLM call, from a list flattened into attributes.
    Content,
    /// Identifies an LLM call, its session, its user or its service.
    Identity,
}

/// Keys and key prefixes of [`Rank::Identity`] or, if the key contains an index, of
/// [`Rank::Content`].
const KEPT_PREFIXES: [&str; 5] = ["gen_ai.", "llm.", "openinference.", "service.", "session."];
const KEPT_KEYS: [&str; 3] = ["enduser.id", "error.type", "user.id"];

impl Rank {
    fn of(key: &str) -> Self {
        if KEPT_KEYS.contains(&key) {
            return Self::Identity;
        }
        if !KEPT_PREFIXES.iter().any(|prefix| key.starts_with(prefix)) {
            return Self::Other;
        }
        let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        if key.split('.').any(is_number) { Self::Content } else { Self::Identity }
    }

    /// The rank of a `KeyValue`; an unreadable one has the lowest.
    fn of_pair(mut pair: Message<'_>) -> Self {
        while let Ok(Some(field)) = pair.next() {
            if field.number == 1 {
                return field.text().map_or(Self::Other, |key| Self::of(&key));
            }
        }
        Self::Other
    }
}

impl<'a> BoundedMessages<'a> {
    /// Adds a message if there are fewer than `count_max`.
    #[inline]
    pub(crate) fn push(&mut self, message: Message<'a>, count_max: usize) {
        if self.messages.len() < count_max {
            self.messages.push(message);
        } else {
            self.left_out += 1;
        }
    }

    /// Adds a `KeyValue`; beyond `count_max` it replaces the last one of the lowest rank, if its
    /// own is higher. Order is preserved.
    #[inline]
    pub(crate) fn push_attribute(&mut self, pair: Message<'a>, count_max: usize) {
        if self.messages.len() < count_max {
            self.messages.push(pair);
        } else {
            self.push_by_rank(pair);
        }
    }

    #[cold]
    fn push_by_rank(&mut self, pair: Message<'a>) {
        self.left_out += 1;
        let rank = Rank::of_pair(pair);
        for lower in [Rank::Other, Rank::Content] {
            if lower < rank && self.remove_last(lower) {
                self.messages.push(pair);
                return;
            }
        }
    }

    /// Removes the last unvisited message of a rank.
    fn remove_last(&mut self, rank: Rank) -> bool {
        let [of_other, of_content] = &mut self.search_ends;
        let end = if rank == Rank::Other { of_other } else { of_content };
        let end = end.get_or_insert(self.messages.len());
        while *end > 0 {
            *end -= 1;
            if self.messages.get(*end).is_some_and(|pair| Rank::of_pair(*pair) == rank) {
                self.messages.remove(*end);
                return true;
            }
        }
        false
    }

    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.left_out = 0;
        self.search_ends = [None; 2];
    }

    /// Total number of messages, including dropped ones.
    pub(crate) fn count(&self) -> usize {
        self.messages.len() + self.left_out
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::KeyValue;
    use prost::Message as _;

    use super::*;

    fn kept(keys: &[&str], count_max: usize) -> Vec<String> {
        let pairs: Vec<Vec<u8>> = keys
            .iter()
            .map(|key| KeyValue { key: (*key).to_owned(), ..KeyValue::default() }.encode_to_vec())
            .collect();
        let mut kept = BoundedMessages::default();
        for pair in &pairs {
            kept.push_attribute(Message::new(pair), count_max);
        }
        assert_eq!(kept.count(), keys.len());
        let key = |pair: &Message<'_>| {
            let mut pair = *pair;
            pair.next().unwrap().unwrap().text().unwrap().into_owned()
        };
        kept.messages.iter().map(key).collect()
    }

    #[test]
    fn the_identity_of_a_call_outlasts_its_content_and_that_outlasts_the_rest() {
        for (keys, expected) in [
            (&["a", "b", "c", "d"][..], &["a", "b", "c"][..]),
            (&["a", "b", "c", "session.id"], &["a", "b", "session.id"]),
            (&["a", "llm.x", "b", "gen_ai.y"], &["a", "llm.x", "gen_ai.y"]),
            (&["a", "b", "c", "llm.prompts.0.text"], &["a", "b", "llm.prompts.0.text"]),
            (
                &["llm.prompts.0.text", "llm.prompts.1.text", "a", "user.id", "error.type", "b"],
                &["llm.prompts.0.text", "user.id", "error.type"],
            ),
            (&["llm.a", "llm.b", "llm.c", "llm.d"], &["llm.a", "llm.b", "llm.c"]),
            (
                &["llm.p.0", "a", "llm.p.1", "llm.p.2", "llm.d", "llm.e", "llm.f"],
                &["llm.d", "llm.e", "llm.f"],
            ),
        ] {
            assert_eq!(kept(keys, 3), expected, "{keys:?}");
        }
    }
}
