//! A running Alertmanager with a clock that tests advance: retries, restarts and jumps of the clock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use adopt::SystemFiles;
use adopt::alertmanager::load;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use notify::{Failure, Notification, Reason, Sent};
use prometheus_client::encoding::text::encode;
use signals::time::SECOND;
use template::alertmanager::Templates;
use tokio::sync::oneshot;

use super::*;
use crate::api::{ApiTime, LabelSet, Matcher, SilencesQuery};
use crate::time::nanos;

const START: Timestamp = 1_787_400_000 * SECOND;

/// A clock and timers that tests advance.
#[derive(Debug, Default)]
struct TestTime {
    passed: Mutex<Duration>,
    jumped: AtomicI64,
    sleepers: Mutex<BTreeMap<(Duration, usize), oneshot::Sender<()>>>,
    slept: AtomicUsize,
}

impl TestTime {
    fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Lets time pass, from timer to timer.
    async fn pass(&self, seconds: u64) {
        let until = self.monotonic() + Duration::from_secs(seconds);
        loop {
            settle().await;
            let next = self.sleepers.lock().pop_first();
            let Some(((at, number), sleeper)) = next else { break };
            if at > until {
                self.sleepers.lock().insert((at, number), sleeper);
                break;
            }
            if !sleeper.is_closed() {
                *self.passed.lock() = at;
                let _cancelled = sleeper.send(());
            }
        }
        *self.passed.lock() = until;
    }
}

/// Lets all tasks do what they can do now.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

impl Clock for TestTime {
    fn now(&self) -> Timestamp {
        START + nanos(self.monotonic()) + self.jumped.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        *self.passed.lock()
    }
}

impl Timer for TestTime {
    fn sleep(&self, duration: Duration) -> timer::Sleep {
        if duration.is_zero() {
            return Box::pin(futures::future::ready(()));
        }
        let (sender, receiver) = oneshot::channel();
        let number = self.slept.fetch_add(1, Ordering::SeqCst);
        self.sleepers.lock().insert((self.monotonic() + duration, number), sender);
        Box::pin(receiver.map(|_| ()))
    }
}

/// What a receiver does with a request.
#[derive(Debug, Clone)]
enum Answer {
    Ok,
    Fail { is_retryable: bool, retry_after: Option<Duration> },
    Hang,
    Panic,
}

const FAIL: Answer = Answer::Fail { is_retryable: true, retry_after: None };

/// A receiver with its answers; the last one is repeated.
struct Receiver {
    time: Arc<TestTime>,
    answers: Mutex<VecDeque<Answer>>,
    /// The times of requests, in milliseconds.
    requests: Mutex<Vec<u64>>,
}

impl Receiver {
    fn new(time: &Arc<TestTime>, answers: &[Answer]) -> Arc<Self> {
        let answers = Mutex::new(answers.iter().cloned().collect());
        Arc::new(Self { time: Arc::clone(time), answers, requests: Mutex::default() })
    }

    fn requests(&self) -> Vec<u64> {
        self.requests.lock().clone()
    }
}

impl Notify for Receiver {
    fn notify<'a>(&'a self, _: &'a Notification) -> BoxFuture<'a, Result<Sent, Failure>> {
        self.requests.lock().push(self.time.monotonic().as_millis() as u64);
        let mut answers = self.answers.lock();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        let answer = answer.unwrap();
        async move {
            match answer {
                Answer::Ok => Ok(Sent::default()),
                Answer::Fail { is_retryable, retry_after } => Err(Failure {
                    message: "503".to_owned(),
                    is_retryable,
                    retry_after,
                    reason: Reason::ServerError,
                    unsent: String::new(),
                }),
                Answer::Hang => futures::future::pending().await,
                Answer::Panic => panic!("an error in an integration"),
            }
        }
        .boxed()
    }
}

