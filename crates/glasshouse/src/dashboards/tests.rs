//! Dashboards on the disk: found, saved, restored.

use serve::Dashboards as _;
use signals::time::ManualClock;

use super::*;

const SHOP: &str = r#"{"uid": "shop", "title": "Shop", "tags": ["a"], "panels": []}"#;

struct Fixture {
    folder: tempfile::TempDir,
    files: DashboardFiles,
}

impl Fixture {
    /// A data folder, and an adopted folder with these files.
    fn new(adopted: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("stack");
        for (path, content) in adopted {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let providers = vec![DashboardProvider {
            folder: "Team".to_owned(),
            path: "/var/lib/grafana/boards".into(),
            has_folders_of_files: false,
        }];
        let folders = vec![Folder { path: root, providers }];
        let provisioned = Provisioned { folders, data_sources: Vec::new() };
        let clock = Arc::new(ManualClock::at(0));
        let files = DashboardFiles::new(&folder.path().join("data"), clock, provisioned);
        Self { folder, files }
    }

    fn titles(&self) -> Vec<(String, String)> {
        let list = self.files.list(&[]).dashboards.into_iter();
        list.map(|entry| (entry.folder, entry.title)).collect()
    }
}

fn save(content: &str, base_version: Option<&str>) -> DashboardSave {
    let dashboard = RawValue::from_string(content.to_owned()).unwrap();
    DashboardSave { dashboard, base_version: base_version.map(str::to_owned) }
}

#[test]
fn dashboards_are_found_by_their_content_and_have_the_folder_of_their_provider() {
    let fixture = Fixture::new(&[
        ("grafana/boards/shop.json", SHOP),
        ("grafana/boards/deep/b.json", r#"{"title": "Deep", "rows": []}"#),
        ("web/page.json", r#"{"title": "Alone", "panels": []}"#),
        ("web/package.json", r#"{"name": "web"}"#),
        ("web/broken.json", "{"),
        ("web/copy.json", SHOP),
    ]);
    let found = fixture.titles();
    let expected = [("Team", "Deep"), ("Team", "Shop"), ("web", "Alone")];
    assert_eq!(found, expected.map(|(folder, title)| (folder.to_owned(), title.to_owned())));
    let problems = fixture.files.list(&[]).problems;
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].file.ends_with("broken.json") && problems[0].reason.contains("JSON"));
    assert!(problems[1].file.ends_with("copy.json") && problems[1].reason.contains("shop"));
}

#[test]
fn a_provider_is_for_the_folder_that_it_is_adopted_with() {
    let fixture = Fixture::new(&[("boards/shop.json", SHOP)]);
    let other = fixture.folder.path().join("other");
    fs::create_dir_all(other.join("boards")).unwrap();
    fs::write(other.join("boards/b.json"), r#"{"title": "Other", "panels": []}"#).unwrap();
    let mut provisioned = fixture.files.provisioned.lock().clone();
    provisioned.folders.push(Folder { path: other, providers: Vec::new() });
    fixture.files.apply(provisioned);
    let expected = [("Team", "Shop"), ("boards", "Other")];
    assert_eq!(fixture.titles(), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn a_save_replaces_the_file_and_keeps_what_it_was() {
    let fixture = Fixture::new(&[("boards/shop.json", SHOP)]);
    let opened = fixture.files.get("shop").unwrap();
    assert_eq!(opened.dashboard.get(), SHOP);
    let changed = SHOP.replace("Shop", "New");
    let saved = fixture.files.save("shop", &save(&changed, Some(&opened.entry.version))).unwrap();
    assert_eq!(saved.title, "New");
    let file = fixture.folder.path().join("stack/boards/shop.json");
    assert_eq!(fs::read_to_string(file).unwrap(), format!("{changed}\n"));

    let [revision] = fixture.files.history("shop").try_into().unwrap();
    let before = fixture.files.revision("shop", &revision.revision).unwrap();
    assert_eq!(before.get(), SHOP);

    let again = fixture.files.save("shop", &save(SHOP, Some(&opened.entry.version)));
    assert!(matches!(again, Err(DashboardFault::Changed(_))), "{again:?}");
    let forced = fixture.files.save("shop", &save(SHOP, None)).unwrap();
    assert_eq!(forced.version, opened.entry.version);
}

#[test]
fn new_dashboards_are_in_the_data_folder_and_only_these_are_deleted() {
    let fixture = Fixture::new(&[("boards/shop.json", SHOP)]);
    let own = r#"{"uid": "own", "title": "Own", "panels": []}"#;
    let created = fixture.files.create(&save(own, None).dashboard).unwrap();
    assert_eq!((created.uid.as_str(), created.folder.as_str()), ("own", ""));
    let twice = fixture.files.create(&save(own, None).dashboard);
    assert!(matches!(twice, Err(DashboardFault::Invalid(_))), "{twice:?}");
    fixture.files.delete("own").unwrap();
    assert_eq!(fixture.files.get("own").unwrap_err(), DashboardFault::NotFound("own".to_owned()));
    assert_eq!(fixture.files.history("own").len(), 1);
    let adopted = fixture.files.delete("shop").unwrap_err();
    assert!(adopted.to_string().contains("not in the data folder"), "{adopted}");
    let nameless = r#"{"title": "Nameless", "panels": []}"#;
    let nameless = fixture.files.create(&save(nameless, None).dashboard).unwrap();
    assert_eq!(fixture.files.get(&nameless.uid).unwrap().entry.title, "Nameless");
}

#[test]
fn built_in_dashboards_are_listed_with_their_data_and_copied_to_be_changed() {
    let fixture = Fixture::new(&[]);
    let listed = |metrics: &[&str]| -> Vec<String> {
        let metrics: Vec<String> = metrics.iter().map(ToString::to_string).collect();
        fixture.files.list(&metrics).dashboards.into_iter().map(|entry| entry.uid).collect()
    };
    assert_eq!(listed(&["a", "redis_up", "z"]), ["redis"]);
    assert_eq!(listed(&["pg_up", "redis_up"]), ["redis", "postgresql"]);
    let redis = fixture.files.get("redis").unwrap();
    assert_eq!(redis.entry.title, "Redis");
    let saved = fixture.files.save("redis", &save(redis.dashboard.get(), None)).unwrap_err();
    assert!(saved.to_string().contains("comes with the program"), "{saved}");
    fixture.files.create(&redis.dashboard).unwrap();
    assert_eq!(listed(&["redis_up"]), ["redis"]);
    assert!(fixture.files.get("redis").unwrap().entry.file.ends_with("redis.json"));
}

#[test]
fn every_file_of_the_folder_is_a_built_in_dashboard_with_the_name_of_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dashboards");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let uid = path.file_stem().unwrap().to_str().unwrap();
        let (_, content) = built_in::find(uid).expect(uid);
        assert_eq!(content, fs::read_to_string(&path).unwrap(), "{uid}");
    }
}

#[test]
fn a_built_in_dashboard_is_listed_for_every_spelling_of_its_metrics() {
    let listed = |metric: &str| -> Vec<String> {
        built_in::with_data(&[metric.to_owned()]).map(|entry| entry.uid).collect()
    };
    for (metric, expected) in [
        ("gen_ai_client_operation_duration_seconds_count", &["ai-overview", "llm-calls"][..]),
        ("alex_llm_requests_total", &["ai-overview", "llm-calls"]),
        ("inference_requests_total", &["ai-overview", "llm-calls"]),
        ("llm_requests_total", &["ai-overview", "llm-calls"]),
        ("llm_invocation_count_total", &["ai-overview", "llm-calls"]),
        ("narrative_executions_total", &["agent-runs"]),
        ("alex_tasks_executions_total", &["background-tasks"]),
        ("alex_http_requests_total", &["http-services"]),
        ("http_requests_total", &["http-services"]),
        ("http_server_duration_count", &["http-services"]),
        ("alex_frontend_web_vital_count", &["web-vitals"]),
        ("up", &["system-health"]),
        ("process_cpu_time_seconds_total", &["processes"]),
        ("gpu_utilization_percent", &["gpu"]),
        ("DCGM_FI_DEV_GPU_UTIL", &["gpu"]),
        ("glasshouse_build_info", &["glasshouse"]),
        ("llm_tokens_total", &[]),
    ] {
        assert_eq!(listed(metric), expected, "{metric}");
    }
}

#[test]
fn what_is_no_dashboard_is_not_stored() {
    let fixture = Fixture::new(&[]);
    for content in ["{}", "[]", "1", r#"{"title": 1, "panels": []}"#] {
        let refused = fixture.files.create(&save(content, None).dashboard);
        assert!(matches!(refused, Err(DashboardFault::Invalid(_))), "{content}: {refused:?}");
    }
    for uid in ["..", "../x", "a/b", ""] {
        assert!(fixture.files.history(uid).is_empty(), "{uid}");
        assert!(fixture.files.revision(uid, "0").is_err(), "{uid}");
    }
}
