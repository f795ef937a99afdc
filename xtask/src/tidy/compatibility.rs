//! Checks that `docs/compatibility.md` lists every endpoint. A test of the binary checks the rows.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::root;

const TABLE: &str = "docs/compatibility.md";
/// Sources with endpoints.
const CRATES: [&str; 3] = ["crates/glasshouse/src", "crates/receive/src", "crates/serve/src"];
/// The composition of the ports' routers, with the redirects to the page.
const PORTS: &str = "crates/serve/src/routers.rs";

/// A file with routes, its section in the table, and the path prefix of some of them.
const SECTIONS: [(&str, &str, &str); 18] = [
    ("crates/glasshouse/src/run/ports.rs", OWN_SECTION, ""),
    ("crates/receive/src/otlp/grpc.rs", "OTLP over gRPC", ""),
    ("crates/receive/src/otlp/http.rs", "OTLP over HTTP", ""),
    ("crates/receive/src/remote_write.rs", "Prometheus", "/api/v1"),
    ("crates/serve/src/alerting.rs", OWN_SECTION, ""),
    ("crates/serve/src/alertmanager.rs", "Alertmanager", "/api/v2"),
    ("crates/serve/src/dashboards.rs", OWN_SECTION, ""),
    ("crates/serve/src/jaeger.rs", "Jaeger", "/api"),
    ("crates/serve/src/loki.rs", "Loki", "/loki/api/v1"),
    ("crates/serve/src/prometheus.rs", "Prometheus", "/api/v1"),
    ("crates/serve/src/prometheus/admin.rs", "Prometheus", "/api/v1"),
    ("crates/serve/src/prometheus/federate.rs", "Prometheus", "/api/v1"),
    ("crates/serve/src/prometheus/remote_read.rs", "Prometheus", "/api/v1"),
    ("crates/serve/src/prometheus/rules.rs", "Prometheus", "/api/v1"),
    ("crates/serve/src/prometheus/status.rs", "Prometheus", "/api/v1"),
    ("crates/serve/src/prometheus/targets.rs", "Prometheus", "/api/v1"),
    (PORTS, OWN_SECTION, ""),
    ("crates/serve/src/tempo.rs", "Tempo", "/api"),
];
/// The section of endpoints outside any API; its files also serve rows that name a port.
const OWN_SECTION: &str = "Our own";

/// A path in the table, its section, and whether it names a port.
#[derive(Debug, PartialEq)]
struct Endpoint<'t> {
    section: &'t str,
    names_port: bool,
    path: &'t str,
}

/// Routes in the sources that are missing in the table.
pub(super) fn check(sources: &[PathBuf]) -> Result<Vec<String>> {
    let table = fs::read_to_string(root().join(TABLE)).context(TABLE)?;
    let endpoints = endpoints(&table);
    let mut wrong = Vec::new();
    for file in sources {
        let name = file.strip_prefix(root()).unwrap_or(file);
        let is_test = name.to_string_lossy().contains("/tests");
        if !is_test && CRATES.iter().any(|folder| name.starts_with(folder)) {
            let source = fs::read_to_string(file).with_context(|| file.display().to_string())?;
            wrong.extend(missing(name, &source, &endpoints));
        }
    }
    Ok(wrong)
}

/// The first cells of all rows.
fn endpoints(table: &str) -> Vec<Endpoint<'_>> {
    let mut section = "";
    let mut endpoints = Vec::new();
    for line in table.lines() {
        section = line.strip_prefix("## ").unwrap_or(section);
        let Some(cell) = line.strip_prefix("| ").and_then(|row| row.split('|').next()) else {
            continue;
        };
        for span in cell.split('`').skip(1).step_by(2) {
            let Some((before, path)) = span.find('/').and_then(|at| span.split_at_checked(at))
            else {
                continue;
            };
            endpoints.push(Endpoint { section, names_port: before.contains(':'), path });
        }
    }
    endpoints
}

/// The violations in one file.
fn missing(file: &Path, source: &str, endpoints: &[Endpoint<'_>]) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut routes = after(source, ".route(");
    if file == Path::new(PORTS) {
        routes.extend(lists(source));
    }
    if routes.is_empty() {
        return Vec::new();
    }
    let known = SECTIONS.iter().find(|(known, ..)| file == Path::new(known));
    let Some((_, section, base)) = known else {
        return vec![format!(
            "{} has routes: name its section of {TABLE} in xtask",
            file.display()
        )];
    };
    let is_there = |route: &str| {
        endpoints.iter().any(|endpoint| {
            let is_near = if endpoint.names_port {
                *section == OWN_SECTION
            } else {
                endpoint.section == *section
            };
            is_near && [route, &format!("{base}{route}")].contains(&endpoint.path)
        })
    };
    routes.retain(|route| !is_there(route));
    let say = |route| format!("{TABLE} has no row for {route} of {}", file.display());
    routes.into_iter().map(say).collect()
}

/// The quoted strings that follow a word.
fn after<'s>(source: &'s str, word: &str) -> Vec<&'s str> {
    let rest = source.split(word).skip(1).map(str::trim_start);
    rest.filter_map(|rest| rest.strip_prefix('"')?.split('"').next()).collect()
}

/// The paths in array literals.
fn lists(source: &str) -> Vec<&str> {
    let lists = source.split('[').skip(1).filter_map(|rest| rest.split(']').next());
    let texts = lists.flat_map(|list| list.split('"').skip(1).step_by(2));
    texts.filter(|text| text.starts_with('/')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "## Loki\n| endpoint | answers |\n|---|---|\n\
                         | `GET POST /loki/api/v1/query`, `GET /ready` | yes |\n\
                         ## Our own\n| `GET :3100/graph` | yes | `/none` |\n";

    #[test]
    fn first_cells_are_read() {
        let loki = |path| Endpoint { section: "Loki", names_port: false, path };
        let graph = Endpoint { section: "Our own", names_port: true, path: "/graph" };
        assert_eq!(endpoints(TABLE), [loki("/loki/api/v1/query"), loki("/ready"), graph]);
    }

    #[test]
    fn routes_without_a_row_are_named() {
        for (file, source, expected) in [
            ("crates/serve/src/loki.rs", ".route(\n    \"/query\", get)", 0),
            ("crates/serve/src/loki.rs", ".route(\"/ready\", get)", 0),
            ("crates/serve/src/loki.rs", ".route(\"/tail\", get)", 1),
            ("crates/serve/src/loki.rs", ".route(\"/graph\", get)", 1),
            ("crates/serve/src/tempo.rs", ".route(\"/ready\", get)", 1),
            ("crates/serve/src/loki.rs", "#[cfg(test)]\n.route(\"/tail\", get)", 0),
            ("crates/serve/src/new.rs", ".route(\"/query\", get)", 1),
            ("crates/serve/src/new.rs", "router.route(path, get)", 0),
            (PORTS, "let paths = [\"/graph\", \"/alerts\"];", 1),
        ] {
            let wrong = missing(Path::new(file), source, &endpoints(TABLE));
            assert_eq!(wrong.len(), expected, "{file}: {source}: {wrong:?}");
        }
    }
}
