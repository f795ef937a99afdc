//! Glasshouse's own HTTP API, which the page uses: requests and answers as JSON.
//!
//! The page's TypeScript types are generated from these (`ui/src/api/generated.ts`), so that server,
//! page and the page's mock server cannot differ. The APIs of Prometheus, Loki, Tempo and Jaeger are
//! not here: other projects define their formats.

mod alerting;
mod dashboards;
mod overview;
mod replay;
mod sql;
#[cfg(test)]
mod typescript;

pub use alerting::{
    AlertingError, IntegrationTest, NotificationEntry, NotificationList, NotifiedAlert,
    ReceiverTest, RouteNode, RouteTest, RouteTestAnswer, RuleFileEntry, RuleFileList, RuleFileSave,
};
pub use dashboards::{
    Dashboard, DashboardEntry, DashboardError, DashboardList, DashboardProblem, DashboardRevision,
    DashboardSave, DataSourceEntry,
};
pub use overview::{
    Hint, LastError, Overview, ReceiverOverview, ReceiverState, ServiceOverview, SignalOverview,
    SignalOverviews,
};
pub use replay::{
    ReplayAnswer, ReplayRequest, ReplayedEpisode, ReplayedIntegration, ReplayedNotification,
    ReplayedRule, RuleFileText,
};
pub use sql::{SqlAnswer, SqlColumn, SqlError, SqlRequest};
