//! What is measured, for Prometheus.

use actix_web::{HttpResponse, web::Data};

/// All that this process measures, as text.
pub trait Exposition: Send + Sync {
    /// In the text format of Prometheus, version 0.0.4. Asks no database.
    fn render(&self) -> String;
}

/// What is measured, for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "process",
    responses((status = 200, description = "The text format, version 0.0.4", content_type = "text/plain", body = String))
)]
pub(crate) async fn metrics(exposition: Data<dyn Exposition>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(exposition.render())
}
