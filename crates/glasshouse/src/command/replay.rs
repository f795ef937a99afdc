//! `glasshouse replay`: what rules would have done over the history of a running server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adopt::prometheus::duration_text;
use anyhow::Context as _;
use chrono::DateTime;
use clap::{Args, Subcommand};
use page_api::{
    ReplayAnswer, ReplayRequest, ReplayedEpisode, ReplayedIntegration, ReplayedNotification,
    ReplayedRule, RuleFileText,
};
use signals::time::{MILLISECOND, SystemClock, to_rfc3339};
use signals::{Clock as _, Timestamp};

use super::print;
use super::query::{ANSWER_BYTES_MAX, read, unreachable};
use crate::config::units::Span;
use crate::http_client;

/// Alerts of one rule that are printed.
const EPISODES_MAX: usize = 20;
/// Messages that are printed.
const NOTIFICATIONS_MAX: usize = 100;

#[derive(Debug, Subcommand)]
pub(crate) enum ReplayCommand {
    /// Replay recording and alerting rules, and the messages of their alerts
    Rules(ReplayArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Files of rules; without any, the rules that the server uses
    files: Vec<PathBuf>,
    /// The start: a time such as 2026-01-31T09:00:00Z, seconds since 1970, or a duration before now
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = moment)]
    from: Moment,
    /// The end, as the start
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = moment)]
    to: Moment,
    /// The alertmanager.yml; without it, the one that the server uses
    #[arg(long, value_name = "FILE")]
    alertmanager: Option<PathBuf>,
    /// Another version of the rules, to compare with (repeatable)
    #[arg(long, value_name = "FILE")]
    against: Vec<PathBuf>,
    /// Time between evaluations of groups that do not set it
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = span)]
    interval: Span,
    /// Address of the server's page
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:3000",
        env = "GLASSHOUSE_ADDR"
    )]
    addr: String,
    /// Print the server's whole answer as JSON
    #[arg(long)]
    json: bool,
}

/// A time on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    At(Timestamp),
    BeforeNow(Duration),
}

impl Moment {
    fn unix_ms(self, now: Timestamp) -> i64 {
        let at = match self {
            Self::At(at) => at,
            Self::BeforeNow(by) => now.saturating_sub(by.as_nanos().try_into().unwrap_or(i64::MAX)),
        };
        at.div_euclid(MILLISECOND)
    }
}

fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Ok(Moment::At((seconds * 1e9) as Timestamp));
    }
    if let Some(span) = Span::parse(text) {
        return Ok(Moment::BeforeNow(span.0));
    }
    let time = DateTime::parse_from_rfc3339(text).ok().and_then(|time| time.timestamp_nanos_opt());
    time.map(Moment::At).ok_or_else(|| {
        "a time is like 2026-01-31T09:00:00Z, 1769850000 or, before now, 36h".to_owned()
    })
}

fn span(text: &str) -> Result<Span, String> {
    Span::parse(text).ok_or_else(|| "a duration is like 15s or 1m30s".to_owned())
}

/// Replays and prints the result.
pub(crate) fn run(command: &ReplayCommand) -> anyhow::Result<()> {
    let ReplayCommand::Rules(arguments) = command;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let now = SystemClock::new().now();
    let request = ReplayRequest {
        from_unix_ms: arguments.from.unix_ms(now),
        to_unix_ms: arguments.to.unix_ms(now),
        rules: texts(&arguments.files)?,
        alertmanager: arguments.alertmanager.as_deref().map(text).transpose()?,
        interval_s: Some(arguments.interval.0.as_secs_f64()),
    };
    let answer = runtime.block_on(ask(&arguments.addr, &request))?;
    let Some(rules) = texts(&arguments.against)? else {
        if arguments.json {
            return print(&format!("{}\n", serde_json::to_string_pretty(&answer)?));
        }
        return print(&report(&answer));
    };
    let request = ReplayRequest { rules: Some(rules), ..request };
    let other = runtime.block_on(ask(&arguments.addr, &request))?;
    if arguments.json {
        return print(&format!("{}\n", serde_json::to_string_pretty(&[answer, other])?));
    }
    print(&comparison(&answer, &other))
}

