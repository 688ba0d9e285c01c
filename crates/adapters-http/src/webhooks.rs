//! Where events are sent to: the operator's webhook endpoints.

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{
    events::{
        EndpointReport, EndpointState, EventKind, Events, RedeliverError, RegisterError, Secret,
        WebhookError,
    },
    id::{EndpointId, EventId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    auth::Operator,
    body::Body,
    moment::Moment,
    page::items,
    path::PathId,
    problem::{Code, Fault, Problem, child},
};

/// The body of `POST /v1/admin/webhooks`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    url: String,
    events: Option<Vec<String>>,
}

/// The body of `POST /v1/admin/webhooks/{id}/redeliver`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redelivery {
    event_id: Option<Uuid>,
}

#[derive(Serialize)]
struct WebhookView {
    id: Uuid,
    url: String,
    /// The types it gets; null: all.
    events: Option<Vec<&'static str>>,
    state: &'static str,
    created_at: Moment,
    position: u64,
    oldest_undelivered: Option<Moment>,
    waiting: u64,
    dead: u64,
    failures: u32,
    last_error: Option<String>,
    /// Shown once, when the endpoint is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

#[derive(Serialize)]
struct Redelivered {
    redelivered: u64,
}

fn view(report: &EndpointReport) -> WebhookView {
    let endpoint = &report.endpoint;
    let names = |kinds: &Vec<EventKind>| kinds.iter().map(|kind| kind.name()).collect();
    WebhookView {
        id: endpoint.id.get(),
        url: endpoint.url.clone(),
        events: endpoint.kinds.as_ref().map(names),
        state: match report.state() {
            EndpointState::Active => "active",
            EndpointState::Failing => "failing",
            EndpointState::Disabled => "disabled",
        },
        created_at: Moment(endpoint.created_at),
        position: report.position,
        oldest_undelivered: report.oldest_undelivered.map(Moment),
        waiting: report.waiting,
        dead: report.dead,
        failures: report.failures,
        last_error: report.last_error.clone(),
        secret: None,
    }
}

/// As the Standard Webhooks specification writes it.
fn shown(secret: &Secret) -> String {
    format!("whsec_{}", BASE64_STANDARD.encode(secret.expose()))
}

fn kinds(names: &[String]) -> Result<Vec<EventKind>, Problem> {
    let named = |(at, name): (usize, &String)| {
        EventKind::named(name).ok_or_else(|| {
            let known: Vec<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
            let detail = format!("there is no such type; there are {}", known.join(", "));
            Fault::at(child("/events", &at), &detail)
        })
    };
    let (mut kinds, mut faults) = (Vec::new(), Vec::new());
    for named in names.iter().enumerate().map(named) {
        match named {
            Ok(kind) if kinds.contains(&kind) => {}
            Ok(kind) => kinds.push(kind),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(kinds)
    } else {
        Err(Problem::invalid(faults))
    }
}

/// `POST /v1/admin/webhooks`
pub(crate) async fn register(
    _: Operator,
    events: Data<dyn Events>,
    Body(wish): Body<NewWebhook>,
) -> Result<HttpResponse, Problem> {
    let kinds = wish.events.as_deref().map(kinds).transpose()?;
    let report = events.register(wish.url, kinds).await?;
    let secret = Some(shown(&report.endpoint.secret));
    let path = format!("/v1/admin/webhooks/{}", report.endpoint.id);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, path))
        .json(WebhookView {
            secret,
            ..view(&report)
        }))
}

/// `GET /v1/admin/webhooks`
pub(crate) async fn list(_: Operator, events: Data<dyn Events>) -> Result<HttpResponse, Problem> {
    Ok(items(&events.endpoints().await?, view))
}

/// `GET /v1/admin/webhooks/{id}`
pub(crate) async fn find(
    _: Operator,
    id: PathId,
    events: Data<dyn Events>,
) -> Result<HttpResponse, Problem> {
    let report = events.endpoint(id.of(EndpointId::new)).await?;
    Ok(HttpResponse::Ok().json(view(&report)))
}

/// `DELETE /v1/admin/webhooks/{id}`
pub(crate) async fn remove(
    _: Operator,
    id: PathId,
    events: Data<dyn Events>,
) -> Result<HttpResponse, Problem> {
    events.remove(id.of(EndpointId::new)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/admin/webhooks/{id}/redeliver`
pub(crate) async fn redeliver(
    _: Operator,
    id: PathId,
    events: Data<dyn Events>,
    Body(wish): Body<Redelivery>,
) -> Result<HttpResponse, Problem> {
    let event = wish.event_id.map(EventId::new);
    let redelivered = events.redeliver(id.of(EndpointId::new), event).await?;
    Ok(HttpResponse::Accepted().json(Redelivered { redelivered }))
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Url(bad) => Self::invalid([Fault::at("/url", &bad)]),
            RegisterError::NoKinds => Self::invalid([Fault::at("/events", &error)]),
            RegisterError::Storage(error) => error.into(),
        }
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::NotFound => Self::new(Code::WebhookNotFound),
            WebhookError::Storage(error) => error.into(),
        }
    }
}

impl From<RedeliverError> for Problem {
    fn from(error: RedeliverError) -> Self {
        match error {
            RedeliverError::NotFound => Self::new(Code::WebhookNotFound),
            RedeliverError::NoLetter => Self::new(Code::DeadLetterNotFound),
            RedeliverError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
