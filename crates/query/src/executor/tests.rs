//! Queries that do not end, panic, or lose their client.

use std::sync::atomic::AtomicBool;
use std::task::Poll;

use futures::TryStreamExt;

use super::*;
use crate::scan::test_rows::{Layout, TestRows};
use crate::session::Session;
use crate::{Limits, running, sql};

fn executor(concurrency: usize, timeout: Duration) -> Executor {
    Executor::new(concurrency, timeout, MemoryBudget::new("queries", 1 << 30))
}

/// Spins until the query has ended or, if it does not check, until it is released.
fn spin(
    is_checking: bool,
    release: Arc<AtomicBool>,
) -> impl Future<Output = Result<(), QueryError>> {
    std::future::poll_fn(move |_| Poll::Ready(spun(is_checking, &release)))
}

fn spun(is_checking: bool, release: &AtomicBool) -> Result<(), QueryError> {
    while !release.load(Ordering::Relaxed) {
        if is_checking {
            running::check()?;
        }
    }
    Ok(())
}

async fn run<T: Send + 'static>(
    executor: &Arc<Executor>,
    query: impl Future<Output = Result<T, QueryError>> + Send + 'static,
) -> Result<T, QueryError> {
    executor.start(Class::Interactive, Language::Sql, query).await?.answer().await
}

#[tokio::test]
async fn a_query_that_never_yields_is_answered_in_time_and_others_go_on() {
    let executor = Arc::new(executor(1, Duration::from_millis(200)));
    let release = Arc::new(AtomicBool::new(false));
    let stuck = run(&executor, spin(false, Arc::clone(&release))).await;
    assert!(matches!(stuck, Err(QueryError::Timeout(_))), "{stuck:?}");
    while executor.abandoned() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(matches!(run(&executor, async { Ok(1) }).await, Ok(1)));
    release.store(true, Ordering::Relaxed);
    while executor.abandoned() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn too_many_queries_that_do_not_end_close_the_gate_until_they_do() {
    let executor = Arc::new(executor(1, Duration::from_millis(10)));
    let release = Arc::new(AtomicBool::new(false));
    while executor.abandoned() < executor.abandoned_max {
        let _ = run(&executor, spin(false, Arc::clone(&release))).await;
    }
    let refused = run(&executor, async { Ok(()) }).await;
    assert!(matches!(refused, Err(QueryError::Busy(_))), "{refused:?}");
    release.store(true, Ordering::Relaxed);
    while executor.abandoned() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(run(&executor, async { Ok(()) }).await.is_ok());
}

#[tokio::test]
async fn a_query_on_the_thread_of_its_caller_watches_itself() {
    let executor = Arc::new(executor(1, Duration::from_millis(200)));
    let late = executor.run_here(Language::Promql, spin(true, Arc::default())).await;
    assert!(matches!(late, Err(QueryError::Timeout(_))), "{late:?}");
    let yields = std::future::pending::<Result<(), QueryError>>();
    let late = executor.run_here(Language::Promql, yields).await;
    assert!(matches!(late, Err(QueryError::Timeout(_))), "{late:?}");
    let pausing = Arc::clone(&executor);
    let paused = async move {
        pausing.pause();
        spun(true, &AtomicBool::new(false))
    };
    let paused = executor.run_here(Language::Promql, paused).await;
    assert!(matches!(paused, Err(QueryError::TooLarge(_))), "{paused:?}");
    executor.resume();
    assert!(executor.run_here(Language::Promql, async { Ok(()) }).await.is_ok());
}

#[tokio::test]
async fn a_loop_that_checks_ends_with_its_query() {
    let executor = Arc::new(executor(1, Duration::from_millis(200)));
    let late = run(&executor, spin(true, Arc::default())).await;
    assert!(matches!(late, Err(QueryError::Timeout(_))), "{late:?}");
    assert!(run(&executor, async { Ok(()) }).await.is_ok());
    assert_eq!(executor.abandoned(), 0);
}

#[tokio::test]
async fn a_query_that_nobody_waits_for_ends() {
    let executor = Arc::new(executor(1, Duration::from_secs(600)));
    drop(
        executor
            .start(Class::Interactive, Language::Sql, spin(true, Arc::default()))
            .await
            .unwrap(),
    );
    assert!(run(&executor, async { Ok(()) }).await.is_ok());
}

#[tokio::test]
async fn a_pause_ends_all_queries_and_holds_others_until_its_end() {
    let executor = Arc::new(executor(1, Duration::from_secs(600)));
    let mut pending = executor
        .start(Class::Interactive, Language::Sql, spin(true, Arc::default()))
        .await
        .unwrap();
    tokio::task::yield_now().await;
    executor.pause();
    let ended = pending.answer().await;
    assert!(matches!(ended, Err(QueryError::TooLarge(_))), "{ended:?}");
    let held = run(&executor, async { Ok(()) });
    tokio::pin!(held);
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut held).await.is_err());
    executor.resume();
    assert!(held.await.is_ok());
}

