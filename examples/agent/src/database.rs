//! A small in-memory database: tables of rows, equality and text filters, occasional slow queries.
//! Queries are recorded by the SDK's database recorder.

use std::sync::Mutex;
use std::time::Duration;

use glasshouse_sdk::Telemetry;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::settings::Pace;
use crate::{clock, lock};

/// Maximum number of rows in a result.
const ROWS_MAX: usize = 20;
/// Maximum number of inserted rows per table.
const TABLE_ROWS_MAX: usize = 2000;
/// Share of queries that wait for a lock.
const SLOW_SHARE: f64 = 0.04;

/// A fixed set of tables.
#[derive(Debug)]
pub(crate) struct Database {
    telemetry: Telemetry,
    pace: Pace,
    tables: Vec<(&'static str, Mutex<Vec<Row>>)>,
    random: Mutex<StdRng>,
}

/// A row: column names and text values.
pub(crate) type Row = Vec<(&'static str, String)>;

impl Database {
    /// A database with these tables.
    pub(crate) fn new(
        telemetry: &Telemetry,
        pace: Pace,
        tables: impl IntoIterator<Item = (&'static str, Vec<Row>)>,
    ) -> Self {
        let tables = tables.into_iter().map(|(name, rows)| (name, Mutex::new(rows))).collect();
        let random = Mutex::new(StdRng::seed_from_u64(11));
        Self { telemetry: telemetry.clone(), pace, tables, random }
    }

    /// Names of the tables.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.tables.iter().map(|(name, _)| *name)
    }

    /// The rows of a table that contain every word in some column, at most 20, newest first.
    ///
    /// # Errors
    /// If the table does not exist.
    pub(crate) async fn find_many(&self, table: &str, words: &[&str]) -> Result<Vec<Row>, String> {
        let (name, rows) = self.table(table)?;
        let begin = clock::now();
        self.wait().await;
        let holds = |row: &Row| {
            words.iter().all(|word| {
                let word = word.to_lowercase();
                row.iter().any(|(_, text)| text.to_lowercase().contains(&word))
            })
        };
        let found =
            lock(rows).iter().rev().filter(|row| holds(row)).take(ROWS_MAX).cloned().collect();
        self.telemetry.database().query("findMany", name, begin.elapsed());
        Ok(found)
    }

    /// Inserts a row; the oldest one is evicted.
    ///
    /// # Errors
    /// If the table does not exist.
    pub(crate) async fn create(&self, table: &str, row: Row) -> Result<(), String> {
        let (name, rows) = self.table(table)?;
        let begin = clock::now();
        self.wait().await;
        {
            let mut rows = lock(rows);
            if rows.len() >= TABLE_ROWS_MAX {
                rows.remove(0);
            }
            rows.push(row);
        }
        self.telemetry.database().query("create", name, begin.elapsed());
        Ok(())
    }

    fn table(&self, table: &str) -> Result<(&'static str, &Mutex<Vec<Row>>), String> {
        let found = self.tables.iter().find(|(name, _)| *name == table);
        found.map(|(name, rows)| (*name, rows)).ok_or_else(|| {
            let known: Vec<&str> = self.tables().collect();
            format!("no such table; there are {}", known.join(", "))
        })
    }

    /// Simulates the latency of the disk and of other writers.
    async fn wait(&self) {
        let usual = {
            let mut random = lock(&self.random);
            if random.random_bool(SLOW_SHARE) {
                Duration::from_millis(random.random_range(120..450))
            } else {
                Duration::from_micros(random.random_range(300..6000))
            }
        };
        self.pace.wait(usual).await;
    }
}
