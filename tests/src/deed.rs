//! What a fan asks the server to change.

use reqwest::{Client, Method, RequestBuilder};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A change that a fan asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Pays money in.
    Charge {
        /// In won.
        amount: i64,
    },
    /// Holds seats.
    Hold {
        /// The id of their schedule.
        schedule: String,
        /// Their numbers.
        seats: Vec<u32>,
    },
    /// Pays a reservation.
    Pay {
        /// Its id.
        reservation: String,
    },
    /// Cancels a reservation.
    Cancel {
        /// Its id.
        reservation: String,
    },
}

impl Deed {
    /// Whether a queue token is needed for it; otherwise the access token will do.
    pub fn is_shopping(&self) -> bool {
        matches!(self, Self::Hold { .. } | Self::Pay { .. })
    }

    /// The request to `server` by which the user with this id asks for it.
    pub fn request(&self, http: &Client, server: &str, user: &str) -> RequestBuilder {
        let (method, path, body) = match self {
            Self::Charge { amount } => (
                Method::POST,
                format!("/v1/users/{user}/balance/charges"),
                json!({"amount": amount}),
            ),
            Self::Hold { schedule, seats } => (
                Method::POST,
                "/v1/reservations".to_owned(),
                json!({"schedule_id": schedule, "seat_numbers": seats}),
            ),
            Self::Pay { reservation } => (
                Method::POST,
                "/v1/payments".to_owned(),
                json!({"reservation_id": reservation}),
            ),
            Self::Cancel { reservation } => {
                let path = format!("{server}/v1/reservations/{reservation}");
                return http.delete(path);
            }
        };
        http.request(method, format!("{server}{path}")).json(&body)
    }
}
