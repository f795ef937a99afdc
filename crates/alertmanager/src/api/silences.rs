//! Silences in the API: listing, reading, setting.

use std::cmp::Reverse;

use adopt::matcher::Matcher as Condition;
use serde::{Deserialize, Serialize};
use signals::Timestamp;

use super::filter;
use super::{ApiError, ApiTime, LabelSet, SchemaError};
use crate::alertmanager::Alertmanager;
use crate::silence::{SilenceRecord, SilenceState, WrittenMatcher};
use crate::silences::SilenceError;

/// A matcher of a silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Matcher {
    /// Whether the label must match, or must not. It must, if this is absent.
    #[serde(default = "yes")]
    pub is_equal: bool,
    /// Whether the value is a pattern.
    pub is_regex: bool,
    /// The label's name.
    pub name: String,
    /// The value or pattern.
    pub value: String,
}

fn yes() -> bool {
    true
}

/// A silence as it is posted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostableSilence {
    /// The id of the silence that is changed; empty for a new one.
    pub id: String,
    /// Which alerts are muted: those that satisfy all matchers.
    pub matchers: Option<Vec<Matcher>>,
    /// From when on.
    pub starts_at: Option<ApiTime>,
    /// Until when.
    pub ends_at: Option<ApiTime>,
    /// Who created it.
    pub created_by: Option<String>,
    /// Why.
    pub comment: Option<String>,
    /// Further texts.
    pub annotations: LabelSet,
}

/// A silence with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GettableSilence {
    /// The UUID.
    pub id: String,
    /// The state.
    pub status: SilenceStatus,
    /// When it was changed last.
    pub updated_at: ApiTime,
    /// Further texts.
    #[serde(default, skip_serializing_if = "LabelSet::is_empty")]
    pub annotations: LabelSet,
    /// Why.
    pub comment: String,
    /// Who created it.
    pub created_by: String,
    /// Until when.
    pub ends_at: ApiTime,
    /// Which alerts are muted: those that satisfy all matchers.
    pub matchers: Vec<Matcher>,
    /// From when on.
    pub starts_at: ApiTime,
}

/// The state of a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceStatus {
    /// The state.
    pub state: SilenceState,
}

/// The parameters of `GET /api/v2/silences`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilencesQuery {
    /// Whether active silences are listed.
    pub active: bool,
    /// Whether expired silences are listed.
    pub expired: bool,
    /// Whether pending silences are listed.
    pub pending: bool,
    /// Matchers that silences have.
    pub filter: Vec<String>,
}

/// All silences.
impl Default for SilencesQuery {
    fn default() -> Self {
        Self { active: true, expired: true, pending: true, filter: Vec::new() }
    }
}

impl SilencesQuery {
    fn selects(&self, state: SilenceState) -> bool {
        match state {
            SilenceState::Active => self.active,
            SilenceState::Expired => self.expired,
            SilenceState::Pending => self.pending,
        }
    }
}

impl PostableSilence {
    /// The silence, if nothing that is required is missing.
    fn into_record(self) -> Result<SilenceRecord, SchemaError> {
        let required = SchemaError::required;
        // In the order in which Alertmanager names what is missing.
        let comment = self.comment.ok_or_else(|| required("comment"))?;
        let created_by = self.created_by.ok_or_else(|| required("createdBy"))?;
        let ends_at = self.ends_at.ok_or_else(|| required("endsAt"))?.0;
        let matchers = self.matchers.ok_or_else(|| required("matchers"))?;
        if matchers.is_empty() {
            let message = "matchers in body should have at least 1 items".to_owned();
            return Err(SchemaError { code: 612, message });
        }
        let starts_at = self.starts_at.ok_or_else(|| required("startsAt"))?.0;
        let written = |matcher: Matcher| {
            let Matcher { is_equal, is_regex, name, value } = matcher;
            WrittenMatcher { name, value, is_regex, is_equal }
        };
        Ok(SilenceRecord {
            id: self.id,
            matchers: matchers.into_iter().map(written).collect(),
            starts_at,
            ends_at,
            updated_at: 0,
            created_by,
            comment,
            annotations: self.annotations,
        })
    }
}

