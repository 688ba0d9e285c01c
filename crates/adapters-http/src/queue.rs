//! The queue, as those in it see it.

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::queue::{
    JoinError, LeaveError, NotAdmitted, Pass, Queue, QueueStatus, QueueView, TokenRefusal,
};
use serde::Serialize;
use time::Duration;

mod events;

pub(crate) use events::events;

use crate::{
    auth::{InQueue, UserAuth, Visitor},
    moment::Moment,
    problem::{Code, Problem},
    token::Tokens,
};

const ME: &str = "/v1/queue/tokens/me";

/// The queue state of SPEC §4.
#[derive(Serialize)]
struct StateView {
    status: &'static str,
    #[serde(flatten)]
    place: Option<PlaceView>,
    entered_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    activated_at: Option<Moment>,
    expires_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// What only those who wait are told (rule 6).
#[derive(Serialize)]
struct PlaceView {
    position: u64,
    ahead: u64,
    waiting_total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_wait_seconds: Option<i64>,
    poll_after_ms: i64,
}

fn state(view: &QueueView) -> StateView {
    let entered_at = Moment(view.pass.entered_at);
    match view.status {
        QueueStatus::Waiting(place) => StateView {
            status: "waiting",
            place: Some(PlaceView {
                position: place.ahead.saturating_add(1),
                ahead: place.ahead,
                waiting_total: place.total,
                estimated_wait_seconds: place.estimated_wait.map(seconds),
                poll_after_ms: millis(place.poll_after),
            }),
            entered_at,
            activated_at: None,
            expires_at: Moment(view.pass.waiting_until),
            token: None,
        },
        QueueStatus::Active { since, until } => StateView {
            status: "active",
            place: None,
            entered_at,
            activated_at: Some(Moment(since)),
            expires_at: Moment(until),
            token: None,
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

/// `POST /v1/queue/tokens`
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

/// `POST /v1/queue/check`
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

/// `GET /v1/queue/tokens/me`
pub(crate) async fn look(
    InQueue(pass): InQueue,
    queue: Data<dyn Queue>,
) -> Result<HttpResponse, Problem> {
    let view = queue.look(pass).await?;
    Ok(HttpResponse::Ok().json(state(&view)))
}

/// `DELETE /v1/queue/tokens/me`
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
