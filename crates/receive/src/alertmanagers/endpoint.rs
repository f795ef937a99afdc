//! The address of an Alertmanager that discovery has found.

use adopt::prometheus::AlertmanagerConfig;
use signals::Labels;
use signals::metric::LabelsBuilder;
use signals::relabel;
use url::Url;

const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const PATH: &str = "__alerts_path__";

/// What becomes of a discovered Alertmanager.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// It gets alerts at this URL.
    Active(Url),
    /// Relabelling drops it; this is its URL before.
    Dropped(String),
}

impl Endpoint {
    /// Relabels an Alertmanager.
    ///
    /// # Errors
    /// Why it has no valid URL.
    pub(super) fn discover(labels: &Labels, config: &AlertmanagerConfig) -> Result<Self, String> {
        let mut builder = LabelsBuilder::new(labels.clone());
        builder.set(SCHEME, config.scheme.clone());
        let prefix = config.path_prefix.trim_matches('/');
        let separator = if prefix.is_empty() { "" } else { "/" };
        builder.set(PATH, format!("/{prefix}{separator}api/v2/alerts"));
        let before = shown(&builder);
        if !relabel::apply(&config.relabel_configs, &mut builder) {
            return Ok(Self::Dropped(before));
        }
        let address = builder.get(ADDRESS);
        if address.is_empty() || address.contains('/') {
            return Err(format!("{address:?} is not a valid hostname"));
        }
        let text = shown(&builder);
        Url::parse(&text).map(Self::Active).map_err(|error| format!("{text:?}: {error}"))
    }
}

fn shown(labels: &LabelsBuilder) -> String {
    format!("{}://{}{}", labels.get(SCHEME), labels.get(ADDRESS), labels.get(PATH))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use adopt::prometheus::HttpClientConfig;

    use super::*;

    #[test]
    fn the_url_has_scheme_address_and_path_prefix() {
        for (prefix, address, expected) in [
            ("", "am:9093", Ok("http://am:9093/api/v2/alerts")),
            ("/", "am:9093", Ok("http://am:9093/api/v2/alerts")),
            ("/x/y/", "[::1]:80", Ok("http://[::1]/x/y/api/v2/alerts")),
            ("", "", Err(())),
            ("", "http://am", Err(())),
        ] {
            let config = AlertmanagerConfig {
                scheme: "http".to_owned(),
                path_prefix: prefix.to_owned(),
                timeout: Duration::from_secs(1),
                http: HttpClientConfig::default(),
                relabel_configs: Vec::new(),
                alert_relabel_configs: Vec::new(),
                discovery: Vec::new(),
            };
            let labels = Labels::from_pairs([(ADDRESS, address)]);
            let found = Endpoint::discover(&labels, &config);
            let expected = expected.map(|url| Endpoint::Active(Url::parse(url).unwrap()));
            assert_eq!(found.map_err(|_| ()), expected, "{prefix} {address}");
        }
    }
}
