//! What is measured, for Prometheus.

use actix_web::{HttpResponse, web::Data};

/// All that this process measures, as text.
pub trait Exposition: Send + Sync {
    /// In the text format of Prometheus, version 0.0.4. Asks no database.
    fn render(&self) -> String;
}

/// `GET /metrics`
pub(crate) async fn metrics(exposition: Data<dyn Exposition>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(exposition.render())
}
