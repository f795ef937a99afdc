//! Reads groups and rules, and collects what is wrong with them in the words of Prometheus.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::{Expression, Faults, Options, Rule, RuleGroup, RuleKind, name};
use crate::error::{Fault, Read};
use crate::yaml::{Document, Fields, Node};

type Pairs = BTreeMap<String, String>;

/// Reads the groups of a file. Those with mistakes are left out.
pub(super) fn groups(
    document: &Document,
    options: &Options<'_>,
    faults: &mut Faults,
) -> Vec<RuleGroup> {
    let Some(root) = document.root.as_deref() else { return Vec::new() };
    let mut reader = Reader { document, options, faults };
    let (mut groups, mut names) = (Vec::new(), HashSet::new());
    let elements = Fields::new(document, root, "rulefmt.RuleGroups").and_then(|mut fields| {
        let elements = fields.elements("groups")?;
        finish(&fields, options)?;
        Ok(elements)
    });
    for node in reader.noted(elements).unwrap_or_default() {
        let group = reader.group(node);
        let Some(group) = reader.noted(group) else { continue };
        if !names.insert(group.name.clone()) {
            let name = &group.name;
            let reason = format!("groupname: \"{name}\" is repeated in the same file");
            reader.faults.add(node.fault(reason));
        }
        groups.push(group);
    }
    groups
}

/// Fails if a key is not known, unless such keys are left out.
fn finish(fields: &Fields<'_>, options: &Options<'_>) -> Read<()> {
    if options.ignores_unknown_keys { Ok(()) } else { fields.finish() }
}

struct Reader<'a> {
    document: &'a Document,
    options: &'a Options<'a>,
    faults: &'a mut Faults,
}

/// A rule in the messages of Prometheus.
struct Place<'a> {
    group: &'a str,
    /// From 1.
    rule: usize,
    name: &'a str,
}

impl Place<'_> {
    fn fault(&self, Fault { line, column, reason }: Fault) -> Fault {
        let Self { group, rule, name } = self;
        let reason = format!("group {group:?}, rule {rule}, {name:?}: {reason}");
        Fault { line, column, reason }
    }
}

/// The keys of a rule.
struct Written<'a> {
    node: &'a Node,
    record: String,
    alert: String,
    expr: String,
    expr_node: &'a Node,
    name_node: &'a Node,
    hold: Duration,
    keep_firing_for: Duration,
    labels: Pairs,
    annotations: Pairs,
}

impl<'a> Written<'a> {
    fn read(document: &'a Document, node: &'a Node, options: &Options<'_>) -> Read<Self> {
        let mut fields = Fields::new(document, node, "rulefmt.Rule")?;
        let fields = &mut fields;
        let record_node = fields.take("record");
        let written = Self {
            node,
            record: fields.text_or_empty("record")?,
            alert: fields.text_or_empty("alert")?,
            expr: fields.text_or_empty("expr")?,
            expr_node: fields.take("expr").unwrap_or(node),
            name_node: record_node.or(fields.take("alert")).unwrap_or(node),
            hold: fields.duration("for")?.unwrap_or_default(),
            keep_firing_for: fields.duration("keep_firing_for")?.unwrap_or_default(),
            labels: fields.text_map("labels")?.into_iter().collect(),
            annotations: fields.text_map("annotations")?.into_iter().collect(),
        };
        finish(fields, options)?;
        Ok(written)
    }

    fn is_recording(&self) -> bool {
        !self.record.is_empty()
    }

    /// What is wrong with the keys taken together.
    fn conflicts(&self) -> Vec<Fault> {
        let name_reason = match (self.record.is_empty(), self.alert.is_empty()) {
            (false, false) => Some("only one of 'record' and 'alert' must be set"),
            (true, true) => Some("one of 'record' or 'alert' must be set"),
            _ => None,
        };
        let unwanted = [
            ("annotations", !self.annotations.is_empty()),
            ("for", !self.hold.is_zero()),
            ("keep_firing_for", !self.keep_firing_for.is_zero()),
        ];
        let unwanted = unwanted.into_iter().filter(|(_, is_set)| self.is_recording() && *is_set);
        let unwanted = unwanted.map(|(key, _)| format!("invalid field '{key}' in recording rule"));
        let reasons = name_reason.map(str::to_owned).into_iter().chain(unwanted);
        let mut faults: Vec<Fault> = reasons.map(|reason| self.name_node.fault(reason)).collect();
        if self.expr.is_empty() {
            faults.push(self.expr_node.fault("field 'expr' must be set in rule"));
        }
        faults
    }
}

