//! Resource and instrumentation scope: what all items under them share.

use crate::protobuf::{Fault, Message, Within as _};

use super::value::{AnyValue, Renderer, cut, read_pair};

/// Where there is no `service.name`.
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

/// The messages of a field, in order. A message that is given in several pieces is as good as one
/// whose bytes are the pieces' bytes one after the other.
pub(crate) fn pieces<'a>(
    mut message: Message<'a>,
    number: u32,
    name: &'static str,
) -> Result<Vec<Message<'a>>, Fault> {
    let mut found = Vec::new();
    while let Some(field) = message.next()? {
        if field.number == number {
            found.push(field.message().within(name)?);
        }
    }
    Ok(found)
}

/// The `attributes` of a resource or a scope.
pub(crate) fn attributes<'a>(
    parts: &[Message<'a>],
    number: u32,
) -> Result<Vec<Message<'a>>, Fault> {
    let mut found = Vec::new();
    for part in parts {
        found.extend(pieces(*part, number, "attributes")?);
    }
    Ok(found)
}

impl Resource {
    /// Reads the `resource` of a `ResourceSpans`, `ResourceLogs` or `ResourceMetrics`; calls
    /// `visit` with each attribute.
    pub(crate) fn read<'a>(
        container: Message<'a>,
        renderer: &mut Renderer<'_>,
        name_bytes_max: usize,
        mut visit: impl FnMut(&str, &AnyValue<'a>) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        let pairs = attributes(&pieces(container, 1, "resource")?, 1).within("resource")?;
        let mut resource = Self { service_name: UNKNOWN_SERVICE.to_owned(), json: String::new() };
        for pair in &pairs {
            let (key, value) = read_pair(*pair).within("attributes").within("resource")?;
            if key == "service.name"
                && let AnyValue::Text(name) = &value
                && !name.is_empty()
            {
                cut(name, name_bytes_max).clone_into(&mut resource.service_name);
            }
            visit(&key, &value)?;
        }
        renderer.push_object(&mut resource.json, pairs).within("attributes").within("resource")?;
        Ok(resource)
    }
}

impl Scope {
    /// Reads the `scope` of a `ScopeSpans`, `ScopeLogs` or `ScopeMetrics`.
    pub(crate) fn read(container: Message<'_>, renderer: &mut Renderer<'_>) -> Result<Self, Fault> {
        let parts = pieces(container, 1, "scope")?;
        let mut scope = Self::default();
        for part in &parts {
            let mut part = *part;
            while let Some(field) = part.next().within("scope")? {
                match field.number {
                    1 => renderer
                        .name(&field.text().within("name").within("scope")?)
                        .clone_into(&mut scope.name),
                    2 => renderer
                        .name(&field.text().within("version").within("scope")?)
                        .clone_into(&mut scope.version),
                    _ => {}
                }
            }
        }
        let pairs = attributes(&parts, 3).within("scope")?;
        if !pairs.is_empty() {
            renderer.push_object(&mut scope.json, pairs).within("attributes").within("scope")?;
        }
        Ok(scope)
    }
}
