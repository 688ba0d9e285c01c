//! `GET /`: the shop in the browser. It uses the public API alone; its files are those of `apps/web`.

use std::sync::LazyLock;

use actix_web::{HttpResponse, web::Path};

use crate::{
    coding::Accepted,
    etag::Known,
    kept::Kept,
    problem::Problem,
    site::{Site, kind},
};

/// What its page may do: run its own scripts, and ask this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! files {
    ($($name:literal)+) => {
        /// Each file of `apps/web`.
        const FILES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../apps/web/", $name)))),+
        ];
    };
}

files! {
    "api.js"
    "base.css"
    "calendar.js"
    "clock.js"
    "dom.js"
    "i18n.js"
    "icon.svg"
    "index.html"
    "line.js"
    "main.js"
    "notice.js"
    "pieces.css"
    "place.js"
    "places.css"
    "router.js"
    "shows.js"
    "sse.js"
    "store.js"
    "i18n/en.js"
    "i18n/ko.js"
    "seatmap/camera.js"
    "seatmap/hall.js"
    "seatmap/layout.js"
    "seatmap/legend.js"
    "seatmap/map.js"
    "seatmap/paint.js"
    "seatmap/rows.js"
    "seatmap/shapes.js"
    "views/balance.js"
    "views/concerts.js"
    "views/dates.js"
    "views/hold.js"
    "views/receipt.js"
    "views/seats.js"
    "views/tickets.js"
    "views/waiting.js"
    "views/welcome.js"
}

const PAGE: &str = "index.html";

static SHOP: LazyLock<Site> = LazyLock::new(|| {
    let kept = FILES
        .iter()
        .map(|(name, text)| (*name, Kept::new(kind(name), *text)));
    Site::new(POLICY, kept)
});

/// The shop in the browser
#[utoipa::path(
    get,
    path = "/",
    tag = "process",
    responses((status = 200, description = "A page", content_type = "text/html", body = String))
)]
pub(crate) async fn page(known: Known, accepted: Accepted) -> Result<HttpResponse, Problem> {
    SHOP.answer(PAGE, &known, accepted).await
}

/// A part of the shop
#[utoipa::path(
    get,
    path = "/app/{file}",
    tag = "process",
    responses((status = 200, description = "A script, a style or a picture", content(
        (String = "text/css"),
        (String = "text/javascript"),
        (String = "image/svg+xml"),
    )))
)]
pub(crate) async fn part(
    file: Path<(String,)>,
    known: Known,
    accepted: Accepted,
) -> Result<HttpResponse, Problem> {
    SHOP.answer(&file.0, &known, accepted).await
}

/// A part of the shop, in a folder
#[utoipa::path(
    get,
    path = "/app/{folder}/{file}",
    tag = "process",
    responses((status = 200, description = "A script", content_type = "text/javascript", body = String))
)]
pub(crate) async fn nested(
    file: Path<(String, String)>,
    known: Known,
    accepted: Accepted,
) -> Result<HttpResponse, Problem> {
    let (folder, file) = file.into_inner();
    SHOP.answer(&format!("{folder}/{file}"), &known, accepted)
        .await
}

#[cfg(test)]
mod tests;
