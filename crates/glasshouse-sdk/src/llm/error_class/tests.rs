//! Classes of errors, as tables.

use super::*;

#[test]
fn every_class_rolls_up_to_one_of_the_six() {
    let six = ["rate_limit", "auth", "network", "timeout", "invalid_request", "unknown"];
    for class in ErrorClass::ALL {
        let rolled_up = class.rolled_up();
        assert!(six.contains(&rolled_up.as_str()), "{class} -> {rolled_up}");
        assert_eq!(rolled_up.rolled_up(), rolled_up, "{class}");
    }
    for (class, rolled_up) in [
        (ErrorClass::Quota, "rate_limit"),
        (ErrorClass::Permission, "auth"),
        (ErrorClass::ContextLength, "invalid_request"),
        (ErrorClass::NotFound, "invalid_request"),
        (ErrorClass::Overloaded, "unknown"),
        (ErrorClass::Cancelled, "unknown"),
    ] {
        assert_eq!(class.rolled_up().as_str(), rolled_up);
    }
}

#[test]
fn a_refusal_is_classified_by_code_then_message_then_status() {
    let long = "context length ".repeat(1 << 16);
    for (status, codes, message, class) in [
        (Some(429), &["rate_limit_exceeded"][..], "", "rate_limit"),
        (Some(429), &["insufficient_quota"], "", "quota"),
        (Some(429), &[], "", "rate_limit"),
        (Some(402), &[], "", "quota"),
        // OpenAI uses the same type with several statuses.
        (Some(401), &["invalid_request_error"], "", "auth"),
        (Some(401), &["invalid_api_key", "invalid_request_error"], "", "auth"),
        (Some(400), &["context_length_exceeded", "invalid_request_error"], "", "context_length"),
        (Some(400), &["invalid_request_error"], "prompt is too long: 9 > 8", "context_length"),
        (Some(400), &["invalid_request_error"], &long, "context_length"),
        (Some(400), &[], "blocked by our content management policy", "content_filter"),
        (Some(400), &["content_filter"], "", "content_filter"),
        (Some(400), &["BadRequestError"], "", "invalid_request"),
        (Some(403), &[], "context length", "permission"),
        (Some(404), &["model_not_found"], "", "not_found"),
        (Some(408), &[], "", "timeout"),
        (Some(413), &[], "", "invalid_request"),
        (Some(499), &[], "", "cancelled"),
        (Some(500), &["server_error"], "", "server_error"),
        (Some(503), &[], "", "overloaded"),
        (Some(504), &[], "", "timeout"),
        (Some(529), &["overloaded_error"], "", "overloaded"),
        (Some(599), &[], "", "server_error"),
        (Some(200), &[], "", "unknown"),
        (Some(600), &["nothing known"], "", "unknown"),
        // Without a status: exceptions of SDKs and proxies, errors in streams.
        (None, &["ThrottlingException"], "", "rate_limit"),
        (None, &["RESOURCE_EXHAUSTED"], "", "rate_limit"),
        (None, &["Timeout"], "", "timeout"),
        (None, &["APIConnectionError"], "", "network"),
        (None, &["server_error"], "", "server_error"),
        (None, &["", "ContextWindowExceededError"], "", "context_length"),
        (None, &[], "", "unknown"),
        (None, &["ä\0\u{10ffff}"], "\0", "unknown"),
    ] {
        let found = ErrorClass::classify(status, codes, message);
        assert_eq!(
            found.as_str(),
            class,
            "{status:?} {codes:?} {}",
            &message[..message.len().min(40)]
        );
    }
}

#[test]
fn tables_of_codes_are_folded_and_without_doubles() {
    let mut seen = std::collections::BTreeSet::new();
    for (code, _) in SPECIFIC.iter().chain(GENERAL) {
        assert_eq!(folded(code), *code);
        assert!(seen.insert(code), "{code} is there twice");
        assert!(code.len() <= CODE_BYTES_MAX);
    }
}

#[test]
fn errors_of_transport_and_format_are_found_in_the_chain_of_sources() {
    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Box<dyn std::error::Error + Send + Sync>);

    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
    let malformed = serde_json::from_str::<u8>("x").expect_err("malformed");
    for (error, class) in [
        (Outer(Box::new(refused)), ErrorClass::Network),
        (Outer(Box::new(Outer(Box::new(late)))), ErrorClass::Timeout),
        (Outer(Box::new(malformed)), ErrorClass::Parse),
        (Outer("anything".into()), ErrorClass::Unknown),
    ] {
        assert_eq!(ErrorClass::from_error(&error), class);
    }
}
