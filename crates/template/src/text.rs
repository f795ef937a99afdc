//! Text that is written up to a limit.

/// Text that refuses to grow over a limit in bytes.
#[derive(Debug)]
pub struct Text {
    text: String,
    limit: usize,
}

/// The limit of a [`Text`] is exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text exceeds the limit in bytes of an expansion")]
pub struct Overflow;

impl From<Overflow> for String {
    fn from(overflow: Overflow) -> Self {
        overflow.to_string()
    }
}

impl Text {
    /// Empty text that holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { text: String::new(), limit }
    }

    /// Appends a part.
    ///
    /// # Errors
    /// If the text would exceed its limit; it is unchanged then.
    pub fn push(&mut self, part: &str) -> Result<(), Overflow> {
        if part.len() > self.left() {
            return Err(Overflow);
        }
        self.text.push_str(part);
        Ok(())
    }

    /// Appends a character several times.
    ///
    /// # Errors
    /// If the text would exceed its limit; it is unchanged then.
    pub fn fill(&mut self, c: char, count: usize) -> Result<(), Overflow> {
        let bytes = count.saturating_mul(c.len_utf8());
        if bytes > self.left() {
            return Err(Overflow);
        }
        self.text.extend(std::iter::repeat_n(c, count));
        Ok(())
    }

    /// Bytes that may still be appended.
    #[must_use]
    pub fn left(&self) -> usize {
        self.limit.saturating_sub(self.text.len())
    }

    /// The text so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_its_limit() {
        let mut text = Text::new(3);
        assert_eq!(text.push("ab"), Ok(()));
        assert_eq!(text.push("cd"), Err(Overflow));
        assert_eq!(text.fill('x', usize::MAX), Err(Overflow));
        assert_eq!(text.fill('x', 1), Ok(()));
        assert_eq!(text.finish(), "abx");
    }
}
