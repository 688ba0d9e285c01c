//! A span a request, for those who collect traces: named as OpenTelemetry's conventions for HTTP say, and
//! a child of the span that the client sent in `traceparent` (W3C Trace Context).
//!
//! Where nobody collects traces or logs at the level `debug`, no span is made.

use actix_web::{
    dev::ServiceRequest,
    http::{
        StatusCode,
        header::{HeaderMap, HeaderName},
    },
};
use opentelemetry::{global, propagation::Extractor, trace::TraceContextExt};
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Opens the span of a request that is called `id`. Of the path only the route's pattern is told, of the
/// headers none.
pub(crate) fn of(request: &ServiceRequest, id: &str) -> Span {
    let span = tracing::debug_span!(
        target: "boxoffice::trace",
        "request",
        "otel.kind" = "server",
        "otel.status_code" = Empty,
        "http.request.method" = %request.method(),
        "http.route" = Empty,
        "http.response.status_code" = Empty,
        request_id = id,
        user_id = Empty,
        reservation_id = Empty,
    );
    if !span.is_disabled() {
        let headers = Headers(request.headers());
        let parent = global::get_text_map_propagator(|known| known.extract(&headers));
        // There is nobody to tell when no traces are collected.
        let _ = span.set_parent(parent);
    }
    span
}

/// Says in the span how the request was answered.
pub(crate) fn answered(span: &Span, method: &str, route: &str, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    // Its name is known last, and a field cannot change it any more.
    let name = format!("{method} {route}");
    span.context().span().update_name(name);
    span.record("http.route", route);
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}
