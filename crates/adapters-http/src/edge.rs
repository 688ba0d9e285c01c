//! What surrounds every handler: request ids, problems as answers, deadlines, the log.

use std::{fmt, rc::Rc, time::Duration, time::Instant};

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{
            ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue,
            REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
};
use domain::id::IdGenerator;
use tracing::{Instrument, field::display};

use crate::{
    auth::part,
    language::Language,
    limits::Limits,
    meters::{ProblemMeter, RouteMeter},
    problem::{Code, Problem},
    trace,
    trail::Known,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer says, unless it says something else itself: no cache keeps it, it is what its
/// type says, and whoever opens it in a browser loads nothing with it, shows it in no frame and
/// tells nobody its address. That there is TLS (`Strict-Transport-Security`) is for the proxy to say
/// that has it.
const USUAL_HEADERS: [(HeaderName, &str); 4] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
];

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(pub Duration);

/// What a request is called in the log and in problems.
#[derive(Clone, Debug)]
struct RequestId(Rc<str>);

impl RequestId {
    const LONGEST: usize = 64;

    /// The id that the client (or a proxy) gave, if it can stand in a log, else a new one.
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let given = request.headers().get(REQUEST_ID);
        let given = given.and_then(|id| id.to_str().ok());
        match given.filter(|id| Self::is_fit(id)) {
            Some(id) => Ok(Self(id.into())),
            None => Ok(Self(
                part::<dyn IdGenerator>(request)?.next().to_string().into(),
            )),
        }
    }

    fn is_fit(id: &str) -> bool {
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        (1..=Self::LONGEST).contains(&id.len()) && id.bytes().all(fit)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What `request` is called, within the [`edge`].
pub(crate) fn request_id(request: &HttpRequest) -> Option<String> {
    let extensions = request.extensions();
    extensions.get::<RequestId>().map(ToString::to_string)
}

/// The outermost middleware. It always returns a response: an error would skip what is around it.
pub(crate) async fn edge<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let id = RequestId::of(request.request())?;
    let language = Language::of(&request);
    request.extensions_mut().insert(id.clone());
    let span = trace::of(&request, &id.0);
    let response = match Limits::address(&request) {
        Ok(()) => next
            .call(request)
            .instrument(span.clone())
            .await?
            .map_into_boxed_body(),
        Err(problem) => {
            let refused = HttpResponse::from_error(problem);
            ServiceResponse::new(request.into_parts().0, refused)
        }
    };
    let (request, response) = response.into_parts();
    let response = finish(&request, response, language, &id);
    let (method, status, took) = (request.method(), response.status(), started.elapsed());
    if let Some(meter) = request.app_data::<RouteMeter>() {
        meter.answered(method, status, took);
        trace::answered(&span, method.as_str(), meter.route(), status);
        log(&request, meter.route(), status, &id, took);
    }
    Ok(ServiceResponse::new(request, response))
}

/// Renders a problem for its client, and sets the headers of every answer.
fn finish(
    request: &HttpRequest,
    response: HttpResponse,
    language: Language,
    id: &RequestId,
) -> HttpResponse {
    let mut response = as_problem(request, response, language, id);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in USUAL_HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

/// An error answer as a problem: a handler's own, or, when actix gave it, what its status stands for.
fn as_problem(
    request: &HttpRequest,
    response: HttpResponse,
    language: Language,
    id: &RequestId,
) -> HttpResponse {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let own = response
        .error()
        .and_then(|error| error.as_error::<Problem>());
    if let Some(problem) = own {
        note(problem, request, id);
        return problem.render(language, Some(&id.0));
    }
    let problem = Problem::of_status(status);
    note(&problem, request, id);
    let mut rendered = problem.render(language, Some(&id.0));
    for allow in response.headers().get_all(ALLOW) {
        rendered.headers_mut().append(ALLOW, allow.clone());
    }
    rendered
}

/// Counts a problem, and tells the log of it.
fn note(problem: &Problem, request: &HttpRequest, id: &RequestId) {
    if let Some(meter) = request.app_data::<ProblemMeter>() {
        meter.answered(problem.code());
    }
    problem.log(&id.0, Known::of(request));
}

/// One line a request, for those who ask for it: on an opening night there are tens of thousands a
/// second. The pattern of the path, never the path, the query or a header.
fn log(request: &HttpRequest, route: &str, status: StatusCode, id: &RequestId, took: Duration) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let known = Known::of(request);
    let user_id = known.user.map(display);
    let reservation_id = known.reservation.map(display);
    tracing::debug!(
        request_id = %id,
        user_id,
        reservation_id,
        method = %request.method(),
        route,
        status = status.as_u16(),
        duration_ms = took.as_secs_f64() * 1_000.0,
        "answered"
    );
}

/// The innermost middleware: a handler that takes too long is dropped, which is safe by design, and
/// its client is told (rule 26).
pub(crate) async fn deadline<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // Kept for the answer. Nothing between here and the handler needs the request to itself.
    let kept = request.request().clone();
    let Deadline(limit) = *part::<Deadline>(&kept)?;
    match tokio::time::timeout(limit, next.call(request)).await {
        Ok(response) => Ok(response?.map_into_boxed_body()),
        Err(elapsed) => {
            let problem = Problem::new(Code::ServiceUnavailable).because(elapsed);
            Ok(ServiceResponse::new(
                kept,
                HttpResponse::from_error(problem),
            ))
        }
    }
}

#[cfg(test)]
mod tests;
