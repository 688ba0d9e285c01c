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

    /// Address and port for the operator and nobody else: the routes below /v1/admin, and /metrics, are
    /// then there and not at --listen. Port 0 takes a free one and prints it
    #[arg(
        long,
        env = "BOXOFFICE_ADMIN_LISTEN",
        value_name = "ADDRESS",
        default_value = "",
        hide_default_value = true,
        value_parser = listen_address_if_any
    )]
    pub admin_listen: String,

    /// Websites whose scripts may use this server from a browser (CORS).
    #[arg(
        long,
        help = "Websites whose scripts may use this server from a browser (CORS), separated by \
                commas, such as https://tickets.example",
        env = "BOXOFFICE_CORS_ORIGINS",
        value_name = "ORIGINS",
        default_value = "",
        hide_default_value = true,
        value_parser = origins
    )]
    pub cors_origins: Origins,

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

/// Websites, as browsers name them; under a name by which clap does not take the list for an option
/// that is given several times.
pub type Origins = Vec<String>;

/// Reads origins: a scheme and a host, as browsers send them.
fn origins(text: &str) -> Result<Origins, String> {
    let is_origin = |text: &str| {
        let host = text
            .strip_prefix("https://")
            .or(text.strip_prefix("http://"));
        let fits = |byte: u8| byte.is_ascii_graphic() && !b"/?#*@".contains(&byte);
        host.is_some_and(|host| !host.is_empty() && host.bytes().all(fits))
    };
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let origins: Origins = parts.map(str::to_owned).collect();
    if origins.iter().all(|origin| is_origin(origin)) {
        return Ok(origins);
    }
    Err(
        "write websites with their scheme and without a path, such as https://tickets.example"
            .to_owned(),
    )
}

fn listen_address_if_any(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    listen_address(text)
}

fn zone(text: &str) -> Result<VenueZone, String> {
    VenueZone::new(text)
        .map_err(|_| "write the name of a time zone, such as Asia/Seoul or UTC".to_owned())
}
