//! Whether the process lives, and whether it can serve.

use actix_web::{HttpResponse, web::Data};
use domain::health::Readiness;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Code, Problem};

/// All is well.
#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(pattern = "^ok$")]
    status: &'static str,
}

/// Whether the process lives
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "process",
    responses((status = 200, description = "It does", body = Health))
)]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Whether the process can serve
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "process",
    responses((status = 200, description = "It can", body = Health))
)]
pub(crate) async fn ready(readiness: Data<dyn Readiness>) -> Result<HttpResponse, Problem> {
    match readiness.check().await {
        Ok(()) => Ok(HttpResponse::Ok().json(Health { status: "ok" })),
        Err(reason) => Err(Problem::new(Code::ServiceUnavailable)
            .with("reason", &reason)
            .because(reason)),
    }
}

#[cfg(test)]
mod tests;
