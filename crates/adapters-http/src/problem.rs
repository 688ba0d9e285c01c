//! The one error type of this adapter: a problem as of RFC 9457 (SPEC §5).

mod advice;
mod code;
mod fault;
mod render;
mod storage;

use std::{error::Error, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::display;

pub(crate) use advice::Advice;
pub(crate) use code::{Code, Entry};
pub(crate) use fault::{Fault, child, pointer};

use crate::{language::Language, trail::Known};

/// Why a request failed, as its client is told, and the cause, as the log is told.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    status: StatusCode,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// The problem with this code and its usual status.
    pub(crate) fn new(code: Code) -> Self {
        Self {
            code,
            status: code.entry().status,
            members: Map::new(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// A request that cannot be understood at all: 400.
    pub(crate) fn malformed(fault: Fault) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self {
            status,
            ..Self::invalid([fault])
        }
    }

    /// A request that is understood and wrong: 422.
    pub(crate) fn invalid(faults: impl IntoIterator<Item = Fault>) -> Self {
        let faults: Vec<_> = faults.into_iter().collect();
        Self::new(Code::InvalidRequest).with("errors", faults)
    }

    /// A defect of the server, told to the log only.
    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::InternalError).because(cause)
    }

    /// The problem that an answer with this status stands for, when actix made it and not a handler.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            StatusCode::TOO_MANY_REQUESTS => Code::TooManyRequests,
            StatusCode::SERVICE_UNAVAILABLE => Code::ServiceUnavailable,
            status if status.is_client_error() => {
                let status = StatusCode::BAD_REQUEST;
                return Self {
                    status,
                    ..Self::new(Code::InvalidRequest)
                };
            }
            _ => Code::InternalError,
        };
        Self::new(code)
    }

    /// With an extra member (SPEC §5).
    #[must_use]
    pub(crate) fn with(mut self, member: &str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.members.insert(member.to_owned(), value);
                self
            }
            Err(error) => Self::internal(error),
        }
    }

    /// With header fields, in place of those that go with its status.
    #[must_use]
    pub(crate) fn with_headers(
        mut self,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Self {
        self.headers.extend(headers);
        self
    }

    /// With the error behind it, for the log.
    #[must_use]
    pub(crate) fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What went wrong.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// An extra member, `null` when it has none of this name.
    #[cfg(test)]
    pub(crate) fn member(&self, name: &str) -> Value {
        self.members.get(name).cloned().unwrap_or_default()
    }

    /// What went wrong, for the log: the code and the chain of causes.
    fn story(&self) -> String {
        let mut story = self.code.entry().code.to_owned();
        let mut cause = self.cause.as_deref().map(|cause| cause as &dyn Error);
        while let Some(error) = cause {
            story.push_str(": ");
            story.push_str(&error.to_string());
            cause = error.source();
        }
        story
    }

    /// Tells the log, once: a defect as an error, an unreachable store as a warning. Of an overload the
    /// store itself tells, not each of the thousands that are refused.
    pub(crate) fn log(&self, request_id: &str, known: Known) {
        let user_id = known.user.map(display);
        let reservation_id = known.reservation.map(display);
        if self.code == Code::ServerBusy {
            tracing::debug!(request_id, user_id, reservation_id, problem = %self, "a request was refused");
        } else if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(request_id, user_id, reservation_id, problem = %self, "a request failed");
        } else if self.status.is_server_error() {
            tracing::warn!(request_id, user_id, reservation_id, problem = %self, "a request could not be served");
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.story())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// In English and without a request id: the edge renders it again, knowing both.
    fn error_response(&self) -> HttpResponse {
        self.render(Language::English, None)
    }
}

#[cfg(test)]
mod tests;
