//! Settings of HTTP clients, each as those of a job.

use std::path::Path;

use super::{counted, facts, files, name, read, table, text};

/// Files that are refused when they are used, and not when they are read.
const REFUSED_LATER: [&str; 1] = ["http.conf.invalid-bearer-token-file.bad.yml"];

#[test]
fn clients_are_refused_and_read_as_in_prometheus() {
    let path = "prometheus-common/derived/config__http_config_test.json";
    let folder = conformance::corpus_folder("prometheus-common/http-config");
    let (Some(facts), Some(folder)) = (facts(path), folder) else { return };
    let reasons = table(&facts, "(package)");
    let place = std::env::temp_dir().join(format!("adopt-clients-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let mut corpus = counted("HTTP clients");
    for file in files(&folder) {
        let name = name(&file);
        let job = place.join("prometheus.yml");
        std::fs::write(&job, as_job(&std::fs::read_to_string(&file).unwrap())).unwrap();
        let of_file = |case: &&serde_json::Value| {
            Path::new(text(case, "httpClientConfigFile")).ends_with(name)
        };
        let reason = reasons.iter().find(of_file).map(|case| text(case, "errMsg"));
        let is_bad = (name.contains(".bad") || reason.is_some()) && !REFUSED_LATER.contains(&name);
        let why = match (read(&job), is_bad) {
            (Ok(_), false) => None,
            (Ok(_), true) => Some(format!("{name} is read")),
            (Err(found), true) if found.contains(reason.unwrap_or_default()) => None,
            (Err(found), _) => Some(format!("{name}: {found}, not {reason:?}")),
        };
        corpus.note(name, why);
    }
    corpus.finish();
    std::fs::remove_dir_all(&place).unwrap();
}

fn as_job(client: &str) -> String {
    let lines = client.lines().filter(|line| *line != "---").map(|line| format!("  {line}\n"));
    format!("scrape_configs:\n- job_name: a\n{}", lines.collect::<String>())
}