fn texts(files: &[PathBuf]) -> anyhow::Result<Option<Vec<RuleFileText>>> {
    if files.is_empty() {
        return Ok(None);
    }
    let file = |file: &PathBuf| {
        let content = text(file)?;
        Ok(RuleFileText { file: file.display().to_string(), content })
    };
    files.iter().map(file).collect::<anyhow::Result<_>>().map(Some)
}

fn text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

async fn ask(addr: &str, request: &ReplayRequest) -> anyhow::Result<ReplayAnswer> {
    let base = addr.trim_end_matches('/');
    let url = format!("{base}/api/alerting/replay");
    let body = serde_json::to_string(request)?;
    let answer = http_client::post(&url, "application/json", body, ANSWER_BYTES_MAX).await;
    let answer = read(&answer.with_context(|| unreachable(base))?)?;
    serde_json::from_value(answer).context("the answer is not that of a replay")
}

fn report(answer: &ReplayAnswer) -> String {
    let mut table = Table::new(&["RULE", "GROUP", "ACTIVE", "FIRED", "FIRING FOR", "FAILED"]);
    for rule in &answer.rules {
        let [active, fired] = [rule.active_total, rule.fired_total].map(|count| count.to_string());
        let firing = seconds(rule.firing_s);
        let cells = if rule.is_alerting { [active, fired, firing] } else { Default::default() };
        let [active, fired, firing] = cells;
        let failed = if rule.failures > 0 { rule.failures.to_string() } else { String::new() };
        table.row([rule.name.clone(), rule.group.clone(), active, fired, firing, failed]);
    }
    let mut text = table.text();
    for rule in &answer.rules {
        episodes(&mut text, rule);
        if let Some(failure) = &rule.last_failure {
            let _infallible = writeln!(text, "\n{}: {failure}", rule.name);
        }
    }
    let mut table = Table::new(&["RECEIVER", "INTEGRATION", "MESSAGES"]);
    for integration in &answer.integrations {
        let messages = integration.messages.to_string();
        table.row([integration.receiver.clone(), integration_text(integration), messages]);
    }
    let _infallible = write!(text, "\n{}", table.text());
    for notification in answer.notifications.iter().take(NOTIFICATIONS_MAX) {
        notification_line(&mut text, notification);
    }
    more(&mut text, answer.notifications_total, NOTIFICATIONS_MAX, "messages");
    text
}

/// Two versions of the rules beside each other.
fn comparison(answer: &ReplayAnswer, other: &ReplayAnswer) -> String {
    let counts = |rule: Option<&ReplayedRule>| match rule {
        Some(rule) => [rule.fired_total.to_string(), seconds(rule.firing_s)],
        None => ["-".to_owned(), "-".to_owned()],
    };
    let mut names: Vec<&str> = Vec::new();
    for rule in answer.rules.iter().chain(&other.rules).filter(|rule| rule.is_alerting) {
        if !names.contains(&rule.name.as_str()) {
            names.push(&rule.name);
        }
    }
    let columns = ["ALERT", "FIRED", "FIRING FOR", "FIRED (OTHER)", "FIRING FOR (OTHER)"];
    let mut table = Table::new(&columns);
    for name in names {
        let find = |answer: &'_ ReplayAnswer| {
            counts(answer.rules.iter().find(|rule| rule.is_alerting && rule.name == name))
        };
        let ([fired, firing], [other_fired, other_firing]) = (find(answer), find(other));
        table.row([name.to_owned(), fired, firing, other_fired, other_firing]);
    }
    let mut text = table.text();
    let mut table = Table::new(&["RECEIVER", "INTEGRATION", "MESSAGES", "MESSAGES (OTHER)"]);
    let same = |a: &ReplayedIntegration, b: &ReplayedIntegration| {
        (&a.receiver, &a.integration, a.index) == (&b.receiver, &b.integration, b.index)
    };
    let only_other = other
        .integrations
        .iter()
        .filter(|integration| !answer.integrations.iter().any(|known| same(known, integration)));
    for integration in answer.integrations.iter().chain(only_other) {
        let find = |answer: &ReplayAnswer| {
            let found = answer.integrations.iter().find(|other| same(other, integration));
            found.map_or(0, |found| found.messages).to_string()
        };
        let receiver = integration.receiver.clone();
        table.row([receiver, integration_text(integration), find(answer), find(other)]);
    }
    let _infallible = write!(text, "\n{}", table.text());
    text
}

