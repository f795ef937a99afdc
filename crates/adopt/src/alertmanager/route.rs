//! The section `route`: which receiver gets an alert, and when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use signals::relabel::NameScheme;
use signals::{Labels, MatchOp};

use super::{Names, Warning};
use crate::error::Read;
use crate::matcher::{Matcher, Matchers};
use crate::yaml::{Document, Fields, Node};

const KIND: &str = "config.plain";

/// What a compiled pattern takes, roughly.
const PATTERN_BYTES: usize = 8 << 10;

/// A node of the tree of routes. What it inherits from its parent is filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The receiver's name.
    pub receiver: String,
    /// By which labels alerts are grouped.
    pub group_by: GroupBy,
    /// How long a new group waits for further alerts.
    pub group_wait: Duration,
    /// The pause before a group notifies of new alerts.
    pub group_interval: Duration,
    /// The pause before a group notifies again of the same alerts.
    pub repeat_interval: Duration,
    /// Time intervals in which the route does not notify. They are not inherited.
    pub mute_time_intervals: Vec<String>,
    /// Time intervals outside of which the route does not notify; empty is always. They are not
    /// inherited.
    pub active_time_intervals: Vec<String>,
    /// Whether alerts that match also go on to the next sibling: `continue`.
    pub continues: bool,
    /// Labels of the route and of its parents; each value is a template.
    pub labels: BTreeMap<String, String>,
    /// The children, in order.
    pub routes: Vec<Route>,
    /// The position in [`Route::all`] of the root.
    pub index: usize,
    /// The line in the file, from 1.
    pub line: u32,
    place: Arc<Place>,
}

/// The labels by which alerts are grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// All labels: each alert is a group.
    All,
    /// These labels, in order of names; without any, all alerts are one group.
    Labels(Vec<String>),
}

/// Where a route is in the tree.
#[derive(Debug, PartialEq)]
struct Place {
    parent: Option<Arc<Place>>,
    /// The position among its siblings.
    position: usize,
    matchers: Matchers,
}

impl Route {
    /// The conditions on alerts; the root has none.
    pub fn matchers(&self) -> &Matchers {
        &self.place.matchers
    }

    /// The routes that an alert with these labels takes: of each branch the deepest that matches.
    #[must_use]
    pub fn matching(&self, labels: &Labels) -> Vec<&Self> {
        let mut found = Vec::new();
        if !self.matchers().matches(labels) {
            return found;
        }
        for route in &self.routes {
            let deeper = route.matching(labels);
            let is_last = !deeper.is_empty() && !route.continues;
            found.extend(deeper);
            if is_last {
                break;
            }
        }
        if found.is_empty() {
            found.push(self);
        }
        found
    }

    /// The route and all below it, parents first.
    #[must_use]
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        all.extend(self.routes.iter().flat_map(Self::all));
        all
    }

    /// The matchers from the root to here, which start the keys of groups: `{}/{job="a"}`. Several
    /// routes may have the same.
    #[must_use]
    pub fn key(&self) -> String {
        self.place.path(|place| place.matchers.to_string())
    }

    /// The key with positions among siblings, which is unique: `{}/{job="a"}/0`.
    #[must_use]
    pub fn id(&self) -> String {
        self.place.path(|place| match place.parent {
            Some(_) => format!("{}/{}", place.matchers, place.position),
            None => place.matchers.to_string(),
        })
    }
}

impl Place {
    fn path(&self, shown: impl Fn(&Self) -> String) -> String {
        let (mut path, mut next) = (vec![shown(self)], &self.parent);
        while let Some(place) = next {
            path.push(shown(place));
            next = &place.parent;
        }
        path.reverse();
        path.join("/")
    }
}

/// Settings that children inherit.
#[derive(Clone)]
struct Inherited {
    receiver: String,
    group_by: GroupBy,
    group_wait: Duration,
    group_interval: Duration,
    repeat_interval: Duration,
    labels: BTreeMap<String, String>,
}

impl Inherited {
    /// The length of the texts, in bytes.
    fn size(&self) -> usize {
        let labels = self.labels.iter().map(|(name, value)| name.len() + value.len());
        let group_by = match &self.group_by {
            GroupBy::All => 0,
            GroupBy::Labels(labels) => labels.iter().map(String::len).sum(),
        };
        self.receiver.len() + group_by + labels.sum::<usize>()
    }
}

