//! What exactly is wrong with a request: the items of `errors`.

use serde::Serialize;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fault {
    #[serde(flatten)]
    place: Place,
    detail: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    /// In the body, as a JSON pointer (RFC 6901).
    Pointer(String),
    /// In the path or the query.
    Parameter(String),
    /// A header.
    Header(&'static str),
}

impl Fault {
    /// Something in the body, at the JSON pointer `pointer`; empty is the body itself.
    pub(crate) fn at(pointer: impl Into<String>, detail: &(impl ToString + ?Sized)) -> Self {
        Self::new(Place::Pointer(pointer.into()), detail)
    }

    /// A parameter of the path or the query.
    pub(crate) fn parameter(name: &str, detail: &(impl ToString + ?Sized)) -> Self {
        Self::new(Place::Parameter(name.to_owned()), detail)
    }

    /// A header.
    pub(crate) fn header(name: &'static str, detail: &(impl ToString + ?Sized)) -> Self {
        Self::new(Place::Header(name), detail)
    }

    fn new(place: Place, detail: &(impl ToString + ?Sized)) -> Self {
        let detail = detail.to_string();
        Self { place, detail }
    }
}

/// The JSON pointer to `child` of what `parent` points to.
pub(crate) fn child(parent: &str, child: &(impl ToString + ?Sized)) -> String {
    let escaped = child.to_string().replace('~', "~0").replace('/', "~1");
    format!("{parent}/{escaped}")
}

/// The JSON pointer to where serde was.
pub(crate) fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .fold(String::new(), |parent, segment| match segment {
            Segment::Seq { index } => child(&parent, index),
            Segment::Map { key } => child(&parent, key),
            Segment::Enum { variant } => child(&parent, variant),
            Segment::Unknown => parent,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fault_names_its_place_and_what_is_wrong_there() {
        let shown = |fault: Fault| serde_json::to_value(fault).unwrap();
        assert_eq!(
            shown(Fault::at("/seat_numbers/0", "too low")),
            json!({"pointer": "/seat_numbers/0", "detail": "too low"})
        );
        assert_eq!(
            shown(Fault::parameter("limit", "too high")),
            json!({"parameter": "limit", "detail": "too high"})
        );
        assert_eq!(
            shown(Fault::header("Idempotency-Key", "empty")),
            json!({"header": "Idempotency-Key", "detail": "empty"})
        );
    }

    #[test]
    fn pointers_escape_what_rfc_6901_reserves() {
        assert_eq!(child("/a", "b/c~d"), "/a/b~1c~0d");
        assert_eq!(child("", &0), "/0");
    }
}
