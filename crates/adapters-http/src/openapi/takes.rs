//! What the arguments of handlers take, and how that is refused.

use actix_web::{
    HttpRequest,
    web::{Data, Path},
};
use serde_json::json;
use utoipa::ToSchema;

use super::Operation;
use crate::{
    auth::{Admitted, AtDoor, InQueue, MaySignUp, Operator, UserAuth, Visitor},
    body::Body,
    coding::Accepted,
    etag::Known,
    event_feed::{self, After},
    idempotency::KeyHeader,
    language::Language,
    page::{self, Cursor, Paging},
    path::PathId,
    problem::Code,
    reservations::Terms,
    seat_map::{ByDate, BySchedule, SeatView, VERSION},
    trail::Trail,
};

/// An argument of a handler.
pub(crate) trait Takes {
    /// Tells what it takes, and how it can refuse that.
    fn tell(operation: &mut Operation);
}

/// A handler, by its arguments.
pub(crate) trait Told<Arguments> {
    /// What all of them take.
    fn operation(&self) -> Operation;
}

macro_rules! handlers {
    ($(($($argument:ident)*))+) => {$(
        impl<Handler, Answer, $($argument: Takes),*> Told<($($argument,)*)> for Handler
        where
            Handler: Fn($($argument),*) -> Answer,
        {
            fn operation(&self) -> Operation {
                #[allow(unused_mut, reason = "a handler may take nothing")]
                let mut operation = Operation::default();
                $($argument::tell(&mut operation);)*
                operation
            }
        }
    )+};
}

handlers! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }

impl<T: ?Sized> Takes for Data<T> {
    fn tell(_: &mut Operation) {}
}

impl Takes for HttpRequest {
    fn tell(_: &mut Operation) {}
}

impl Takes for Language {
    fn tell(_: &mut Operation) {}
}

impl Takes for Terms {
    fn tell(_: &mut Operation) {}
}

impl Takes for Trail {
    fn tell(_: &mut Operation) {}
}

impl Takes for Accepted {
    fn tell(_: &mut Operation) {}
}

const ACCESS: &str = "access_token";
const QUEUE: &str = "queue_token";
const OPERATOR: &str = "operator_key";

impl Takes for UserAuth {
    fn tell(operation: &mut Operation) {
        operation.proofs(&[ACCESS]);
        operation.fails(&[Code::TokenMissing, Code::TokenInvalid]);
    }
}

impl Takes for InQueue {
    fn tell(operation: &mut Operation) {
        operation.proofs(&[QUEUE]);
        operation.fails(&[
            Code::TokenMissing,
            Code::TokenInvalid,
            Code::QueueTokenExpired,
        ]);
    }
}

impl Takes for Visitor {
    fn tell(operation: &mut Operation) {
        operation.proofs(&[ACCESS]);
        InQueue::tell(operation);
    }
}

impl Takes for AtDoor {
    fn tell(operation: &mut Operation) {
        InQueue::tell(operation);
        operation.fails(&[Code::QueueTokenNotActive]);
    }
}

impl Takes for Admitted {
    fn tell(operation: &mut Operation) {
        AtDoor::tell(operation);
    }
}

impl Takes for Operator {
    fn tell(operation: &mut Operation) {
        operation.proofs(&[OPERATOR]);
        operation.fails(&[Code::TokenMissing, Code::Forbidden]);
    }
}

impl Takes for MaySignUp {
    fn tell(operation: &mut Operation) {
        operation.proofs(&[""]);
        Operator::tell(operation);
    }
}

impl<T: ToSchema> Takes for Body<T> {
    fn tell(operation: &mut Operation) {
        operation.body::<T>();
        operation.misreads();
        operation.fails(&[
            Code::InvalidRequest,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
        ]);
    }
}

impl Takes for PathId {
    fn tell(operation: &mut Operation) {
        let schema = json!({"type": "string", "format": "uuid"});
        operation.parameter("path", "id", "Which", &schema);
        operation.misreads();
        operation.fails(&[Code::NotFound]);
    }
}

