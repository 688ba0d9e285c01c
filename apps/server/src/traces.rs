//! Traces, for those who collect them with OpenTelemetry. Without a collector there is none of this.

use std::{
    env,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_otlp::SpanExporter as OtlpExporter;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

/// The spans that are told: a request, a transaction of a lane.
const TARGET: &str = "boxoffice::trace";
/// How long the last spans may take when the server has stopped.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Sends traces to a collector.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// As the variables of OpenTelemetry's specification say: to `OTEL_EXPORTER_OTLP_ENDPOINT` (or
    /// `…_TRACES_ENDPOINT`) over HTTP, of so many as `OTEL_TRACES_SAMPLER` takes. `None` unless there
    /// is an endpoint.
    pub fn from_environment() -> Result<Option<Self>> {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let endpoints = [
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        ];
        if !endpoints.into_iter().any(is_set) {
            return Ok(None);
        }
        let exporter = OtlpExporter::builder().with_http().build().context(
            "traces cannot be sent (see that OTEL_EXPORTER_OTLP_ENDPOINT is a URL such as \
             http://127.0.0.1:4318, or unset it)",
        )?;
        let mut resource = Resource::builder();
        let attributes = env::var("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        if !is_set("OTEL_SERVICE_NAME") && !attributes.contains("service.name=") {
            resource = resource.with_service_name("boxoffice");
        }
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_batch_exporter(Telling::through(exporter))
            .build();
        global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Some(Self(provider)))
    }

    /// What takes the spans in.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("boxoffice"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::DEBUG))
    }

    /// Sends what has not been sent yet, if that does not take too long.
    pub async fn finish(self) {
        let finish = move || self.0.shutdown_with_timeout(LAST_SPANS);
        let finished = tokio::task::spawn_blocking(finish).await;
        if !matches!(finished, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// Tells the log when traces cannot be sent, and when they can again; not each time.
#[derive(Debug)]
struct Telling<E> {
    exporter: E,
    fails: AtomicBool,
}

impl<E> Telling<E> {
    fn through(exporter: E) -> Self {
        let fails = AtomicBool::new(false);
        Self { exporter, fails }
    }
}

impl<E: SpanExporter> SpanExporter for Telling<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        let failed = self.fails.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(error) if !failed => tracing::warn!(
                %error,
                "traces cannot be sent to the collector; the server goes on without, and tries again"
            ),
            Ok(()) if failed => tracing::info!("traces are sent again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