impl Default for Inherited {
    fn default() -> Self {
        Self {
            receiver: String::new(),
            group_by: GroupBy::Labels(Vec::new()),
            group_wait: Duration::from_secs(30),
            group_interval: Duration::from_secs(5 * 60),
            repeat_interval: Duration::from_secs(4 * 60 * 60),
            labels: BTreeMap::new(),
        }
    }
}

/// Reads the tree of routes.
pub(super) fn read(
    document: &Document,
    main: &mut Fields<'_>,
    names: &Names<'_>,
    warnings: &mut Vec<Warning>,
) -> Read<Route> {
    let Some(node) = main.take("route") else {
        return Err(main.fault("route", "no routes provided"));
    };
    let mut reader = Reader { document, names, warnings, count: 0 };
    let root = reader.route(node, &Inherited::default(), (None, 0))?;
    let conflict = if root.receiver.is_empty() {
        "root route must specify a default receiver"
    } else if !root.matchers().is_empty() {
        "root route must not have any matchers"
    } else if !root.mute_time_intervals.is_empty() {
        "root route must not have any mute time intervals"
    } else if !root.active_time_intervals.is_empty() {
        "root route must not have any active time intervals"
    } else if root.continues {
        "cannot have continue in root route"
    } else {
        return Ok(root);
    };
    Err(node.fault(conflict))
}

struct Reader<'a> {
    document: &'a Document,
    names: &'a Names<'a>,
    warnings: &'a mut Vec<Warning>,
    /// The routes that are read or being read.
    count: usize,
}

impl Reader<'_> {
    fn route(
        &mut self,
        node: &Node,
        parent: &Inherited,
        (parent_place, position): (Option<&Arc<Place>>, usize),
    ) -> Read<Route> {
        let index = self.count;
        self.count += 1;
        let mut fields = Fields::new(self.document, node, KIND)?;
        let fields = &mut fields;
        let place =
            Place { parent: parent_place.cloned(), position, matchers: self.matchers(fields)? };
        let own = inherited(fields, parent)?;
        self.document.reserve(own.size(), node)?;
        let mute_time_intervals = self.intervals(fields, "mute_time_intervals")?;
        let active_time_intervals = self.intervals(fields, "active_time_intervals")?;
        let continues = fields.flag("continue", false)?;
        if !own.receiver.is_empty() && !self.names.receivers.contains(own.receiver.as_str()) {
            let reason = format!("undefined receiver {:?} used in route", own.receiver);
            return Err(fields.fault("receiver", reason));
        }
        let place = Arc::new(place);
        let children = fields.elements("routes")?.iter().enumerate();
        let routes = children
            .map(|(position, child)| self.route(child, &own, (Some(&place), position)))
            .collect::<Read<_>>()?;
        fields.finish()?;
        Ok(Route {
            receiver: own.receiver,
            group_by: own.group_by,
            group_wait: own.group_wait,
            group_interval: own.group_interval,
            repeat_interval: own.repeat_interval,
            mute_time_intervals,
            active_time_intervals,
            continues,
            labels: own.labels,
            routes,
            index,
            line: node.line,
            place,
        })
    }

    fn matchers(&mut self, fields: &mut Fields<'_>) -> Read<Matchers> {
        let mut all = label_pairs(fields, "match")?;
        all.extend(patterns(fields, "match_re")?);
        all.extend(matchers(fields, "matchers", self.warnings)?);
        Ok(Matchers::sorted(all))
    }

    fn intervals(&self, fields: &mut Fields<'_>, key: &str) -> Read<Vec<String>> {
        let mut intervals = Vec::new();
        for element in fields.elements(key)? {
            let name = element.text()?;
            if !self.names.intervals.contains(name.as_str()) {
                let reason = format!("undefined time interval {name:?} used in route");
                return Err(element.fault(reason));
            }
            intervals.push(name);
        }
        Ok(intervals)
    }
}

