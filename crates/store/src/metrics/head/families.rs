//! Type, help and unit of metric families, and which of them the next flush must write.

use std::collections::BTreeMap;

use parking_lot::RwLock;
use signals::metric::Metadata;

/// Maximum size of a stored help text, in bytes.
const HELP_BYTES_MAX: usize = 4096;

/// One family.
#[derive(Debug)]
struct Family {
    metadata: Metadata,
    /// UTC day whose part holds it, once written.
    written: Option<i32>,
}

/// All families.
#[derive(Debug, Default)]
pub(super) struct Families {
    by_name: RwLock<BTreeMap<String, Family>>,
}

impl Families {
    /// Stores new and changed families; families beyond `families_max` are left out.
    pub(super) fn update(&self, families: &[Metadata], families_max: usize) {
        let is_known = |family: &Metadata| {
            self.by_name
                .read()
                .get(&family.metric)
                .is_some_and(|known| is_same(&known.metadata, family))
        };
        if families.iter().all(is_known) {
            return;
        }
        let mut by_name = self.by_name.write();
        for family in families {
            let room = families_max.saturating_sub(by_name.len());
            match by_name.get_mut(&family.metric) {
                Some(known) if is_same(&known.metadata, family) => {}
                Some(known) => *known = Family { metadata: shortened(family), written: None },
                None if room > 0 => {
                    let new = Family { metadata: shortened(family), written: None };
                    by_name.insert(family.metric.clone(), new);
                }
                None => {}
            }
        }
    }

    /// Restores families from parts, unless something newer is known.
    pub(super) fn restore(&self, families: Vec<Metadata>, families_max: usize) {
        let mut by_name = self.by_name.write();
        for metadata in families {
            if by_name.len() < families_max {
                by_name
                    .entry(metadata.metric.clone())
                    .or_insert(Family { metadata, written: None });
            }
        }
    }

    /// All families, sorted by name.
    pub(super) fn all(&self) -> Vec<Metadata> {
        self.by_name.read().values().map(|family| family.metadata.clone()).collect()
    }

    /// The families whose current form is in no part of this day. Each day gets all of them once,
    /// so that retention removes no family that is in use.
    pub(super) fn unwritten(&self, day: i32) -> Vec<Metadata> {
        let by_name = self.by_name.read();
        by_name
            .values()
            .filter(|family| family.written.is_none_or(|written| written < day))
            .map(|family| family.metadata.clone())
            .collect()
    }

    /// Marks these as written to a part of this day, except those changed in the meantime.
    pub(super) fn mark_written(&self, families: &[Metadata], day: i32) {
        let mut by_name = self.by_name.write();
        for metadata in families {
            if let Some(family) =
                by_name.get_mut(&metadata.metric).filter(|family| family.metadata == *metadata)
            {
                family.written = family.written.max(Some(day));
            }
        }
    }
}

fn is_same(known: &Metadata, new: &Metadata) -> bool {
    known == new || (new.help.len() > HELP_BYTES_MAX && *known == shortened(new))
}

fn shortened(family: &Metadata) -> Metadata {
    let mut end = family.help.len().min(HELP_BYTES_MAX);
    while !family.help.is_char_boundary(end) {
        end -= 1;
    }
    Metadata { help: family.help.get(..end).unwrap_or_default().to_owned(), ..family.clone() }
}
