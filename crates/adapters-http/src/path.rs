//! The id in a path.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use uuid::{Uuid, fmt::Hyphenated};

use crate::problem::{Fault, Problem};

/// The segment `{id}` of the path.
pub(crate) struct PathId(Uuid);

impl PathId {
    /// As the id of the kind of thing that the path names.
    pub(crate) fn of<T>(&self, kind: fn(Uuid) -> T) -> T {
        kind(self.0)
    }
}

impl FromRequest for PathId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = uuid(request.match_info().query("id")).map(Self);
        let wrong = || Problem::malformed(Fault::parameter("id", "an id is a UUID"));
        ready(id.ok_or_else(wrong))
    }
}

/// A UUID in its one usual form, with hyphens and nothing around it: an id has one address.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    let usual = text.len() == Hyphenated::LENGTH;
    usual.then(|| Uuid::parse_str(text).ok()).flatten()
}
