//! `GET /docs`: the API as a page, on which it can be tried. Everything is in the program.

use std::{collections::BTreeMap, sync::LazyLock};

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, HeaderValue},
    web::Path,
};
use utoipa_swagger_ui::Config;

use crate::{
    coding::Accepted,
    etag::Known,
    kept::Kept,
    problem::{Code, Problem},
};

/// What the page may do: run its own scripts, and ask this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Which of its files the page needs.
const FILES: [&str; 3] = [
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "favicon-32x32.png",
];
/// The names of all its parts.
pub(crate) const NAMES: [&str; 4] = [FILES[0], FILES[1], FILES[2], "start.js"];

static PAGE: LazyLock<Kept> =
    LazyLock::new(|| Kept::new("text/html; charset=utf-8", include_str!("docs/index.html")));

static PARTS: LazyLock<BTreeMap<&str, Kept>> = LazyLock::new(|| {
    let config = std::sync::Arc::new(Config::new(["/openapi.json"]));
    let served = |name| {
        let file = utoipa_swagger_ui::serve(name, config.clone()).ok()??;
        Some((name, Kept::new(file.content_type, file.bytes.into_owned())))
    };
    let own = Kept::new("text/javascript", include_str!("docs/start.js"));
    FILES
        .into_iter()
        .filter_map(served)
        .chain([(NAMES[3], own)])
        .collect()
});

/// The API as a page, on which it can be tried
#[utoipa::path(
    get,
    path = "/docs",
    tag = "process",
    responses((status = 200, description = "A page", content_type = "text/html", body = String))
)]
pub(crate) async fn page(known: Known, accepted: Accepted) -> Result<HttpResponse, Problem> {
    Ok(with_policy(PAGE.answer(&known, accepted).await?))
}

/// A part of that page
#[utoipa::path(
    get,
    path = "/docs/{file}",
    tag = "process",
    responses((status = 200, description = "A script, a style or a picture", content(
        (String = "text/css"),
        (String = "text/javascript"),
        (String = "image/png"),
    )))
)]
pub(crate) async fn part(
    file: Path<(String,)>,
    known: Known,
    accepted: Accepted,
) -> Result<HttpResponse, Problem> {
    let part = PARTS.get(file.0.as_str());
    let part = part.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(with_policy(part.answer(&known, accepted).await?))
}

fn with_policy(mut answer: HttpResponse) -> HttpResponse {
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answer
}

#[cfg(test)]
mod tests;