fn configuration(route: &str, webhooks: usize) -> Configuration {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alertmanager.yml");
    let webhooks = vec!["{url: http://a}"; webhooks].join(", ");
    let text = format!(
        "route: {{receiver: r, {route}}}\nreceivers: [{{name: r, webhook_configs: [{webhooks}]}}]\n"
    );
    std::fs::write(&file, text).unwrap();
    Configuration {
        config: Arc::new(load(&file, &SystemFiles).unwrap()),
        templates: Arc::new(Templates::default()),
        external_url: String::new(),
    }
}

const ROUTE: &str = "group_by: ['...'], group_wait: 1s, group_interval: 1m, repeat_interval: 1h";

fn start(
    receivers: &[Arc<Receiver>],
    clock: &Arc<TestTime>,
    folder: Option<&std::path::Path>,
) -> (Live, Damage) {
    let key = |index| IntegrationKey { receiver: "r".to_owned(), name: "webhook", index };
    let notifiers = receivers.iter().enumerate().map(|(index, receiver)| {
        let notify: Arc<dyn Notify> = Arc::clone(receiver) as _;
        (key(index), notify)
    });
    let setup = Setup {
        configuration: configuration(ROUTE, receivers.len()),
        notifiers: notifiers.collect(),
        limits: Limits::default(),
        clock: Arc::clone(clock) as _,
        folder: folder.map(std::path::Path::to_owned),
    };
    Live::start_with(setup, Arc::clone(clock) as _).unwrap()
}

fn alert(name: &str) -> PostableAlert {
    let labels: LabelSet = [("alertname".to_owned(), name.to_owned())].into();
    PostableAlert { labels: Some(labels), ..PostableAlert::default() }
}

fn silence(clock: &TestTime, comment: &str) -> PostableSilence {
    let matcher = Matcher {
        is_equal: true,
        is_regex: true,
        name: "alertname".to_owned(),
        value: "s.*".to_owned(),
    };
    PostableSilence {
        matchers: Some(vec![matcher]),
        starts_at: Some(ApiTime(clock.now())),
        ends_at: Some(ApiTime(clock.now() + 3_600 * SECOND)),
        created_by: Some("me".to_owned()),
        comment: Some(comment.to_owned()),
        ..PostableSilence::default()
    }
}

fn metrics(live: &Live) -> String {
    let (mut registry, mut text) = (Registry::default(), String::new());
    live.register_metrics(&mut registry);
    encode(&mut text, &registry).unwrap();
    text
}

