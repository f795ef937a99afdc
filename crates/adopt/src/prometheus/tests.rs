//! Reading of whole files, without the corpora.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use super::*;

/// Files in memory.
struct Memory(Vec<(&'static str, &'static str)>);

impl Files for Memory {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let found = self.0.iter().find(|(name, _)| Path::new(name) == file);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let within = |name: &&'static str| Path::new(name).parent() == Some(folder);
        let names = self.0.iter().map(|(name, _)| *name).filter(within);
        Ok(names.filter_map(|name| Some(Path::new(name).file_name()?.to_owned())).collect())
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.iter().any(|(name, _)| Path::new(name) == path)
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "REGION").then(|| "eu".to_owned())
    }
}

fn loaded(text: &'static str) -> Result<Config, Error> {
    load(Path::new("/etc/prometheus.yml"), &Memory(vec![("/etc/prometheus.yml", text)]))
}

fn refused(text: &'static str) -> String {
    loaded(text).unwrap_err().to_string()
}

#[test]
fn a_job_inherits_global_settings() {
    let config = loaded(
        "global:\n  scrape_interval: 5s\n  sample_limit: 7\n  external_labels: {r: $REGION}\n\
         scrape_configs:\n- job_name: a\n  static_configs:\n  - targets: [b:1]\n    labels: {n: 1}\n",
    )
    .unwrap();
    let job = &config.scrape_configs[0];
    assert_eq!(job.scrape_interval, Duration::from_secs(5));
    assert_eq!(job.scrape_timeout, Duration::from_secs(5));
    assert_eq!(job.limits.sample_limit, Some(7));
    assert_eq!(config.global.external_labels.get("r"), Some("eu"));
    let [Discovery::Static(groups)] = &job.discovery[..] else {
        panic!("{:?}", job.discovery);
    };
    assert_eq!((groups[0].targets[0].as_str(), groups[0].labels.get("n")), ("b:1", Some("1")));
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    assert_eq!(
        refused("global:\n  scrape_intervall: 5s\n"),
        "/etc/prometheus.yml:2: field scrape_intervall not found in type config.plain"
    );
    assert_eq!(
        refused("scrape_configs: []\nscrape_configs: []\n"),
        "/etc/prometheus.yml:2: field scrape_configs already set in type config.plain"
    );
}

#[test]
fn numbers_are_text_where_text_is_meant() {
    let config = loaded(
        "scrape_configs:\n- job_name: 1\n  relabel_configs:\n  - source_labels: [__address__]\n    \
         modulus: 1\n    target_label: __tmp_hash\n    action: hashmod\n  - source_labels: \
         [__tmp_hash]\n    regex: 0\n    action: keep\n",
    )
    .unwrap();
    let job = &config.scrape_configs[0];
    assert_eq!(job.job_name, "1");
    assert_eq!(job.relabel_configs[1].definition().regex.as_deref(), Some("0"));
}

#[test]
fn files_with_jobs_are_found_beside_the_main_file() {
    let files = |second| {
        Memory(vec![
            ("/etc/prometheus.yml", "scrape_config_files: [blackbox.yml, 'd/*.yml']"),
            ("/etc/blackbox.yml", "scrape_configs: [{job_name: a}]"),
            ("/etc/d/b.yml", second),
            ("/etc/d/c.txt", "scrape_configs: [{job_name: c}]"),
        ])
    };
    let load = |second| load(Path::new("/etc/prometheus.yml"), &files(second));
    let config = load("scrape_configs: [{job_name: b}]").unwrap();
    let jobs: Vec<&str> = config.scrape_configs.iter().map(|job| job.job_name.as_str()).collect();
    assert_eq!(jobs, ["a", "b"]);
    assert_eq!(
        load("scrape_configs: [{job_name: a}]").unwrap_err().to_string(),
        "/etc/d/b.yml:1: found multiple scrape configs with job name \"a\", first found in \
         /etc/blackbox.yml"
    );
}

#[test]
fn what_is_not_supported_is_listed_with_its_job() {
    let config = loaded(
        "scrape_configs:\n- job_name: a\n  consul_sd_configs:\n  - server: x\n  basic_auth:\n    \
         username: u\n    password_ref: r\n",
    )
    .unwrap();
    let shown: Vec<String> = config.unsupported.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "/etc/prometheus.yml:7: password_ref is not supported (job \"a\")",
            "/etc/prometheus.yml:3: consul_sd_configs is not supported (job \"a\")",
        ]
    );
}

