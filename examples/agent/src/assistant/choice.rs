//! Chooses the model of a turn: the capable one for hard tasks, the cheap one for the rest.

use glasshouse_sdk::Telemetry;

use crate::clock;

pub(super) const CAPABLE: &str = "gpt-4o";
pub(super) const CHEAP: &str = "gpt-4o-mini";
/// Cost in US dollars beyond which a task uses the cheap model.
const TASK_BUDGET_USD: f64 = 0.01;
/// Maximum number of words in an easy task.
const EASY_WORDS_MAX: usize = 9;
const HARD: [&str; 7] = ["why", "compare", "plan", "migration", "explain", "propose", "draft"];

/// The input of the model choice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    pub(super) task: &'a str,
    /// The model requested by the user.
    pub(super) requested: Option<&'a str>,
    /// The model whose call just failed.
    pub(super) failed: Option<&'a str>,
    pub(super) spent_usd: f64,
}

/// The model for this turn.
pub(super) fn choose(telemetry: &Telemetry, situation: Situation<'_>) -> String {
    let begin = clock::now();
    let (model, reason) = decide(situation);
    // A model that always fails is not a routing decision.
    let label = if model == CAPABLE { CAPABLE } else { CHEAP };
    if !model.starts_with("fail:") {
        telemetry.router().decision(label, reason, begin.elapsed());
    }
    model.to_owned()
}

fn decide(situation: Situation<'_>) -> (&str, &'static str) {
    let Situation { task, requested, failed, spent_usd } = situation;
    if let Some(model) = requested {
        return (model, "requested");
    }
    if let Some(failed) = failed {
        return (if failed == CHEAP { CAPABLE } else { CHEAP }, "fallback");
    }
    if spent_usd > TASK_BUDGET_USD {
        return (CHEAP, "budget");
    }
    let task = task.to_lowercase();
    let is_hard = task.split_whitespace().count() > EASY_WORDS_MAX
        || HARD.iter().any(|word| task.contains(word));
    if is_hard { (CAPABLE, "complex") } else { (CHEAP, "cheapest") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hard_tasks_get_the_capable_model_until_it_fails_or_costs_too_much() {
        let easy =
            Situation { task: "What time is it?", requested: None, failed: None, spent_usd: 0.0 };
        let hard = Situation { task: "Explain the failing test", ..easy };
        for (situation, decision) in [
            (easy, (CHEAP, "cheapest")),
            (hard, (CAPABLE, "complex")),
            (Situation { failed: Some(CAPABLE), ..hard }, (CHEAP, "fallback")),
            (Situation { failed: Some(CHEAP), ..easy }, (CAPABLE, "fallback")),
            (Situation { spent_usd: 1.0, ..hard }, (CHEAP, "budget")),
            (Situation { requested: Some("fail:quota"), ..hard }, ("fail:quota", "requested")),
        ] {
            assert_eq!(decide(situation), decision);
        }
    }
}
