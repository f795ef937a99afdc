//! Lost data, damaged or missing, so that answers can carry warnings about it.
//!
//! The records in quarantine survive a restart; removing them ends the warnings.

use std::collections::BTreeMap;

use parking_lot::RwLock;
use signals::{Signal, Timestamp};

use crate::calendar;
use crate::time_range::TimeRange;
use crate::write_ahead::quarantine::{LostRows, Quarantined};

/// Maximum number of remembered pieces; the oldest are forgotten.
const PIECES_MAX: usize = 4_096;

/// Lost pieces that held rows, by their path in quarantine, which begins with the time.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    pieces: RwLock<BTreeMap<String, Quarantined>>,
}

impl Lost {
    /// Adds those pieces that held rows.
    pub(crate) fn add<'a>(&self, found: impl IntoIterator<Item = &'a Quarantined>) {
        let mut pieces = self.pieces.write();
        for piece in found.into_iter().filter(|piece| piece.rows.is_some()) {
            pieces.insert(piece.path.clone(), piece.clone());
            if pieces.len() > PIECES_MAX {
                pieces.pop_first();
            }
        }
    }

    /// A warning for each piece that may have held rows of a signal and range.
    pub(crate) fn warnings(&self, signal: Signal, range: TimeRange) -> Vec<String> {
        let pieces = self.pieces.read();
        let lost = pieces.values().filter_map(|piece| Some((piece, piece.rows.as_ref()?)));
        lost.filter(|(_, rows)| rows.concern(signal, range))
            .map(|(piece, rows)| {
                let Quarantined { source, reason, path, .. } = piece;
                format!("{source} was lost ({reason}), see {path}: {}", missing(rows))
            })
            .collect()
    }
}

/// A warning for a part that is listed but missing.
pub(crate) fn missing_part(path: &str, rows: &LostRows) -> String {
    format!("{path} is not there: {}", missing(rows))
}

fn missing(rows: &LostRows) -> String {
    let LostRows { signal, min_time, max_time } = rows;
    let (from, to) = (text(*min_time), text(*max_time));
    match signal {
        Some(signal) => format!("{signal} from {from} to {to} may be missing"),
        None => format!("what arrived from {from} to {to} may be missing"),
    }
}

fn text(time: Timestamp) -> String {
    match time {
        Timestamp::MIN => "the beginning".into(),
        Timestamp::MAX => "now".into(),
        time => calendar::compact_time(time),
    }
}
