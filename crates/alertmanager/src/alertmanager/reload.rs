//! Another configuration takes the place of the current one.

use std::collections::BTreeMap;
use std::sync::Arc;

use signals::Timestamp;

use super::{Alertmanager, Configuration};
use crate::alert::{Alert, Fingerprint};
use crate::group::Groups;
use crate::inhibitor::Inhibitor;

impl Alertmanager {
    /// Applies another configuration: all alerts take their new routes, and silences and the
    /// notification log stay.
    ///
    /// Groups start again, so that they wait for `group_wait` or are due at once. A notification
    /// that is being sent is not interrupted, and a group with the same key and receiver waits for
    /// its outcome. Resolved alerts that no group had to notify of any more are left out.
    pub fn reload(&mut self, configuration: Configuration, now: Timestamp) {
        let mut alerts: BTreeMap<Fingerprint, Arc<Alert>> = BTreeMap::new();
        for group in self.groups.iter() {
            let members = group.members.iter();
            alerts.extend(members.map(|(id, member)| (*id, Arc::clone(&member.alert))));
        }
        let firing = self.alerts.iter().filter(|alert| !alert.is_resolved(now));
        alerts.extend(firing.map(|alert| (alert.fingerprint, Arc::clone(alert))));
        self.metrics.configured(&configuration.config);
        self.groups = Groups::new(&configuration.config.route, &self.groups);
        self.inhibitor = Inhibitor::new(&configuration.config.inhibit_rules);
        self.configuration = configuration;
        self.inhibitor.replace(self.alerts.iter());
        for alert in alerts.values() {
            self.route(alert, now);
        }
    }
}
