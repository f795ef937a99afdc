//! Rows that are spread over many days: never thousands of files, and today's rows always come in.

use signals::Signal;
use signals::time::DAY;

use super::harness::*;
use crate::days::{HEAD_DAYS_MAX, STORED_DAYS_MAX};
use crate::{BatchAppended, Store, StoreError, WriteRequest};

const DAYS: u64 = 19_000;

/// One of a day, from 1970 on.
fn one_a_day(signal: Signal, days: std::ops::Range<u64>) -> Vec<Item> {
    days.map(|id| Item { signal, id, time: id as i64 * DAY }).collect()
}

/// How many rows of a batch are stored and refused.
async fn offer(store: &Store, items: &[Item]) -> Result<(usize, usize), StoreError> {
    let request =
        WriteRequest { received_at: NOON, batches: batches(items), ..WriteRequest::default() };
    match store.append(request).await?.batches.as_slice() {
        [BatchAppended::Rows(rows)] => Ok((rows.rows, rows.too_many_days)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_flood_of_days_is_refused_until_a_flush_has_made_room_and_never_makes_many_files() {
    for signal in [Signal::Spans, Signal::Logs] {
        let bench = Bench::new();
        let (store, _) = bench.open().await.unwrap();
        let (mut stored_rows, mut refused_rows, mut retries) = (0, 0, 0);
        let singly = STORED_DAYS_MAX as u64 + 100;
        for item in one_a_day(signal, 0..singly) {
            let offered = match offer(&store, &[item]).await {
                Err(StoreError::Unavailable(message)) => {
                    assert!(message.contains("after the next flush"), "{message}");
                    retries += 1;
                    store.flush().await.unwrap();
                    offer(&store, &[item]).await
                }
                offered => offered,
            };
            let (kept, refused) = offered.unwrap();
            stored_rows += kept;
            refused_rows += refused;
        }
        let (kept, refused) = offer(&store, &one_a_day(signal, singly..DAYS)).await.unwrap();
        (stored_rows, refused_rows) = (stored_rows + kept, refused_rows + refused);
        assert_eq!((stored_rows, refused_rows), (STORED_DAYS_MAX, DAYS as usize - STORED_DAYS_MAX));
        assert_eq!(retries, STORED_DAYS_MAX / HEAD_DAYS_MAX);
        // What happens now is stored all the same.
        let now = Item { signal, id: DAYS, time: NOON };
        assert_eq!(offer(&store, &[now]).await.unwrap(), (1, 0));
        store.close().await.unwrap();
        let files = bench.files.paths("").len();
        assert!(files <= 2 * STORED_DAYS_MAX + 8, "{files} files");
    }
}

#[tokio::test]
async fn of_a_batch_of_many_days_the_newest_are_stored_and_the_others_are_told() {
    for signal in [Signal::Spans, Signal::Logs] {
        let bench = Bench::new();
        let (store, _) = bench.open().await.unwrap();
        let mut items = one_a_day(signal, 0..DAYS);
        items.push(Item { signal, id: DAYS, time: NOON });
        let refused = DAYS as usize - HEAD_DAYS_MAX;
        assert_eq!(offer(&store, &items).await.unwrap(), (HEAD_DAYS_MAX + 1, refused));
        assert_eq!(stored(&store).await, ledger(items.split_off(refused)));
        store.close().await.unwrap();
        let files = bench.files.paths("").len();
        assert!(files <= 2 * (HEAD_DAYS_MAX + 1) + 8, "{files} files are written at the stop");
    }
}

#[tokio::test]
async fn a_year_is_filled_in_day_by_day() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let year: Vec<Item> = (0..365)
        .map(|id| Item { signal: Signal::Logs, id, time: NOON - id as i64 * DAY })
        .collect();
    for items in year.chunks(30) {
        while let Err(error) = offer(&store, items).await {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
            store.flush().await.unwrap();
        }
    }
    assert_eq!(stored(&store).await, ledger(year));
}