#[tokio::test]
async fn a_failure_is_tried_again_with_growing_pauses() {
    let clock = TestTime::new();
    let receiver = Receiver::new(&clock, &[FAIL, FAIL, FAIL, Answer::Ok]);
    let (live, _) = start(std::slice::from_ref(&receiver), &clock, None);
    live.receive(vec![alert("a")]);
    clock.pass(50).await;
    let requests = receiver.requests();
    assert_eq!(requests.len(), 4, "{requests:?}");
    let pauses: Vec<u64> = requests.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, around) in pauses.iter().zip([500, 750, 1_125]) {
        assert!((around / 2..=around * 3 / 2 + 2).contains(pause), "{pauses:?}");
    }
    let (attempts, error) = live.read(|alertmanager, _| {
        let entry = alertmanager.history().iter().next().unwrap();
        (entry.attempts, entry.error.clone())
    });
    assert_eq!((attempts, error), (4, None));
    let text = metrics(&live);
    for line in [
        "alertmanager_notifications_total{integration=\"webhook\"} 1",
        "alertmanager_notification_requests_total{integration=\"webhook\"} 4",
        "alertmanager_notification_requests_failed_total{integration=\"webhook\"} 3",
        "alertmanager_notifications_failed_total{integration=\"webhook\",reason=\"serverError\"} 0",
        "alertmanager_notification_latency_seconds_count{integration=\"webhook\"} 4",
        "alertmanager_alerts{state=\"active\"} 1",
        "alertmanager_alerts{state=\"unprocessed\"} 0",
        "alertmanager_silences{state=\"expired\"} 0",
        "alertmanager_dispatcher_aggregation_groups 1",
        "alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"} 1",
        "alertmanager_alerts_invalid_total{version=\"v2\"} 0",
        "alertmanager_receivers 1",
        "alertmanager_integrations 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    live.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn a_notification_is_given_up_when_its_time_is_over() {
    let clock = TestTime::new();
    let receiver = Receiver::new(&clock, &vec![FAIL; 1000]);
    let (live, _) = start(std::slice::from_ref(&receiver), &clock, None);
    live.receive(vec![alert("a")]);
    clock.pass(3600).await;
    let requests = receiver.requests();
    let close = requests.windows(2).filter(|pair| pair[1] - pair[0] < 100).count();
    assert_eq!(close, 0, "of {} requests", requests.len());
    live.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn a_receiver_is_not_asked_again_before_it_says() {
    let wait = Answer::Fail { is_retryable: true, retry_after: Some(Duration::from_secs(20)) };
    let clock = TestTime::new();
    let receiver = Receiver::new(&clock, &[wait, Answer::Ok]);
    let (live, _) = start(std::slice::from_ref(&receiver), &clock, None);
    live.receive(vec![alert("a")]);
    clock.pass(50).await;
    let requests = receiver.requests();
    assert!(requests.len() == 2 && requests[1] - requests[0] >= 20_000, "{requests:?}");
    live.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_no_other_one() {
    let clock = TestTime::new();
    let receivers = [
        Receiver::new(&clock, &[Answer::Hang]),
        Receiver::new(&clock, &[Answer::Ok]),
        Receiver::new(&clock, &[Answer::Panic]),
        Receiver::new(&clock, &[Answer::Fail { is_retryable: false, retry_after: None }]),
    ];
    let (live, _) = start(&receivers, &clock, None);
    live.receive((0..100).map(|i| alert(&format!("a{i}"))).collect());
    clock.pass(30).await;
    let counts: Vec<usize> = receivers.iter().map(|receiver| receiver.requests().len()).collect();
    // The one that hangs is asked by as many tasks as there may be.
    assert_eq!(counts, [TRIES_MAX, 100, 100, 100]);
    // At the end of the interval all are given up, and are tried again.
    clock.pass(40).await;
    let failed = live.read(|alertmanager, _| {
        let errors = alertmanager.history().iter().filter_map(|entry| entry.error.clone());
        errors.filter(|error| error.contains("in time")).count()
    });
    assert_eq!(failed, 100);
    assert!(receivers[1].requests().len() == 100 && receivers[0].requests().len() > TRIES_MAX);
    live.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn silences_and_the_notification_log_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestTime::new();
    let receiver = Receiver::new(&clock, &[Answer::Ok]);
    let receivers = [Arc::clone(&receiver)];
    let (live, _) = start(&receivers, &clock, Some(folder.path()));
    let kept = live.set_silence(silence(&clock, "kept")).await.unwrap();
    let expired = live.set_silence(silence(&clock, "expired")).await.unwrap();
    live.expire_silence(&expired).await.unwrap();
    assert_eq!(live.expire_silence("unknown").await, Err(ApiError::NotFound));
    live.receive(vec![alert("a"), alert("silenced")]);
    clock.pass(5).await;
    assert_eq!(receiver.requests().len(), 1);
    // Killed: nothing is stopped, and the folder is what it is.
    let (again, damage) = start(&receivers, &clock, Some(folder.path()));
    assert_eq!(damage, Damage::default());
    let states = again.read(|alertmanager, now| {
        let silences = alertmanager.silences(&SilencesQuery::default(), now).unwrap();
        silences.into_iter().map(|s| (s.id, s.status.state.name())).collect::<Vec<_>>()
    });
    assert_eq!(states, [(kept, "active"), (expired, "expired")]);
    again.receive(vec![alert("a"), alert("silenced")]);
    clock.pass(120).await;
    // The first process would notify as well, had it not the same log.
    assert_eq!(receiver.requests().len(), 1);
    again.stop(Duration::from_secs(1)).await;
    live.stop(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn what_was_sent_but_not_saved_is_sent_twice_at_most() {
    // ALR-01: killed between the message and its record.
    let folder = tempfile::tempdir().unwrap();
    let clock = TestTime::new();
    let receiver = Receiver::new(&clock, &[Answer::Hang, Answer::Ok]);
    let receivers = [Arc::clone(&receiver)];
    let (live, _) = start(&receivers, &clock, Some(folder.path()));
    live.receive(vec![alert("a")]);
    clock.pass(5).await;
    assert_eq!(receiver.requests().len(), 1);
    live.stop(Duration::ZERO).await;
    for _ in 0..3 {
        let (again, _) = start(&receivers, &clock, Some(folder.path()));
        again.receive(vec![alert("a")]);
        clock.pass(5).await;
        again.stop(Duration::ZERO).await;
    }
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test]
async fn a_damaged_folder_is_no_reason_not_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestTime::new();
    let (live, _) = start(&[], &clock, Some(folder.path()));
    let id = live.set_silence(silence(&clock, "kept")).await.unwrap();
    live.stop(Duration::ZERO).await;
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend_from_slice(b"00000000 {\"silence\":");
    std::fs::write(&file, bytes).unwrap();
    let (live, damage) = start(&[], &clock, Some(folder.path()));
    assert_eq!(damage.records, 1);
    assert!(live.read(|alertmanager, now| alertmanager.silence(&id, now)).is_some());
    assert!(metrics(&live).contains("alertmanager_damaged_records_total 1"));
    live.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn a_silence_that_cannot_be_saved_is_not_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestTime::new();
    let (live, _) = start(&[], &clock, Some(folder.path()));
    live.stop(Duration::ZERO).await;
    let error = live.set_silence(silence(&clock, "late")).await.unwrap_err().to_string();
    assert!(error.ends_with("the server stops"), "{error}");
}

#[tokio::test]
async fn a_jump_of_the_clock_neither_repeats_nor_mutes() {
    let clock = TestTime::new();
    let receiver = Receiver::new(&clock, &[Answer::Ok]);
    let (live, _) = start(std::slice::from_ref(&receiver), &clock, None);
    for jump in [0, 400 * 86_400 * SECOND, -400 * 86_400 * SECOND] {
        clock.jumped.store(jump, Ordering::SeqCst);
        for _ in 0..10 {
            live.receive(vec![alert("a")]);
            clock.pass(30).await;
        }
        assert_eq!(receiver.requests().len(), 1, "{jump}");
    }
    // The repetition comes after an hour.
    for _ in 0..95 {
        live.receive(vec![alert("a")]);
        clock.pass(30).await;
    }
    assert_eq!(receiver.requests().len(), 2);
    live.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn a_reload_waits_for_what_is_being_sent() {
    let clock = TestTime::new();
    let slow = Receiver::new(
        &clock,
        &[
            Answer::Fail { is_retryable: true, retry_after: Some(Duration::from_secs(10)) },
            Answer::Ok,
        ],
    );
    let (live, _) = start(std::slice::from_ref(&slow), &clock, None);
    live.receive(vec![alert("a")]);
    clock.pass(3).await;
    let key = IntegrationKey { receiver: "r".to_owned(), name: "webhook", index: 0 };
    let notify: Arc<dyn Notify> = Arc::clone(&slow) as _;
    live.reload(configuration(ROUTE, 1), [(key, notify)].into());
    clock.pass(30).await;
    // One try before the reload and one after it, and no message of the new group.
    assert_eq!(slow.requests().len(), 2);
    live.stop(Duration::ZERO).await;
}