/// The alerts of a rule that fired.
fn episodes(text: &mut String, rule: &ReplayedRule) {
    let fired = rule.episodes.iter().filter(|episode| episode.fired_unix_ms.is_some());
    if fired.clone().next().is_none() {
        return;
    }
    let _infallible = writeln!(text, "\n{}", rule.name);
    for episode in fired.take(EPISODES_MAX) {
        episode_line(text, episode);
    }
    more(text, rule.fired_total, EPISODES_MAX, "alerts");
}

fn episode_line(text: &mut String, episode: &ReplayedEpisode) {
    let Some(fired_ms) = episode.fired_unix_ms else { return };
    let lasted = episode.ended_unix_ms.map_or_else(
        || "still firing".to_owned(),
        |ended_ms| format!("for {}", seconds(ended_ms.saturating_sub(fired_ms) as f64 / 1e3)),
    );
    let labels = labels(episode.labels.iter().filter(|(name, _)| *name != "alertname"));
    let _infallible =
        writeln!(text, "  {}  {lasted}, at most {}  {labels}", time(fired_ms), episode.peak);
}

fn notification_line(text: &mut String, notification: &ReplayedNotification) {
    let ReplayedNotification { receiver, integration, index, reason, alerts_total, .. } =
        notification;
    let group = labels(notification.group_labels.iter());
    let at = time(notification.at_unix_ms);
    let _infallible = writeln!(
        text,
        "  {at}  {receiver}/{integration}[{index}]  {reason}, {alerts_total} alerts  {group}"
    );
}

fn more(text: &mut String, total: usize, shown: usize, what: &str) {
    if let Some(more) = total.checked_sub(shown).filter(|more| *more > 0) {
        let _infallible = writeln!(text, "  … {more} more {what} (--json prints more of them)");
    }
}

fn integration_text(integration: &ReplayedIntegration) -> String {
    format!("{}[{}]", integration.integration, integration.index)
}

fn labels<'a>(labels: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let pairs: Vec<String> = labels.map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

fn time(unix_ms: i64) -> String {
    to_rfc3339(unix_ms.saturating_mul(MILLISECOND))
}

fn seconds(seconds: f64) -> String {
    duration_text(Duration::from_secs(
        Duration::try_from_secs_f64(seconds).map_or(0, |d| d.as_secs()),
    ))
}

/// Columns of text.
struct Table(Vec<Vec<String>>);

impl Table {
    fn new(names: &[&str]) -> Self {
        Self(vec![names.iter().map(|name| (*name).to_owned()).collect()])
    }

    fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.0.push(cells.into());
    }

    /// Empty without rows.
    fn text(&self) -> String {
        let columns = self.0.first().map_or(0, Vec::len);
        let letters = |cell: &String| cell.chars().count();
        let width =
            |column: usize| self.0.iter().filter_map(|row| row.get(column)).map(letters).max();
        let widths: Vec<usize> = (0..columns).filter_map(width).collect();
        let mut text = String::new();
        for row in self.0.iter().filter(|_| self.0.len() > 1) {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            let _infallible = writeln!(text, "{}", line.trim_end());
        }
        text
    }
}
