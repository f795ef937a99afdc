//! Decodes resources and instrumentation scopes.

use crate::Limits;
use crate::protobuf::{Fault, Message, Within as _};

pub(crate) use super::bounded_messages::BoundedMessages;
use super::value::{AnyValue, Renderer, cut, read_pair};

/// The service name without `service.name`.
pub(crate) const UNKNOWN_SERVICE: &str = "unknown_service";

/// A `Resource`.
#[derive(Debug, Default)]
pub(crate) struct Resource {
    pub(crate) service_name: String,
    /// JSON object of all attributes.
    pub(crate) json: String,
}

/// An `InstrumentationScope`.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) name: String,
    pub(crate) version: String,
    /// JSON object of the attributes; empty when there are none.
    pub(crate) json: String,
}

/// Maximum fragments of a resource or scope; senders use one.
const PIECES_MAX: usize = 16;

/// The messages of a field, in order. In protobuf, a message split into several fields is
/// equivalent to the concatenation of their bytes.
pub(crate) fn pieces<'a>(
    mut message: Message<'a>,
    number: u32,
    name: &'static str,
) -> Result<Vec<Message<'a>>, Fault> {
    let mut found = Vec::new();
    while let Some(field) = message.next()? {
        if field.number == number {
            let piece = field.message().within(name)?;
            if found.len() < PIECES_MAX {
                found.push(piece);
            }
        }
    }
    Ok(found)
}

/// Calls `visit` with each of the `attributes` of a resource or a scope.
pub(crate) fn each_attribute<'a>(
    parts: &[Message<'a>],
    number: u32,
    mut visit: impl FnMut(Message<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for part in parts {
        let mut part = *part;
        while let Some(field) = part.next()? {
            if field.number == number {
                field.message().and_then(&mut visit).within("attributes")?;
            }
        }
    }
    Ok(())
}

impl Resource {
    /// Parses the `resource` of a `ResourceSpans`, `ResourceLogs` or `ResourceMetrics`; calls
    /// `visit` with each attribute.
    pub(crate) fn read<'a>(
        container: Message<'a>,
        renderer: &mut Renderer<'_>,
        limits: &Limits,
        mut visit: impl FnMut(&str, &AnyValue<'a>) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        let parts = pieces(container, 1, "resource")?;
        let mut kept = BoundedMessages::default();
        let mut resource = Self { service_name: UNKNOWN_SERVICE.to_owned(), json: String::new() };
        each_attribute(&parts, 1, |pair| {
            let (key, value) = read_pair(pair)?;
            if key == "service.name"
                && let AnyValue::Text(name) = &value
                && !name.is_empty()
            {
                cut(name, limits.name_bytes_max).clone_into(&mut resource.service_name);
            }
            kept.push_attribute(pair, limits.attributes_max);
            visit(&key, &value)
        })
        .within("resource")?;
        renderer
            .push_whole_object(&mut resource.json, &kept)
            .within("attributes")
            .within("resource")?;
        Ok(resource)
    }
}

impl Scope {
    /// Parses the `scope` of a `ScopeSpans`, `ScopeLogs` or `ScopeMetrics`.
    pub(crate) fn read(
        container: Message<'_>,
        renderer: &mut Renderer<'_>,
        limits: &Limits,
    ) -> Result<Self, Fault> {
        let parts = pieces(container, 1, "scope")?;
        let mut scope = Self::default();
        for part in &parts {
            let mut part = *part;
            while let Some(field) = part.next().within("scope")? {
                match field.number {
                    1 => {
                        let name = field.text().within("name").within("scope")?;
                        cut(&name, limits.name_bytes_max).clone_into(&mut scope.name);
                    }
                    2 => {
                        let version = field.text().within("version").within("scope")?;
                        cut(&version, limits.name_bytes_max).clone_into(&mut scope.version);
                    }
                    _ => {}
                }
            }
        }
        let mut kept = BoundedMessages::default();
        each_attribute(&parts, 3, |pair| {
            kept.push_attribute(pair, limits.attributes_max);
            Ok(())
        })
        .within("scope")?;
        if !kept.messages.is_empty() {
            renderer
                .push_whole_object(&mut scope.json, &kept)
                .within("attributes")
                .within("scope")?;
        }
        Ok(scope)
    }
}
