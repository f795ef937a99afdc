//! Labels and annotations of real alerting rules.

use std::collections::BTreeMap;

use template::prometheus::{Expander, Sample, SampleValue, alert_data, check_alert};
use template::{MissingKey, Run};

use crate::{counted, facts, text};

/// Their output is not known: they must parse, and expand without an error.
#[test]
fn templates_of_real_rules_expand() {
    let Some(file) = facts("rules-realworld/expressions.json") else { return };
    let mut corpus = counted("rules");
    let labels: BTreeMap<String, String> = [("job", "api"), ("instance", "host:9100")]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .into();
    let data = alert_data(&labels, &BTreeMap::new(), "", &SampleValue::Float(12.5));
    let sample = Sample { labels, value: SampleValue::Float(0.25) };
    let expander = Expander {
        time_ms: 0,
        external_url: "",
        query: &|_| Ok(vec![sample.clone()]),
        missing_key: MissingKey::Zero,
        run: Run::default(),
    };
    for rule in file["expressions"].as_array().unwrap() {
        let name = text(rule, "name");
        for template in rule["templates"].as_array().into_iter().flatten() {
            let template = template.as_str().unwrap();
            let result = check_alert(name, template)
                .and_then(|()| expander.expand_alert(name, template, &data));
            corpus.note(template, result.err().map(|error| format!("{template}\n    {error}")));
        }
    }
    corpus.finish();
}