impl Reader<'_> {
    /// Notes a mistake.
    fn noted<T>(&mut self, read: Read<T>) -> Option<T> {
        read.map_err(|fault| self.faults.add(fault)).ok()
    }

    fn group(&mut self, node: &Node) -> Read<RuleGroup> {
        let mut fields = Fields::new(self.document, node, "rulefmt.RuleGroup")?;
        let fields = &mut fields;
        let name = fields.text_or_empty("name")?;
        let interval = fields.duration("interval")?.filter(|interval| !interval.is_zero());
        let query_offset = fields.duration("query_offset")?;
        let limit = fields.signed("limit")?.and_then(|limit| u64::try_from(limit).ok());
        let labels: Pairs = fields.text_map("labels")?.into_iter().collect();
        let elements = fields.elements("rules")?;
        finish(fields, self.options)?;
        if name.is_empty() {
            self.faults.add(node.fault("Groupname must not be empty"));
        }
        let wrong = labels.keys().filter_map(|label| name::label(label, self.options.names));
        for reason in wrong {
            self.faults.add(fields.fault("labels", reason));
        }
        let rules = elements.iter().enumerate();
        let rules = rules.filter_map(|(at, node)| self.rule(node, (&name, at + 1), &labels));
        let rules = rules.collect();
        let limit = limit.filter(|limit| *limit > 0);
        Ok(RuleGroup { name, interval, query_offset, limit, rules, line: node.line })
    }

    fn rule(
        &mut self,
        node: &Node,
        (group, rule): (&str, usize),
        group_labels: &Pairs,
    ) -> Option<Rule> {
        let written = Written::read(self.document, node, self.options);
        let written = self.noted(written)?;
        let name =
            if written.alert.is_empty() { written.record.clone() } else { written.alert.clone() };
        let place = Place { group, rule, name: &name };
        let (language, text) = (self.options.language, written.expr.clone());
        let mut faults = written.conflicts();
        let expr = match Expression::read(self.document, written.expr_node, text, language) {
            Ok(expr) => Some(expr),
            // That it is empty is among the conflicts.
            Err(_) if written.expr.is_empty() => None,
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        faults.extend(self.names(&written));
        faults.extend(self.templates(&written));
        let is_valid = faults.is_empty();
        for fault in faults {
            self.faults.add(place.fault(fault));
        }
        let expr = expr.filter(|_| is_valid)?;
        let size = group_labels.iter().map(|(label, value)| label.len() + value.len()).sum();
        let reserved = self.document.reserve(size, node);
        self.noted(reserved)?;
        let mut labels = group_labels.clone();
        let kind = if written.is_recording() {
            RuleKind::Recording { record: written.record }
        } else {
            RuleKind::Alerting {
                alert: written.alert,
                hold: written.hold,
                keep_firing_for: written.keep_firing_for,
                annotations: written.annotations,
            }
        };
        labels.extend(written.labels);
        Some(Rule { kind, expr, labels, line: node.line })
    }

    fn names(&self, written: &Written<'_>) -> Vec<Fault> {
        let names = self.options.names;
        let mut faults = Vec::new();
        if written.is_recording() {
            let wrong = name::record(&written.record, names).into_iter();
            faults.extend(wrong.map(|reason| written.name_node.fault(reason)));
        }
        let labels = written.labels.keys().filter_map(|label| name::label(label, names));
        let annotations = written.annotations.iter();
        let annotations = annotations.filter_map(|(name, _)| name::annotation(name, names));
        faults.extend(labels.chain(annotations).map(|reason| written.node.fault(reason)));
        faults
    }

    /// Mistakes in the templates of an alert.
    fn templates(&self, written: &Written<'_>) -> Vec<Fault> {
        if written.alert.is_empty() {
            return Vec::new();
        }
        let wrong = |what: &str, (name, text): (&String, &String)| {
            let reason = (self.options.check_template)(text).err()?;
            Some(written.node.fault(format!("{what} {name:?}: {reason}")))
        };
        let labels = written.labels.iter().filter_map(|pair| wrong("label", pair));
        let annotations = written.annotations.iter();
        labels.chain(annotations.filter_map(|pair| wrong("annotation", pair))).collect()
    }
}
