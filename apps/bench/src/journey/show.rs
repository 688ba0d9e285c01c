//! What the fans come for.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde_json::json;

use crate::{
    fans::{self, text},
    http::Request,
    stage::OPERATOR_KEY,
};

/// What a seat costs, in won.
pub const PRICE: i64 = 10_000;
/// The most that one fan buys.
pub const MOST: usize = 2;
/// Seats of a date.
const SEATS: usize = 500;

/// A concert with seats for everyone, over as many dates as that takes.
pub struct Show {
    /// The concert's id.
    pub concert: String,
    /// The ids of its dates.
    pub dates: Vec<String>,
}

impl Show {
    /// Announces a concert at which each of so many fans can have the most seats.
    pub async fn announce(server: SocketAddr, fans: usize) -> Result<Self> {
        let concert = json!({ "title": "The whole journey", "venue": "Arena" }).to_string();
        let concert = Request::new("POST", "/v1/admin/concerts", OPERATOR_KEY, &concert);
        let concert = fans::collect(server, vec![concert], |answer| text(answer, "id")).await?;
        let concert = concert.into_iter().next().context("no concert")?;
        let path = format!("/v1/admin/concerts/{concert}/schedules");
        let days = 0..(fans * MOST).div_ceil(SEATS);
        let date = |day: usize| Request::new("POST", &path, OPERATOR_KEY, &date(day));
        let dates = fans::collect(server, days.map(date).collect(), |a| text(a, "id")).await?;
        Ok(Self { concert, dates })
    }
}

/// The date so many days after the first one. There are 28 days in every month.
fn date(day: usize) -> String {
    let (year, month, day) = (2900 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
    json!({
        "starts_at": format!("{year}-{month:02}-{day:02}T12:00:00Z"),
        "seats": [{ "grade": "R", "price": PRICE, "from": 1, "to": SEATS }],
    })
    .to_string()
}
