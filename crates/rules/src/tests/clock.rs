//! Clocks that are set while alerts are active.

use super::*;

#[tokio::test]
async fn alerts_go_on_when_the_clock_is_set() {
    let (always, once) = ("a 1x180", "a _x100 1 0x80");
    // The rule, the values, the minutes of the evaluations, the states, and what is sent.
    for (case, rule, series, minutes, states, sent) in [
        ("pending, an hour back", "for: 3m", always, &[100, 101, 40, 41, 42][..], "PPPFF", "---F-"),
        (
            "firing, an hour back",
            "",
            always,
            &[100, 101, 102, 40, 41, 42, 43],
            "FFFFFFF",
            "F-F-F-F",
        ),
        ("back by an interval", "for: 2m", always, &[100, 101, 101, 102], "PPFF", "--F-"),
        (
            "kept, an hour back",
            "keep_firing_for: 3m",
            once,
            &[100, 101, 40, 41, 42],
            "FFFFR",
            "F-F-R",
        ),
        ("resolved, an hour back", "", once, &[100, 101, 40, 41], "FRRR", "FR-R"),
        ("pending, an hour forward", "for: 3m", always, &[100, 101, 160], "PPF", "--F"),
        ("firing, an hour forward", "", always, &[100, 101, 160], "FFF", "F-F"),
    ] {
        let server = Server::new(&[series]);
        let group = group_of("", &[&format!("{{alert: A, expr: a > 0, {rule}}}")]);
        let (mut found, mut were_sent) = (String::new(), String::new());
        for minute in minutes {
            let alerts = server.evaluate(&group, *minute).await;
            found += &letters(&group, 0);
            were_sent.push(alerts.first().map_or('-', letter));
        }
        assert_eq!((found.as_str(), were_sent.as_str()), (states, sent), "{case}");
    }
}
