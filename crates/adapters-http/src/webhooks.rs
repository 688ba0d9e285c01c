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
use utoipa::{
    ToSchema,
    openapi::{
        Array, Object,
        schema::{ArrayBuilder, SchemaType, Type},
    },
};
use uuid::Uuid;

use crate::{
    auth::Operator,
    body::Body,
    moment::Moment,
    page::{Items, items},
    path::PathId,
    problem::{Code, Fault, Problem, child},
};

/// The body of `POST /v1/admin/webhooks`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// Without a user, a password or a fragment, and at a public address.
    #[schema(format = "uri", pattern = "^https://", max_length = 2_000)]
    url: String,
    /// The types that it gets; without them, all, also those that there will be.
    #[schema(schema_with = kinds_schema)]
    events: Option<Vec<String>>,
}

/// The body of `POST /v1/admin/webhooks/{id}/redeliver`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redelivery {
    /// A dead letter; without it, all of them.
    event_id: Option<Uuid>,
}

/// One or more types of events, or null.
fn kinds_schema() -> ArrayBuilder {
    let names = EventKind::ALL.iter().map(|kind| kind.name());
    let name = Object::builder()
        .schema_type(Type::String)
        .enum_values(Some(names));
    Array::builder()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(name)
        .min_items(Some(1))
}

/// Where events are sent to, and how that goes.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
struct WebhookView {
    id: Uuid,
    url: String,
    /// The types it gets; null: all.
    #[schema(schema_with = kinds_schema, required = true)]
    events: Option<Vec<&'static str>>,
    state: State,
    created_at: Moment,
    /// All events up to here were accepted, are letters, or are not wanted.
    position: u64,
    #[schema(required = true)]
    oldest_undelivered: Option<Moment>,
    /// Letters that are tried again, or wait behind such.
    waiting: u64,
    /// Letters that were given up.
    dead: u64,
    /// How often in a row nothing was accepted.
    failures: u32,
    #[schema(required = true)]
    last_error: Option<String>,
    /// Shown once, when the endpoint is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// How an endpoint fares.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookState)]
enum State {
    Active,
    Failing,
    Disabled,
}

/// How many dead letters are tried again.
#[derive(Serialize, ToSchema)]
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
            EndpointState::Active => State::Active,
            EndpointState::Failing => State::Failing,
            EndpointState::Disabled => State::Disabled,
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

/// Have events sent somewhere
#[utoipa::path(
    post,
    path = "/v1/admin/webhooks",
    tag = "operator",
    responses((status = 201, description = "The endpoint, with its secret", body = WebhookView, headers(("Location" = String, description = "Where it can be read"))))
)]
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

/// Where events are sent to
#[utoipa::path(
    get,
    path = "/v1/admin/webhooks",
    tag = "operator",
    responses((status = 200, description = "The endpoints", body = Items<WebhookView>))
)]
pub(crate) async fn list(_: Operator, events: Data<dyn Events>) -> Result<HttpResponse, Problem> {
    Ok(items(&events.endpoints().await?, view))
}

/// One place that events are sent to
#[utoipa::path(
    get,
    path = "/v1/admin/webhooks/{id}",
    tag = "operator",
    responses((status = 200, description = "The endpoint", body = WebhookView)),
    extensions(("x-problems" = json!(["webhook_not_found"])))
)]
pub(crate) async fn find(
    _: Operator,
    id: PathId,
    events: Data<dyn Events>,
) -> Result<HttpResponse, Problem> {
    let report = events.endpoint(id.of(EndpointId::new)).await?;
    Ok(HttpResponse::Ok().json(view(&report)))
}

/// Send events there no more
#[utoipa::path(
    delete,
    path = "/v1/admin/webhooks/{id}",
    tag = "operator",
    responses((status = 204, description = "It is sent nothing more")),
    extensions(("x-problems" = json!(["webhook_not_found"])))
)]
pub(crate) async fn remove(
    _: Operator,
    id: PathId,
    events: Data<dyn Events>,
) -> Result<HttpResponse, Problem> {
    events.remove(id.of(EndpointId::new)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Try dead letters again
#[utoipa::path(
    post,
    path = "/v1/admin/webhooks/{id}/redeliver",
    tag = "operator",
    responses((status = 202, description = "They are on their way", body = Redelivered)),
    extensions(("x-problems" = json!(["webhook_not_found", "dead_letter_not_found"])))
)]
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
