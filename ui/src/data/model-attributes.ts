/** The attributes of a model call, by the names of several conventions; the first that a span has is read. */
export const MODEL_ATTRIBUTES = {
  operation: ["gen_ai.operation.name", "traceloop.span.kind", "openinference.span.kind"],
  model: ["gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "alex.llm.model"],
  provider: ["gen_ai.provider.name", "gen_ai.system", "llm.provider"],
  tool: ["gen_ai.tool.name", "tool.name", "alex.tool_name"],
  inputTokens: ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"],
  outputTokens: [
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
  ],
  cost: ["gen_ai.usage.cost", "gen_ai.cost", "llm.cost.total", "alex.cost"],
  finish: ["gen_ai.response.finish_reasons"],
} as const;

/** Operations of agents and tools, which name a model too, but are no calls of it. */
export const NO_MODEL_CALL = /agent|tool|chain|workflow|task/i;
