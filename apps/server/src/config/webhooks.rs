//! Events, and who is told of them.

use std::time::Duration;

use adapters_webhooks::CourierSettings;
use clap::Args;
use domain::events::RetryRules;

use super::values::{duration, signed, whole, yes_or_no};

/// Events, and who is told of them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Events and webhooks")]
pub struct Webhooks {
    /// How long events are kept at least. Those that a webhook has not been brought are kept for longer
    #[arg(
        long,
        env = "BOXOFFICE_EVENTS_KEPT",
        value_name = "DURATION",
        default_value = "7d",
        value_parser = duration("1m", "3650d")
    )]
    pub events_kept: Duration,

    /// The longest that a webhook may take to accept an event
    #[arg(
        long,
        env = "BOXOFFICE_WEBHOOK_TIMEOUT",
        value_name = "DURATION",
        default_value = "15s",
        value_parser = duration("50ms", "5m")
    )]
    webhook_timeout: Duration,

    /// How long to wait before an event is sent again that a webhook did not accept. The later waits
    /// are 60, 360, 1440, 3600, 7200, 10080, 14400 and 17280 times as long
    #[arg(
        long,
        env = "BOXOFFICE_WEBHOOK_RETRY",
        value_name = "DURATION",
        default_value = "5s",
        value_parser = duration("1ms", "1m")
    )]
    webhook_retry: Duration,

    /// How often an event is sent to a webhook before it is given up and kept as a dead letter
    #[arg(
        long,
        env = "BOXOFFICE_WEBHOOK_TRIES",
        value_name = "NUMBER",
        default_value = "10",
        value_parser = whole(1..=RetryRules::MOST_TRIES)
    )]
    webhook_tries: u32,

    /// Let webhooks be http:// URLs, too, and addresses that are not public, such as this machine
    #[arg(
        long,
        env = "BOXOFFICE_WEBHOOK_ALLOW_HTTP",
        value_parser = yes_or_no
    )]
    webhook_allow_http: bool,
}

impl Webhooks {
    /// How often and when a delivery is tried.
    pub fn rules(&self) -> RetryRules {
        RetryRules {
            base: signed(self.webhook_retry),
            tries: self.webhook_tries,
            timeout: signed(self.webhook_timeout),
        }
    }

    /// How one is made.
    pub fn courier(&self) -> CourierSettings {
        CourierSettings {
            timeout: self.webhook_timeout,
            allow_http: self.webhook_allow_http,
        }
    }
}
