//! A silence: matchers that mute alerts for some time.

use std::collections::BTreeMap;

use adopt::matcher::{Matcher, Matchers};
use serde::{Deserialize, Serialize};
use signals::{Labels, MatchOp, Timestamp, regexp};

/// Whether a silence mutes alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SilenceState {
    /// It does.
    Active,
    /// It will.
    Pending,
    /// It did, or it was deleted.
    Expired,
}

impl SilenceState {
    /// All states, in the order in which silences are listed.
    pub const ALL: [Self; 3] = [Self::Active, Self::Pending, Self::Expired];

    /// The name in the API and in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Expired => "expired",
        }
    }
}

/// A matcher of a silence as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenMatcher {
    pub(crate) name: String,
    pub(crate) value: String,
    #[serde(rename = "regex", default)]
    pub(crate) is_regex: bool,
    #[serde(rename = "equal", default)]
    pub(crate) is_equal: bool,
}

impl WrittenMatcher {
    pub(crate) fn op(&self) -> MatchOp {
        match (self.is_regex, self.is_equal) {
            (false, true) => MatchOp::Equal,
            (false, false) => MatchOp::NotEqual,
            (true, true) => MatchOp::Regex,
            (true, false) => MatchOp::NotRegex,
        }
    }

    /// Checks and compiles the matcher. Returns also whether it matches the empty text.
    fn compiled(&self) -> Result<(Matcher, bool), String> {
        if self.name.is_empty() {
            return Err("invalid label name \"\"".to_owned());
        }
        let mut matches_empty = self.is_equal && self.value.is_empty();
        if self.is_regex {
            let invalid = |error| {
                let value = template::quote(&self.value);
                format!("invalid regular expression {value}: {error}")
            };
            let pattern = regexp::anywhere(&self.value).map_err(invalid)?;
            matches_empty = self.is_equal && pattern.is_match("");
        }
        let matcher = Matcher::new(self.name.clone(), self.op(), self.value.clone())?;
        Ok((matcher, matches_empty))
    }
}

/// What a silence consists of, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SilenceRecord {
    /// The UUID; empty for a new silence.
    pub(crate) id: String,
    pub(crate) matchers: Vec<WrittenMatcher>,
    pub(crate) starts_at: Timestamp,
    pub(crate) ends_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) created_by: String,
    pub(crate) comment: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

impl SilenceRecord {
    /// The state at a time.
    pub(crate) fn state(&self, now: Timestamp) -> SilenceState {
        if now < self.starts_at {
            SilenceState::Pending
        } else if now < self.ends_at {
            SilenceState::Active
        } else {
            SilenceState::Expired
        }
    }

    /// Ends the silence. A pending one ends as if it had never been active.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        if self.state(now) == SilenceState::Pending {
            self.starts_at = now;
        }
        self.ends_at = now;
        self.updated_at = now;
    }

    /// Whether this silence may become `new` without changing what was muted in the past.
    pub(crate) fn can_become(&self, new: &Self, now: Timestamp) -> bool {
        const SECOND: i64 = signals::time::SECOND;
        if self.matchers != new.matchers {
            return false;
        }
        match self.state(now) {
            SilenceState::Active => {
                let is_start_kept =
                    self.starts_at.div_euclid(SECOND) == new.starts_at.div_euclid(SECOND);
                is_start_kept && new.ends_at >= now
            }
            SilenceState::Pending => new.starts_at >= now,
            SilenceState::Expired => false,
        }
    }
}

/// A silence whose matchers are compiled.
#[derive(Debug)]
pub(crate) struct Silence {
    pub(crate) record: SilenceRecord,
    matchers: Matchers,
}

impl Silence {
    /// Checks a silence as Alertmanager does.
    ///
    /// # Errors
    /// Alertmanager's message.
    pub(crate) fn new(record: SilenceRecord) -> Result<Self, String> {
        if record.matchers.is_empty() {
            return Err("at least one matcher set required".to_owned());
        }
        let (mut matchers, mut all_match_empty) = (Vec::new(), true);
        for (index, written) in record.matchers.iter().enumerate() {
            let invalid = |error| format!("invalid label matcher {index} in set 0: {error}");
            let (matcher, matches_empty) = written.compiled().map_err(invalid)?;
            all_match_empty &= matches_empty;
            matchers.push(matcher);
        }
        if all_match_empty {
            let reason = "at least one matcher must not match the empty string";
            return Err(format!("matcher set 0: {reason}"));
        }
        if record.ends_at < record.starts_at {
            return Err("end time must not be before start time".to_owned());
        }
        Ok(Self { record, matchers: Matchers::sorted(matchers) })
    }

    /// The same matchers with other texts and times.
    pub(crate) fn with_record(&self, record: SilenceRecord) -> Self {
        Self { record, matchers: self.matchers.clone() }
    }

    /// Whether the silence mutes alerts with these labels while it is active.
    pub(crate) fn matches(&self, labels: &Labels) -> bool {
        self.matchers.matches(labels)
    }
}
