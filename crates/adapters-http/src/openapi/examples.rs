//! Examples with real data.

use serde_json::{Map, Value};

/// An example of each schema, by its name.
pub(super) fn all() -> Map<String, Value> {
    serde_json::from_str(include_str!("examples.json")).unwrap_or_default()
}