#[tokio::test]
async fn a_request_of_several_queries_is_answered_within_one_timeout() {
    let timeout = Duration::from_millis(200);
    let executor = Arc::new(executor(1, timeout));
    let began = Instant::now();
    let release = Arc::new(AtomicBool::new(false));
    deadline::share(async {
        let half = tokio::time::sleep(timeout / 2);
        assert!(
            run(&executor, async {
                half.await;
                Ok(())
            })
            .await
            .is_ok()
        );
        let late = run(&executor, spin(true, release)).await;
        assert!(matches!(late, Err(QueryError::Timeout(_))), "{late:?}");
    })
    .await;
    assert!(began.elapsed() < timeout * 3 / 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_panic_is_the_query_s_own() {
    let executor = Arc::new(executor(1, Duration::from_secs(600)));
    let failed = run(&executor, async { panic!("broken") as Result<(), QueryError> }).await;
    assert!(failed.is_err_and(|error| error.to_string().contains("broken")));
    assert!(run(&executor, async { Ok(()) }).await.is_ok());
}

#[tokio::test]
async fn cancelled_operators_and_functions_that_yield_nothing_for_long_stop_soon() {
    let numbers: Vec<String> = (0..400).map(|n| format!("({n})")).collect();
    let numbers = format!("(VALUES {})", numbers.join(", "));
    let table =
        format!("(SELECT a.column1 * 400.0 + b.column1 AS n FROM {numbers} a, {numbers} b)");
    let remainder = |table| format!("{table}.n - 7 * floor({table}.n / 7)");
    let equal = format!("{} = {}", remainder("a"), remainder("b"));
    let join = |kind, condition| {
        format!("SELECT count(*) FROM {table} a {kind} JOIN {table} b ON {condition}")
    };
    let never = "a.n + b.n < 0";
    let text = "a".repeat(1_000);
    let executor = Arc::new(executor(1, Duration::from_secs(1)));
    for (what, sql) in [
        ("a nested loop join", join("", never.to_owned())),
        ("a hash join", join("", format!("{equal} AND {never}"))),
        ("a hash join of another kind", join("LEFT SEMI", format!("{equal} AND {never}"))),
        (
            "a regular expression",
            format!(
                "SELECT sum(regexp_count(concat('{text}', CAST(n AS VARCHAR)), 'a.*z|a')) \
                 FROM {table}"
            ),
        ),
    ] {
        let answer = run(&executor, async move {
            let rows = TestRows::new(&[], &[], Layout::Head).await;
            let session = Session::new(Arc::new(rows), &Limits::default())?;
            let rows = sql::start(&session, 0, &Limits::default(), &sql).await?;
            Ok(rows.try_collect::<Vec<_>>().await?)
        });
        let answer = answer.await;
        assert!(matches!(answer, Err(QueryError::Timeout(_))), "{what}: {answer:?}");
        tokio::time::sleep(GRACE + CHECK_INTERVAL).await;
        assert_eq!(executor.abandoned(), 0, "{what}");
    }
}