/// The code of a problem, the only text in a path.
impl Takes for Path<String> {
    fn tell(operation: &mut Operation) {
        let codes: Vec<_> = Code::ALL.iter().map(|code| code.entry().code).collect();
        let schema = json!({"type": "string", "enum": codes});
        operation.parameter("path", "code", "The code of a problem", &schema);
        operation.fails(&[Code::NotFound]);
    }
}

/// A part of a page.
impl Takes for Path<(String,)> {
    fn tell(operation: &mut Operation) {
        let schema = json!({"type": "string", "pattern": "^[a-z0-9-]+[.][a-z]+$"});
        operation.parameter("path", "file", "Which", &schema);
        operation.fails(&[Code::NotFound]);
    }
}

/// A part of a page, in a folder.
impl Takes for Path<(String, String)> {
    fn tell(operation: &mut Operation) {
        let schema = json!({"type": "string", "pattern": "^[a-z0-9]+$"});
        operation.parameter("path", "folder", "Of what", &schema);
        Path::<(String,)>::tell(operation);
    }
}

impl<C: Cursor> Takes for Paging<C> {
    fn tell(operation: &mut Operation) {
        let limit = json!({
            "type": "integer", "minimum": 1, "maximum": page::MOST, "default": page::USUAL,
        });
        operation.parameter("query", "limit", "How many items at most", &limit);
        let about = "The `next_cursor` of the page before";
        operation.parameter("query", "cursor", about, &C::schema());
        operation.misreads();
        operation.header(
            200,
            "Link",
            "The next page, if there is one, with `rel=\"next\"`",
        );
    }
}

impl Takes for After {
    fn tell(operation: &mut Operation) {
        let position = json!({
            "type": "integer", "minimum": 0, "maximum": 999_999_999_999_999_999_u64, "default": 0,
        });
        let about = "The `next` of the page before";
        operation.parameter("query", "after", about, &position);
        let limit = json!({
            "type": "integer", "minimum": 1, "maximum": event_feed::MOST, "default": event_feed::USUAL,
        });
        operation.parameter("query", "limit", "How many events at most", &limit);
        operation.misreads();
    }
}

impl Takes for KeyHeader {
    fn tell(operation: &mut Operation) {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 255});
        let about = "Of your choice, one for each deed: the same key and body again have no further effect and get the same answer";
        operation.parameter("header", "Idempotency-Key", about, &schema);
        operation.misreads();
        operation.fails(&[Code::IdempotencyKeyReused]);
        let replayed = "`true`: this was done before, by a request with the same key";
        operation.header(201, "Idempotent-Replayed", replayed);
    }
}

impl Takes for Known {
    fn tell(operation: &mut Operation) {
        let about = "The `ETag` of what you have";
        operation.parameter("header", "If-None-Match", about, &json!({"type": "string"}));
        operation.is_conditional();
    }
}

fn status(operation: &mut Operation) {
    let schema = json!({"type": "string", "enum": ["available", "held", "sold"]});
    operation.parameter(
        "query",
        "status",
        "Shows only seats with this status",
        &schema,
    );
    operation.misreads();
    // Its list of seats is spliced into a seat map.
    operation.mentions::<SeatView>();
}

impl Takes for BySchedule {
    fn tell(operation: &mut Operation) {
        status(operation);
        let schema = json!({"type": "string", "pattern": VERSION});
        let about = "The `version` of an earlier answer for the same date: shows only what has changed since. Goes without `status`; a version that the date has never had is refused";
        operation.parameter("query", "since", about, &schema);
    }
}

impl Takes for ByDate {
    fn tell(operation: &mut Operation) {
        let schema = json!({"type": "string", "format": "date"});
        operation.parameter("query", "date", "The day at the venue", &schema);
        status(operation);
    }
}