#[test]
fn secrets_are_not_shown() {
    let config = loaded(
        "# Keep\nscrape_configs:\n- job_name: a\n  basic_auth:\n    username: u\n    password: \
         &pw 'hunter2'\n  proxy_url: http://me:hunter2@proxy/\n- job_name: b\n  authorization:\n    \
         credentials: |\n      hunter2\n      hunter2\n- job_name: c\n  consul_sd_configs:\n  - \
         {server: x, token: *pw}\n",
    )
    .unwrap();
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    assert_eq!(
        config.redacted,
        "# Keep\nscrape_configs:\n- job_name: a\n  basic_auth:\n    username: u\n    password: \
         &pw <secret>\n  proxy_url: http://me:<secret>@proxy/\n- job_name: b\n  authorization:\n    \
         credentials: |\n      <secret>\n- job_name: c\n  consul_sd_configs:\n  - {server: x, token: *pw}\n"
    );
}

#[test]
fn anchors_and_merges_are_resolved() {
    let config = loaded(
        "scrape_configs:\n- &base\n  job_name: a\n  scrape_interval: 7s\n- <<: *base\n  job_name: \
         b\n",
    )
    .unwrap();
    assert_eq!(config.scrape_configs[1].scrape_interval, Duration::from_secs(7));
    assert_eq!(config.scrape_configs[1].job_name, "b");
}

#[test]
fn aliases_that_multiply_are_refused() {
    let line = |i| format!("b{i}: &a{} [*a{i}, *a{i}]\n", i + 1);
    let text = (0..30).fold("a: &a0 [x]\n".to_owned(), |text, i| text + &line(i));
    let refused = loaded(text.leak()).unwrap_err().to_string();
    assert!(refused.contains("excessive aliasing"), "{refused}");
}

#[test]
fn files_are_relative_to_the_file_that_names_them() {
    let config = loaded(
        "rule_files: [r/*.yml, /abs.yml]\nscrape_configs:\n- job_name: a\n  bearer_token_file: \
         t\n  file_sd_configs: [{files: [x.json]}]\n",
    )
    .unwrap();
    assert_eq!(config.rule_files, [Path::new("/etc/r/*.yml"), Path::new("/abs.yml")]);
    let job = &config.scrape_configs[0];
    let Some(Authentication::Authorization { credentials, .. }) = &job.http.authentication else {
        panic!("{:?}", job.http);
    };
    assert_eq!(credentials, &Some(Source::File("/etc/t".into())));
}

#[test]
fn targets_are_read_from_json() {
    let json = "[\n\t{\"targets\": [\"a:1\", \"b:2\"], \"labels\": {\"x\": \"y\"}}\n]\n";
    let groups = target_groups(Path::new("t.json"), json.into()).unwrap();
    assert_eq!(groups[0].targets, ["a:1", "b:2"]);
    assert_eq!(groups[0].labels.get("x"), Some("y"));
    let unknown = target_groups(Path::new("t.json"), b"[{\"target\": []}]".to_vec());
    assert!(unknown.is_err());
}

#[test]
fn line_ends_and_marks_of_windows_are_read() {
    let config = loaded("\u{feff}global:\r\n  scrape_interval: 5s\r\n").unwrap();
    assert_eq!(config.global.scrape_interval, Duration::from_secs(5));
}

#[test]
fn an_empty_file_has_defaults() {
    for text in ["", "# Nothing\n", "global:\n"] {
        assert_eq!(loaded(text).unwrap().global, Global::default());
    }
}

#[test]
fn null_replaces_a_default_as_in_prometheus() {
    let text = "scrape_configs:\n- job_name: a\n  honor_timestamps:\n  relabel_configs:\n  - \
                source_labels: [b]\n    separator:\n    regex:\n    target_label: c\n";
    let job = &loaded(text).unwrap().scrape_configs[0];
    assert!(!job.honor_timestamps);
    let rule = job.relabel_configs[0].definition();
    assert_eq!((rule.separator.as_deref(), rule.regex.as_deref()), (Some(""), Some("")));
}
