//! How webhooks fare, over all endpoints.

use domain::{clock::Clock, events::EndpointReport};
use metrics::{Gauge, describe_gauge, gauge};

/// Says what the metrics mean.
pub fn describe() {
    describe_gauge!(
        "boxoffice_webhook_letters_dead",
        "Events that a webhook has refused to the last try, until they are sent again or it is removed"
    );
    describe_gauge!(
        "boxoffice_webhook_undelivered_age_seconds",
        "Age of the oldest event that a webhook was not yet brought, dead ones aside"
    );
}

/// What is shown of webhooks.
pub struct WebhookGauges {
    dead: Gauge,
    age: Gauge,
}

impl WebhookGauges {
    pub fn new() -> Self {
        Self {
            dead: gauge!("boxoffice_webhook_letters_dead"),
            age: gauge!("boxoffice_webhook_undelivered_age_seconds"),
        }
    }

    /// Shows what the endpoints report.
    pub fn set(&self, reports: &[EndpointReport], clock: &dyn Clock) {
        let dead: u64 = reports.iter().map(|report| report.dead).sum();
        let oldest = reports
            .iter()
            .filter_map(|report| report.oldest_undelivered);
        let age = oldest.min().map(|oldest| clock.now() - oldest);
        #[allow(clippy::cast_precision_loss, reason = "nobody has 2⁵³ dead letters")]
        self.dead.set(dead as f64);
        self.age
            .set(age.map_or(0.0, |age| age.as_seconds_f64().max(0.0)));
    }
}
