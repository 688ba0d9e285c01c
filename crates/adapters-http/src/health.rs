//! Whether the process lives, and whether it can serve.

use actix_web::{HttpResponse, web::Data};
use domain::health::Readiness;
use serde::Serialize;

use crate::problem::{Code, Problem};

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// `GET /health/live`
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// `GET /health/ready`
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
