//! Any text as PromQL, LogQL and TraceQL: a tree or an error; what is printed reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(tree) = lang::promql::parse(text) {
        let printed = tree.to_string();
        assert!(lang::promql::parse(&printed).is_ok(), "{text:?} printed as {printed:?}");
    }
    if let Ok(tree) = lang::logql::parse(text) {
        let printed = tree.to_string();
        // Folded constants such as 1/0 have no notation in the language.
        if printed.contains("inf") || printed.contains("NaN") {
            return;
        }
        assert!(lang::logql::parse(&printed).is_ok(), "{text:?} printed as {printed:?}");
    }
    if let Ok(tree) = lang::traceql::parse(text) {
        let printed = tree.to_string();
        assert!(lang::traceql::parse(&printed).is_ok(), "{text:?} printed as {printed:?}");
    }
});
