//! `GET /`: the shop in the browser. It uses the public API alone; its files are those of `apps/web`.

use std::sync::LazyLock;

use crate::site::{Site, Texts, handlers, texts};

/// Each file of `apps/web` but those of the board.
pub(crate) const FILES: Texts = texts! { "":
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
    "watch.js"
    "i18n/en.js"
    "i18n/ko.js"
    "seatmap/camera.js"
    "seatmap/follow.js"
    "seatmap/frame.js"
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
};

static SHOP: LazyLock<Site> = LazyLock::new(|| Site::strict(FILES));

handlers! { SHOP tag "process";
    /// The shop in the browser
    page "/" is "index.html";
    /// A part of the shop
    part "/app/{file}" of "text/css" "text/javascript" "image/svg+xml";
    /// A part of the shop, in a folder
    nested "/app/{folder}/{file}" of "text/javascript";
}
