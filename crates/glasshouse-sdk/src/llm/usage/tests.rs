//! Usage objects of providers, as tables.

use serde_json::json;

use super::*;

fn usage(input: u64, output: u64, read: u64, write: u64, reasoning: u64) -> Usage {
    Usage {
        input_tokens: input,
        output_tokens: output,
        cache_read_tokens: read,
        cache_write_tokens: write,
        reasoning_tokens: reasoning,
    }
}

#[test]
fn usage_of_openai_and_its_likes_is_inclusive() {
    for (object, expected) in [
        (json!({ "prompt_tokens": 10, "completion_tokens": 5 }), Some(usage(10, 5, 0, 0, 0))),
        (
            json!({
                "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
                "prompt_tokens_details": { "cached_tokens": 4, "audio_tokens": 0 },
                "completion_tokens_details": { "reasoning_tokens": 3 }
            }),
            Some(usage(10, 5, 4, 0, 3)),
        ),
        // The responses API.
        (
            json!({
                "input_tokens": 10, "input_tokens_details": { "cached_tokens": 4 },
                "output_tokens": 5, "output_tokens_details": { "reasoning_tokens": 3 }
            }),
            Some(usage(10, 5, 4, 0, 3)),
        ),
        // Embeddings have no output.
        (json!({ "prompt_tokens": 8, "total_tokens": 8 }), Some(usage(8, 0, 0, 0, 0))),
        // Deepseek's keys.
        (
            json!({ "prompt_tokens": 10, "completion_tokens": 1, "prompt_cache_hit_tokens": 6 }),
            Some(usage(10, 1, 6, 0, 0)),
        ),
        // xAI counts reasoning separately from output: visible only in the total.
        (
            json!({
                "prompt_tokens": 10, "completion_tokens": 50, "total_tokens": 90,
                "completion_tokens_details": { "reasoning_tokens": 30 }
            }),
            Some(usage(10, 80, 0, 0, 30)),
        ),
        // Parts that exceed the total were counted separately.
        (
            json!({
                "prompt_tokens": 10, "completion_tokens": 5,
                "prompt_tokens_details": { "cached_tokens": 90 },
                "completion_tokens_details": { "reasoning_tokens": 30 }
            }),
            Some(usage(100, 35, 90, 0, 30)),
        ),
        (json!({ "prompt_tokens": -1, "completion_tokens": "5" }), None),
        (json!({ "prompt_tokens": u64::MAX, "completion_tokens": 1 }), Some(usage(0, 1, 0, 0, 0))),
        (json!({ "prompt_tokens": 1, "prompt_tokens_details": 7 }), Some(usage(1, 0, 0, 0, 0))),
        (json!({}), None),
        (json!(null), None),
        (json!([1, 2]), None),
    ] {
        assert_eq!(Usage::from_openai(&object), expected, "{object}");
    }
}

#[test]
fn usage_of_anthropic_is_made_inclusive() {
    for (object, expected) in [
        (json!({ "input_tokens": 10, "output_tokens": 5 }), Some(usage(10, 5, 0, 0, 0))),
        (
            json!({
                "input_tokens": 10, "output_tokens": 5,
                "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 200
            }),
            Some(usage(1210, 5, 1000, 200, 0)),
        ),
        // The last event of a stream.
        (json!({ "output_tokens": 5 }), Some(usage(0, 5, 0, 0, 0))),
        (json!({ "input_tokens": 1, "cache_read_input_tokens": null }), Some(usage(1, 0, 0, 0, 0))),
        (json!("none"), None),
    ] {
        assert_eq!(Usage::from_anthropic(&object), expected, "{object}");
    }
}

#[test]
fn sums_do_not_overflow() {
    let most = usage(u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX);
    assert_eq!(most.total_tokens(), u64::MAX);
    assert_eq!(most.fresh_input_tokens(), 0);
    assert_eq!(usage(10, 0, 4, 3, 0).fresh_input_tokens(), 3);
}
