//! An agent of rig with one tool. Nothing in here knows that it is watched.

use rig::prelude::*;
use rig::providers::openai::OpenAIConfig;
use serde::Deserialize;
use serde_json::{Value, json};

/// Answers with the weather of a place; it knows none but Berlin's.
pub struct Weather;

/// What the model asks the tool.
#[derive(Deserialize)]
pub struct Place {
    /// A town.
    place: String,
}

impl Tool for Weather {
    const NAME: &'static str = "weather";
    type Args = Place;
    type Output = String;
    type Error = std::io::Error;

    fn description(&self) -> String {
        "The weather of a place".to_owned()
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": { "place": { "type": "string" } },
            "required": ["place"]
        })
    }

    async fn call(&self, _: &mut ToolContext, asked: Place) -> Result<String, std::io::Error> {
        match asked.place.as_str() {
            "Berlin" => Ok("rain".to_owned()),
            _ => Err(std::io::Error::other("no such place")),
        }
    }
}

/// An agent that talks to an OpenAI-compatible server.
pub fn agent(base_url: &str, key: &str) -> Agent {
    let model = OpenAIConfig::new(key.to_owned()).with_base_url(base_url).client().chat("gpt-4o");
    AgentBuilder::new(model).name("forecaster").tool(Weather).default_max_turns(4).build()
}