/// The settings of a route, and those of its parent in place of absent ones.
fn inherited(fields: &mut Fields<'_>, parent: &Inherited) -> Read<Inherited> {
    let receiver = fields.text_or_empty("receiver")?;
    let mut labels = parent.labels.clone();
    for (name, value) in fields.text_map("labels")? {
        if name.is_empty() {
            return Err(fields.fault("labels", "invalid label name \"\" in route labels"));
        }
        labels.insert(name, value);
    }
    let interval = |fields: &mut Fields<'_>, key: &str| match fields.duration(key)? {
        Some(Duration::ZERO) => Err(fields.fault(key, format!("{key} cannot be zero"))),
        interval => Ok(interval),
    };
    Ok(Inherited {
        receiver: if receiver.is_empty() { parent.receiver.clone() } else { receiver },
        group_by: group_by(fields)?.unwrap_or_else(|| parent.group_by.clone()),
        group_wait: fields.duration("group_wait")?.unwrap_or(parent.group_wait),
        group_interval: interval(fields, "group_interval")?.unwrap_or(parent.group_interval),
        repeat_interval: interval(fields, "repeat_interval")?.unwrap_or(parent.repeat_interval),
        labels,
    })
}

/// The labels by which alerts are grouped; `None` if they are inherited.
fn group_by(fields: &mut Fields<'_>) -> Read<Option<GroupBy>> {
    if fields.take("group_by").is_none() {
        return Ok(None);
    }
    let mut labels = fields.texts("group_by")?;
    let written = labels.len();
    labels.retain(|label| label != "...");
    let is_all = labels.len() < written;
    labels.sort_unstable();
    let twice = labels.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(a),
        _ => None,
    });
    let reason = if labels.iter().any(String::is_empty) {
        "invalid label name \"\" in group_by list".to_owned()
    } else if is_all && !labels.is_empty() {
        "cannot have wildcard group_by (`...`) and other labels at the same time".to_owned()
    } else if let Some(label) = twice {
        format!("duplicated label {label:?} in group_by")
    } else {
        return Ok(Some(if is_all { GroupBy::All } else { GroupBy::Labels(labels) }));
    };
    Err(fields.fault("group_by", reason))
}

/// The older form of matchers: labels with their values.
pub(super) fn label_pairs(fields: &mut Fields<'_>, key: &str) -> Read<Vec<Matcher>> {
    let mut matchers = Vec::new();
    for (name, value) in fields.text_map(key)? {
        check_name(fields, key, &name)?;
        let matcher = Matcher::new(name, MatchOp::Equal, value);
        matchers.push(matcher.map_err(|reason| fields.fault(key, reason))?);
    }
    Ok(matchers)
}

/// The older form of matchers: labels with patterns.
pub(super) fn patterns(fields: &mut Fields<'_>, key: &str) -> Read<Vec<Matcher>> {
    let mut matchers = Vec::new();
    let Some(node) = fields.take(key) else { return Ok(matchers) };
    for (name, pattern) in node.pairs("common.plain")? {
        check_name(fields, key, &name)?;
        if pattern.is_null() {
            return Err(pattern.fault(format!("invalid regexp value for {name:?}")));
        }
        fields.document.reserve(PATTERN_BYTES, pattern)?;
        // Alertmanager keeps the pattern as it compiles it, which keys of groups show.
        let compiled = format!("^(?:{})$", pattern.text()?);
        let matcher = Matcher::new(name, MatchOp::Regex, compiled);
        matchers.push(matcher.map_err(|reason| pattern.fault(reason))?);
    }
    Ok(matchers)
}

fn check_name(fields: &Fields<'_>, key: &str, name: &str) -> Read<()> {
    if NameScheme::Legacy.is_label_name(name) {
        return Ok(());
    }
    Err(fields.fault(key, format!("invalid label name {name:?}")))
}

/// Matchers as texts.
pub(super) fn matchers(
    fields: &mut Fields<'_>,
    key: &str,
    warnings: &mut Vec<Warning>,
) -> Read<Vec<Matcher>> {
    let mut matchers = Vec::new();
    for element in fields.elements(key)? {
        let parsed = Matchers::parse(&element.text()?).map_err(|reason| element.fault(reason))?;
        let line = element.line;
        warnings.extend(parsed.warning.map(|warning| Warning { line, warning }));
        let is_pattern =
            |matcher: &&Matcher| matches!(matcher.op(), MatchOp::Regex | MatchOp::NotRegex);
        let patterns = parsed.matchers.iter().filter(is_pattern).count();
        fields.document.reserve(patterns * PATTERN_BYTES, element)?;
        matchers.extend(parsed.matchers.iter().cloned());
    }
    Ok(matchers)
}