fn shown(record: &SilenceRecord, now: Timestamp) -> GettableSilence {
    let matcher = |matcher: &WrittenMatcher| {
        let WrittenMatcher { name, value, is_regex, is_equal } = matcher.clone();
        Matcher { is_equal, is_regex, name, value }
    };
    GettableSilence {
        id: record.id.clone(),
        status: SilenceStatus { state: record.state(now) },
        updated_at: ApiTime(record.updated_at),
        annotations: record.annotations.clone(),
        comment: record.comment.clone(),
        created_by: record.created_by.clone(),
        ends_at: ApiTime(record.ends_at),
        matchers: record.matchers.iter().map(matcher).collect(),
        starts_at: ApiTime(record.starts_at),
    }
}

/// Whether a silence has all these matchers.
fn has_matchers(record: &SilenceRecord, filter: &[Condition]) -> bool {
    filter.iter().all(|wanted| {
        let is_wanted = |found: &WrittenMatcher| {
            (&*found.name, found.op(), &*found.value)
                == (wanted.name(), wanted.op(), wanted.value())
        };
        record.matchers.iter().any(is_wanted)
    })
}

impl Alertmanager {
    /// The silences, active ones first, then pending ones: `GET /api/v2/silences`. Active ones are
    /// ordered by their end, pending ones by their start, expired ones by their end backwards.
    ///
    /// # Errors
    /// [`ApiError::BadRequest`] if a filter is invalid.
    pub fn silences(
        &self,
        query: &SilencesQuery,
        now: Timestamp,
    ) -> Result<Vec<GettableSilence>, ApiError> {
        let filter = filter::filter(&query.filter)?;
        let records = self.silences.iter().map(|silence| &silence.record);
        let mut found: Vec<&SilenceRecord> = records
            .filter(|record| query.selects(record.state(now)) && has_matchers(record, &filter))
            .collect();
        found.sort_by_cached_key(|record| {
            let state = record.state(now);
            let (forwards, backwards) = match state {
                SilenceState::Active => (record.ends_at, 0),
                SilenceState::Pending => (record.starts_at, 0),
                SilenceState::Expired => (0, record.ends_at),
            };
            (state, forwards, Reverse(backwards))
        });
        Ok(found.into_iter().map(|record| shown(record, now)).collect())
    }

    /// A silence: `GET /api/v2/silence/{id}`.
    pub fn silence(&self, id: &str, now: Timestamp) -> Option<GettableSilence> {
        self.silences.get(id).map(|silence| shown(&silence.record, now))
    }

    /// Creates or changes a silence: `POST /api/v2/silences`. Returns its id, which is `new_id` if
    /// the silence is new or a change would alter the past.
    ///
    /// # Errors
    /// Alertmanager's messages: [`ApiError::Schema`], [`ApiError::BadRequest`] or
    /// [`ApiError::NotFound`].
    pub fn set_silence(
        &mut self,
        silence: PostableSilence,
        new_id: String,
        now: Timestamp,
    ) -> Result<String, ApiError> {
        let record = silence.into_record().map_err(ApiError::Schema)?;
        let bad =
            |reason: &str| Err(ApiError::BadRequest(format!("Failed to create silence: {reason}")));
        if record.starts_at >= record.ends_at {
            return bad("start time must be before end time");
        }
        if record.ends_at < now {
            return bad("end time can't be in the past");
        }
        self.set_silence_record(record, new_id, now).map_err(|error| match error {
            SilenceError::NotFound => ApiError::NotFound,
            SilenceError::Invalid(reason) => ApiError::BadRequest(reason),
        })
    }
}
