//! Calling a date off, and how far its refunds have come.

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::{
    cancellation::{Cancellation, CancellationError, Cancellations},
    catalogue::ShortText,
    id::ScheduleId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::text;
use crate::{
    auth::Operator,
    body::{Body, optional_text_schema},
    moment::Moment,
    path::PathId,
    problem::{Code, Problem},
};

/// The body of `POST /v1/admin/schedules/{id}/cancellation`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCancellation {
    /// For those who had seats.
    #[schema(schema_with = optional_text_schema)]
    reason: Option<String>,
}

/// How far the refunds of a date that was called off have come.
#[derive(Serialize, ToSchema)]
#[schema(as = Cancellation)]
struct CancellationView<'a> {
    schedule_id: Uuid,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    refunded: u64,
    remaining: u64,
    amount_refunded: i64,
    started_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Moment>,
}

/// Whether all refunds are done.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CancellationStatus)]
enum Status {
    Running,
    Done,
}

impl<'a> From<&'a Cancellation> for CancellationView<'a> {
    fn from(cancellation: &'a Cancellation) -> Self {
        let status = match cancellation.finished_at {
            Some(_) => Status::Done,
            None => Status::Running,
        };
        Self {
            schedule_id: cancellation.schedule_id.get(),
            status,
            reason: cancellation.reason.as_ref().map(ShortText::as_str),
            refunded: cancellation.refunded,
            remaining: cancellation.remaining,
            amount_refunded: cancellation.amount_refunded.get(),
            started_at: Moment(cancellation.started_at),
            finished_at: cancellation.finished_at.map(Moment),
        }
    }
}

/// Call a date off
///
/// The refunds go on when this is answered; who asks again is told how far they are.
#[utoipa::path(
    post,
    path = "/v1/admin/schedules/{id}/cancellation",
    tag = "operator",
    responses((status = 202, description = "The date is called off", body = CancellationView, headers(("Location" = String, description = "How far its refunds are")))),
    extensions(("x-problems" = json!(["schedule_not_found"])))
)]
pub(crate) async fn call_off(
    Operator(operator): Operator,
    id: PathId,
    cancellations: Data<dyn Cancellations>,
    Body(wish): Body<NewCancellation>,
) -> Result<HttpResponse, Problem> {
    let reason = wish.reason.as_deref();
    let reason = reason.map(|reason| text("/reason", reason)).transpose();
    let reason = reason.map_err(|fault| Problem::invalid([fault]))?;
    let begun = cancellations.call_off(operator, id.of(ScheduleId::new), reason);
    let begun = begun.await?;
    let progress = format!("/v1/admin/schedules/{}/cancellation", begun.schedule_id);
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, progress))
        .json(CancellationView::from(&begun)))
}

/// How far the refunds of a date that was called off have come
#[utoipa::path(
    get,
    path = "/v1/admin/schedules/{id}/cancellation",
    tag = "operator",
    responses((status = 200, description = "How far they are", body = CancellationView)),
    extensions(("x-problems" = json!(["schedule_not_found"])))
)]
pub(crate) async fn progress(
    _: Operator,
    id: PathId,
    cancellations: Data<dyn Cancellations>,
) -> Result<HttpResponse, Problem> {
    let found = cancellations.progress(id.of(ScheduleId::new)).await?;
    Ok(HttpResponse::Ok().json(CancellationView::from(&found)))
}

impl From<CancellationError> for Problem {
    fn from(error: CancellationError) -> Self {
        match error {
            CancellationError::ScheduleNotFound => Self::new(Code::ScheduleNotFound),
            CancellationError::NotCancelled => Self::new(Code::NotFound),
            CancellationError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
