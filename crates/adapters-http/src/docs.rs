//! `GET /docs`: the API as a page, on which it can be tried. Everything is in the program.

use std::sync::LazyLock;

use utoipa_swagger_ui::Config;

use crate::{
    kept::Kept,
    site::{Site, handlers, kind},
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
const PAGE: &str = "";
const START: &str = "start.js";

static DOCS: LazyLock<Site> = LazyLock::new(|| {
    let config = std::sync::Arc::new(Config::new(["/openapi.json"]));
    let served = |name| {
        let file = utoipa_swagger_ui::serve(name, config.clone()).ok()??;
        Some((name, Kept::new(file.content_type, file.bytes.into_owned())))
    };
    let own = [
        (PAGE, include_str!("docs/index.html")),
        (START, include_str!("docs/start.js")),
    ];
    let own = own.map(|(name, text)| (name, Kept::new(kind(name), text)));
    Site::new(POLICY, FILES.into_iter().filter_map(served).chain(own))
});

handlers! { DOCS tag "process";
    /// The API as a page, on which it can be tried
    page "/docs" is PAGE;
    /// A part of that page
    part "/docs/{file}" of "text/css" "text/javascript" "image/png";
}

#[cfg(test)]
mod tests;
