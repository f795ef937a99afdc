//! Replaces the demo in a build without the feature `demo`.

use crate::app::App;

/// The demo; uninhabited.
pub(crate) enum Demo {}

/// Always returns an error.
pub(crate) fn start(_app: &App, _port_offset: u16) -> anyhow::Result<Demo> {
    anyhow::bail!("this build has no demo: build with the feature `demo`, which is on by default")
}

impl Demo {
    /// Unreachable.
    #[expect(clippy::unused_async, reason = "the demo's is")]
    pub(crate) async fn stop(self) {
        match self {}
    }

    /// Unreachable.
    pub(crate) fn addresses(&self) -> Vec<(String, &'static str)> {
        match *self {}
    }
}
