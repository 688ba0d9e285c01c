//! The id in a path.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use uuid::Uuid;

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
        let id = Uuid::parse_str(request.match_info().query("id"));
        let wrong = |_| Problem::malformed(Fault::parameter("id", "an id is a UUID"));
        ready(id.map(Self).map_err(wrong))
    }
}
