//! `OPENAI_API_KEY=… cargo run`: asks the agent, and sends spans and metrics to Glasshouse.

use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // This is all: the subscriber that it makes knows rig's spans.
    let (_telemetry, _guard) = glasshouse_sdk::configure().service_name("rig-example").start();
    let base_url =
        std::env::var("OPENAI_BASE_URL").unwrap_or_else(|_| "https://api.openai.com/v1".to_owned());
    let agent = rig_example::agent(&base_url, &std::env::var("OPENAI_API_KEY")?);
    println!("{}", agent.prompt("What is the weather in Berlin?").await?.output());
    Ok(())
}
