//! `GET /operator`: the operator's board in the browser. It uses the operators' API and `/metrics`, and what the
//! shop is made of; its own files are those of `apps/web/operator`.

use std::sync::LazyLock;

use crate::site::{Site, Texts, handlers, texts};

/// Each file of `apps/web/operator`.
pub(crate) const FILES: Texts = texts! { "operator/":
    "board.css"
    "charts.js"
    "controls.js"
    "desk.js"
    "exposition.js"
    "figures.js"
    "gate.js"
    "hall.js"
    "history.js"
    "index.html"
    "log.js"
    "main.js"
    "i18n/en.js"
    "i18n/ko.js"
    "vendor/license.txt"
    "vendor/uplot.css"
    "vendor/uplot.js"
};

static BOARD: LazyLock<Site> = LazyLock::new(|| Site::strict(FILES));

handlers! { BOARD tag "operator";
    /// The operator's board in the browser
    page "/operator" is "index.html";
    /// A part of the board
    part "/operator/{file}" of "text/css" "text/javascript";
    /// A part of the board, in a folder
    nested "/operator/{folder}/{file}" of "text/css" "text/javascript" "text/plain";
}
