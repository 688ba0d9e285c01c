//! What the operator does before a sale.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::fan::Answer;

/// The operator's key of every test server.
pub const OPERATOR_KEY: &str = "operator-key-of-the-tests";

/// The operator, talking to one server.
#[derive(Debug)]
pub struct Operator<'a> {
    /// Sends the requests.
    pub http: &'a Client,
    /// Where to.
    pub server: &'a str,
}

impl Operator<'_> {
    /// Asks for something.
    pub async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.server));
        Answer::of(request.bearer_auth(OPERATOR_KEY).json(body)).await
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "a client has no port to ask the time"
    )]
    /// A schedule two days from now with seats 1 to `seats` at 10,000 won each; its id.
    pub async fn schedule(&self, seats: u32) -> String {
        let concert = json!({"title": "한여름 밤의 콘서트", "venue": "Olympic Hall"});
        let concert = self.ask(Method::POST, "/v1/admin/concerts", &concert).await;
        let path = format!("/v1/admin/concerts/{}/schedules", concert.text("id"));
        let starts_at = (OffsetDateTime::now_utc() + Duration::days(2))
            .format(&Rfc3339)
            .unwrap();
        let seats = json!([{"grade": "R", "price": 10_000, "from": 1, "to": seats}]);
        let body = json!({"starts_at": starts_at, "seats": seats});
        let schedule = self.ask(Method::POST, &path, &body).await;
        assert_eq!(schedule.status, 201, "{schedule:?}");
        schedule.text("id").to_owned()
    }
}
