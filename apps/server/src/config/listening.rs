//! Where to listen, and how long to work on a request.

use std::time::Duration;

use adapters_http::VenueZone;
use clap::Args;

use super::values::{duration, listen_address};

/// Where to listen, and how long to work on a request.
#[derive(Debug, Args)]
#[command(next_help_heading = "Listening")]
pub struct Listening {
    /// Address and port to listen at; port 0 takes a free one and prints it
    #[arg(
        long,
        env = "BOXOFFICE_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        value_parser = listen_address
    )]
    pub listen: String,

    /// The longest that a request is worked on before it is answered 503
    #[arg(
        long,
        env = "BOXOFFICE_REQUEST_TIMEOUT",
        value_name = "DURATION",
        default_value = "3s",
        value_parser = duration("50ms", "10m")
    )]
    pub request_timeout: Duration,

    /// When told to stop (Ctrl-C or SIGTERM), the longest that requests under way may take to
    /// finish
    #[arg(
        long,
        env = "BOXOFFICE_SHUTDOWN_TIMEOUT",
        value_name = "DURATION",
        default_value = "30s",
        value_parser = duration("0s", "1h")
    )]
    pub shutdown_timeout: Duration,

    /// Time zone of the venues, by its IANA name: it decides on which day a concert is
    #[arg(
        long,
        env = "BOXOFFICE_TIMEZONE",
        value_name = "ZONE",
        default_value = "Asia/Seoul",
        value_parser = zone
    )]
    pub timezone: VenueZone,
}

fn zone(text: &str) -> Result<VenueZone, String> {
    VenueZone::new(text)
        .map_err(|_| "write the name of a time zone, such as Asia/Seoul or UTC".to_owned())
}
