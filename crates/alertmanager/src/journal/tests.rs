//! What is read of a file that was written, cut or damaged.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::alert::Fingerprint;
use crate::notification_log::Entry;

fn entry(key: &str, at: i64) -> Record {
    Record::Notified(Arc::new(Entry {
        key: key.to_owned(),
        at,
        expires_at: at + 1,
        firing: vec![Fingerprint::from_u64(at.unsigned_abs()), Fingerprint::from_u64(u64::MAX)],
        resolved: Vec::new(),
        state: [("ts".to_owned(), "1\n2".to_owned())].into(),
    }))
}

fn encoded(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        record.encode(&mut bytes);
    }
    bytes
}

/// The records of a folder and its damage.
fn read_all(folder: &Path) -> (Vec<Record>, Damage) {
    let mut records = Vec::new();
    let damage = read(folder, |record| {
        records.push(record);
        Ok(())
    });
    (records, damage.unwrap())
}

fn records() -> Vec<Record> {
    (0..5).map(|i| entry(&format!("group {i}: \"ü\""), i)).collect()
}

#[test]
fn records_are_appended_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read_all(folder.path()), (Vec::new(), Damage::default()));
    let records = records();
    let mut journal = Journal::start(folder.path(), &encoded(&records[..2])).unwrap();
    journal.append(&encoded(&records[2..4])).unwrap();
    journal.append(&encoded(&records[4..])).unwrap();
    assert_eq!(read_all(folder.path()), (records.clone(), Damage::default()));
    journal.replace(&encoded(&records[3..])).unwrap();
    journal.append(&encoded(&records[..1])).unwrap();
    let expected = [&records[3..], &records[..1]].concat();
    assert_eq!(read_all(folder.path()), (expected, Damage::default()));
    assert!(!folder.path().join(TEMPORARY_NAME).exists());
}

#[test]
fn a_file_that_has_grown_is_large() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::start(folder.path(), &[]).unwrap();
    assert!(!journal.is_large());
    journal.append(&vec![b'\n'; 2 << 20]).unwrap();
    assert!(journal.is_large());
    journal.replace(&encoded(&records())).unwrap();
    assert!(!journal.is_large());
}

#[test]
fn a_file_that_ends_anywhere_keeps_all_complete_records() {
    let folder = tempfile::tempdir().unwrap();
    let records = records();
    drop(Journal::start(folder.path(), &encoded(&records)).unwrap());
    let file = folder.path().join(NAME);
    let bytes = fs::read(&file).unwrap();
    for length in 0..=bytes.len() {
        fs::write(&file, &bytes[..length]).unwrap();
        let (found, damage) = read_all(folder.path());
        let lines = bytes[..length].split(|byte| *byte == b'\n').count() - 1;
        assert_eq!(found, records[..lines.saturating_sub(1)], "{length} bytes");
        let is_cut = length > 0 && bytes[length - 1] != b'\n';
        assert_eq!(damage.records, usize::from(is_cut), "{length} bytes");
    }
}

#[test]
fn damage_is_named_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let records = records();
    drop(Journal::start(folder.path(), &encoded(&records)).unwrap());
    let file = folder.path().join(NAME);
    let mut bytes = fs::read(&file).unwrap();
    // In the third line.
    let second_end = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0;
    bytes[second_end + 30] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let (found, damage) = read_all(folder.path());
    assert_eq!(found, [&records[..1], &records[2..]].concat());
    let named = format!("{NAME}, line 3: the checksum is wrong");
    assert_eq!(damage, Damage { records: 1, named: vec![named] });
    assert_eq!(fs::read(folder.path().join(DAMAGED_NAME)).unwrap(), bytes);
}

#[test]
fn a_newer_format_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let json = br#"{"format":2}"#;
    let line = format!("{:08x} {}\n", crc32c::crc32c(json), r#"{"format":2}"#);
    fs::write(folder.path().join(NAME), line).unwrap();
    let (found, damage) = read_all(folder.path());
    assert!(found.is_empty());
    assert_eq!(damage.named, [format!("{NAME}, line 1: the format 2 is newer than 1")]);
}

#[test]
fn a_failed_append_leaves_complete_lines() {
    let folder = tempfile::tempdir().unwrap();
    let records = records();
    let mut journal = Journal::start(folder.path(), &encoded(&records[..1])).unwrap();
    // A file that is open for reading only cannot be written.
    journal.file = File::open(folder.path().join(NAME)).unwrap();
    assert!(journal.append(&encoded(&records[1..2])).is_err());
    journal.replace(&encoded(&records[..2])).unwrap();
    assert_eq!(read_all(folder.path()), (records[..2].to_vec(), Damage::default()));
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), &bytes).unwrap();
        let (found, _) = read_all(folder.path());
        prop_assert!(found.is_empty());
    }

    #[test]
    fn a_changed_byte_costs_at_most_two_records(at in any::<prop::sample::Index>(), byte: u8) {
        let folder = tempfile::tempdir().unwrap();
        let records = records();
        drop(Journal::start(folder.path(), &encoded(&records)).unwrap());
        let file = folder.path().join(NAME);
        let mut bytes = fs::read(&file).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        fs::write(&file, &bytes).unwrap();
        let (found, _) = read_all(folder.path());
        prop_assert!(found.len() + 2 >= records.len());
        prop_assert!(found.iter().all(|record| records.contains(record)));
    }
}
