//! Runs unit tests of rules: those of promtool, which must pass or fail as there, and those of the
//! Kubernetes mixin.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests are tests too"
)]

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use adopt::{Files, SystemFiles};
use conformance::{Corpus, Tolerated};
use rules::unit_test::{FileResult, Options, run};

async fn result(
    file: &Path,
    files: &(dyn Files + Sync),
    filter: Option<&str>,
) -> Result<FileResult, String> {
    let filter = filter.map(|filter| signals::regexp::anywhere(filter).unwrap());
    let settings = promql::Settings::default();
    let options =
        Options { run: filter.as_ref(), ignores_unknown_keys: false, settings: &settings };
    run(file, files, options).await
}

/// What promtool prints below `FAILED`.
async fn failures(file: &Path, filter: Option<&str>) -> Vec<String> {
    match result(file, &SystemFiles, filter).await {
        Ok(result) => result.failures().map(str::to_owned).collect(),
        Err(error) => vec![error],
    }
}

/// The cases are a file, the tests of it that are run, and what promtool prints for it. Only the
/// column of a mistake in an expression is not that of promtool, but exact.
#[test]
fn files_of_promtool_pass_and_fail_as_there() {
    let Some(folder) = conformance::corpus_folder("prometheus/promtool") else { return };
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/promtool");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let count = conformance::check_cases(&cases, |case| {
        let (name, filter) = case.split_once(" --run ").map_or((case, None), |(n, f)| (n, Some(f)));
        let failures = runtime.block_on(failures(&folder.join(name), filter));
        let text = if failures.is_empty() {
            "  SUCCESS".to_owned()
        } else {
            format!("  FAILED:\n{}", failures.join("\n"))
        };
        text.replace(&format!("{}/", folder.display()), "")
    });
    assert_eq!(count, 16);
}

#[tokio::test]
async fn unknown_keys_of_rules_are_errors_unless_they_are_left_out() {
    let Some(folder) = conformance::corpus_folder("prometheus/promtool") else { return };
    let file = folder.join("rules_run_extrafields.yml");
    let found = failures(&file, None).await;
    assert!(found[0].contains("field namespace not found in type rulefmt.RuleGroup"), "{found:?}");
    let settings = promql::Settings::default();
    let options = Options { run: None, ignores_unknown_keys: true, settings: &settings };
    let result = run(&file, &SystemFiles, options).await.unwrap();
    assert_eq!(result.failures().count(), 0);
}

#[tokio::test]
async fn the_rules_that_come_with_the_program_pass_their_tests() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let mut count = 0;
    for entry in std::fs::read_dir(&rules).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        count += 1;
        let tests = rules.join("tests").join(file.file_name().unwrap());
        assert_eq!(failures(&tests, None).await, [""; 0], "{}", tests.display());
    }
    assert!(count > 10, "{count} files");
}

/// Files of the system, of which two are elsewhere.
struct Mixin {
    rules: PathBuf,
}

impl Mixin {
    fn place(&self, path: &Path) -> PathBuf {
        match path.file_name().and_then(|name| name.to_str()) {
            Some("prometheus_alerts.yaml") => self.rules.join("alerts.yaml"),
            Some("prometheus_rules.yaml") => self.rules.join("rules.yaml"),
            _ => path.to_owned(),
        }
    }
}

impl Files for Mixin {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        SystemFiles.read(&self.place(file))
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        SystemFiles.names(folder)
    }

    fn exists(&self, path: &Path) -> bool {
        SystemFiles.exists(&self.place(path))
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

#[tokio::test]
async fn tests_of_the_kubernetes_mixin_pass() {
    let place = "rules-realworld/kubernetes-mixin-unit-tests";
    let Some(folder) = conformance::corpus_folder(place) else { return };
    let Some(rules) = conformance::corpus_folder("rules-realworld/mixins/kubernetes") else {
        return;
    };
    let files = Mixin { rules };
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unit-tests-tolerated.txt");
    let mut corpus = Corpus::new("kubernetes-mixin", Tolerated::read(&list));
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut assertions = 0;
    for file in names.iter().filter(|name| name.extension().is_some_and(|end| end == "yaml")) {
        let loaded = adopt::rules::unit_test::load(file, &files).unwrap();
        let tests = loaded.tests.iter();
        assertions += tests
            .map(|test| test.alert_rule_test.len() + test.promql_expr_test.len())
            .sum::<usize>();
        let result = result(file, &files, None).await.unwrap();
        assert_eq!(result.warnings, [""; 0]);
        for (test, loaded) in result.tests.iter().zip(&loaded.tests) {
            let name = file.file_name().unwrap().to_string_lossy();
            let failures = test.failures.join("\n");
            let why = (!failures.is_empty()).then_some(failures);
            corpus.note(&format!("{name} {}:{}", test.name, loaded.line), why);
        }
    }
    assert!(assertions >= 150, "{assertions}");
    corpus.finish();
}
