//! The queue, as those in it see it.

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::queue::{
    JoinError, LeaveError, NotAdmitted, Pass, Queue, QueueStatus, QueueView, TokenRefusal,
};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

pub(crate) mod events;

use crate::{
    auth::{InQueue, UserAuth, Visitor},
    moment::Moment,
    problem::{Code, Problem},
    token::Tokens,
};

const ME: &str = "/v1/queue/tokens/me";

/// A place in the queue (SPEC §4).
#[derive(Serialize, ToSchema)]
#[schema(as = QueueState)]
struct StateView {
    status: Status,
    /// While waiting: the number in the line, 1 is next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    position: Option<u64>,
    /// While waiting: how many come before.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead: Option<u64>,
    /// While waiting: how many wait in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_total: Option<u64>,
    /// While waiting: how long it may take, as far as anyone knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    estimated_wait_seconds: Option<i64>,
    /// While waiting: when to ask again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    poll_after_ms: Option<i64>,
    entered_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    activated_at: Option<Moment>,
    expires_at: Moment,
    /// The queue token, told by the calls that take one.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// How far a queue token has come.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = QueueStatus)]
enum Status {
    Waiting,
    Active,
    Expired,
}

impl StateView {
    /// A token without a place in the line.
    fn of(pass: &Pass, status: Status, expires_at: OffsetDateTime) -> Self {
        Self {
            status,
            position: None,
            ahead: None,
            waiting_total: None,
            estimated_wait_seconds: None,
            poll_after_ms: None,
            entered_at: Moment(pass.entered_at),
            activated_at: None,
            expires_at: Moment(expires_at),
            token: None,
        }
    }
}

/// Only those who wait are told of their place (rule 6).
fn state(view: &QueueView) -> StateView {
    match view.status {
        QueueStatus::Waiting(place) => StateView {
            position: Some(place.ahead.saturating_add(1)),
            ahead: Some(place.ahead),
            waiting_total: Some(place.total),
            estimated_wait_seconds: place.estimated_wait.map(seconds),
            poll_after_ms: Some(millis(place.poll_after)),
            ..StateView::of(&view.pass, Status::Waiting, view.pass.waiting_until)
        },
        QueueStatus::Active { since, until } => StateView {
            activated_at: Some(Moment(since)),
            ..StateView::of(&view.pass, Status::Active, until)
        },
    }
}

/// The queue state with the token that stands there.
fn state_with_token(view: &QueueView, tokens: &Tokens) -> Result<StateView, Problem> {
    let token = tokens.queue(&view.pass).map_err(Problem::internal)?;
    Ok(StateView {
        token: Some(token),
        ..state(view)
    })
}

/// Whole seconds, rounded up: nobody is promised a turn too early.
fn seconds(wait: Duration) -> i64 {
    wait.whole_seconds() + i64::from(wait.subsec_nanoseconds() > 0)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.whole_milliseconds()).unwrap_or(i64::MAX)
}

/// Take a place in the queue
#[utoipa::path(
    post,
    path = "/v1/queue/tokens",
    tag = "queue",
    responses((status = 201, description = "The place, with the queue token", body = StateView, headers(("Location" = String, description = "Where it can be read")))),
    extensions(("x-problems" = json!(["user_not_found", "queue_token_exists"])))
)]
pub(crate) async fn issue(
    user: UserAuth,
    queue: Data<dyn Queue>,
    tokens: Data<Tokens>,
) -> Result<HttpResponse, Problem> {
    let issued = queue.issue(user.0).await;
    let view = issued.map_err(|error| not_issued(error, &tokens))?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, ME))
        .json(state_with_token(&view, &tokens)?))
}

/// Take a place in the queue, or report the one there is
#[utoipa::path(
    post,
    path = "/v1/queue/check",
    tag = "queue",
    responses((status = 200, description = "The place there is, with its token", body = StateView), (status = 201, description = "A new place, with its token", body = StateView, headers(("Location" = String, description = "Where it can be read")))),
    extensions(("x-problems" = json!(["user_not_found", "queue_token_exists"])))
)]
pub(crate) async fn check(
    visitor: Visitor,
    queue: Data<dyn Queue>,
    tokens: Data<Tokens>,
) -> Result<HttpResponse, Problem> {
    let checked = queue.check(visitor.user, visitor.pass).await;
    let checked = checked.map_err(|error| not_issued(error, &tokens))?;
    let mut response = if checked.issued {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    if checked.issued {
        response.insert_header((LOCATION, ME));
    }
    Ok(response.json(state_with_token(&checked.view, &tokens)?))
}

/// Where do I stand
#[utoipa::path(
    get,
    path = "/v1/queue/tokens/me",
    tag = "queue",
    responses((status = 200, description = "The place", body = StateView))
)]
pub(crate) async fn look(
    InQueue(pass): InQueue,
    queue: Data<dyn Queue>,
) -> Result<HttpResponse, Problem> {
    let view = queue.look(pass).await?;
    Ok(HttpResponse::Ok().json(state(&view)))
}

/// Leave the queue
#[utoipa::path(
    delete,
    path = "/v1/queue/tokens/me",
    tag = "queue",
    responses((status = 204, description = "The place is given up"))
)]
pub(crate) async fn leave(
    InQueue(pass): InQueue,
    queue: Data<dyn Queue>,
) -> Result<HttpResponse, Problem> {
    queue.leave(pass).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The database says that the token of `pass` waits although this process saw it admitted: the
/// refusal, with the place in the line if it is known by now.
pub(crate) async fn not_active(queue: &dyn Queue, pass: Pass) -> Problem {
    match queue.look(pass).await {
        Ok(view) => still_waiting(&view),
        Err(_) => Problem::new(Code::QueueTokenNotActive),
    }
}

fn still_waiting(view: &QueueView) -> Problem {
    Problem::new(Code::QueueTokenNotActive).with("queue", state(view))
}

fn not_issued(error: JoinError, tokens: &Tokens) -> Problem {
    match error {
        JoinError::UserNotFound => Problem::new(Code::UserNotFound),
        JoinError::TokenExists(view) => match state_with_token(&view, tokens) {
            Ok(state) => Problem::new(Code::QueueTokenExists).with("queue", state),
            Err(problem) => problem,
        },
        JoinError::Storage(error) => error.into(),
    }
}

impl From<TokenRefusal> for Problem {
    fn from(refusal: TokenRefusal) -> Self {
        Self::new(match refusal {
            TokenRefusal::Waiting => Code::QueueTokenNotActive,
            TokenRefusal::Ended => Code::QueueTokenExpired,
        })
    }
}

impl From<NotAdmitted> for Problem {
    fn from(refusal: NotAdmitted) -> Self {
        match refusal {
            NotAdmitted::Waiting(view) => still_waiting(&view),
            NotAdmitted::Ended => Self::new(Code::QueueTokenExpired),
        }
    }
}

impl From<LeaveError> for Problem {
    fn from(error: LeaveError) -> Self {
        match error {
            LeaveError::Ended => Self::new(Code::QueueTokenExpired),
            LeaveError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
