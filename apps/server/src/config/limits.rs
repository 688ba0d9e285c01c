//! How much one may ask.

use std::{net::IpAddr, num::NonZeroU32};

use adapters_http::{Rate, RateLimits};
use clap::Args;
use ipnet::IpNet;

use super::values::whole;

/// How much one may ask.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// How many requests a second a user may make in the long run, beyond those that are answered
    /// from memory (the place in the queue, the seats); 0 for any number. Each server process
    /// counts for itself
    #[arg(
        long,
        env = "BOXOFFICE_USER_RATE",
        value_name = "NUMBER",
        default_value = "50",
        value_parser = whole(0_u32..=1_000_000)
    )]
    user_rate: u32,

    /// How many of them at once
    #[arg(
        long,
        env = "BOXOFFICE_USER_BURST",
        value_name = "NUMBER",
        default_value = "1000",
        value_parser = whole(1_u32..=1_000_000)
    )]
    user_burst: u32,

    /// How many requests a second, of any kind, one address may make in the long run; 0 for any
    /// number. Mind that thousands of fans may share the address of their carrier
    #[arg(
        long,
        env = "BOXOFFICE_ADDRESS_RATE",
        value_name = "NUMBER",
        default_value = "0",
        value_parser = whole(0_u32..=1_000_000)
    )]
    address_rate: u32,

    /// How many of them at once
    #[arg(
        long,
        env = "BOXOFFICE_ADDRESS_BURST",
        value_name = "NUMBER",
        default_value = "10000",
        value_parser = whole(1_u32..=1_000_000)
    )]
    address_burst: u32,

    /// Addresses of proxies in front of this server, or networks such as 10.0.0.0/8, separated by
    /// commas. What they say in X-Forwarded-For is believed
    #[arg(
        long,
        env = "BOXOFFICE_TRUSTED_PROXIES",
        value_name = "NETWORKS",
        default_value = "",
        hide_default_value = true,
        value_parser = networks
    )]
    trusted_proxies: Networks,
}

/// A list, under a name by which clap does not take it for an option that is given several times.
type Networks = Vec<IpNet>;

impl Limits {
    /// The limits.
    pub fn rates(&self) -> RateLimits {
        let rate = |per_second, burst| {
            Some(Rate {
                per_second: NonZeroU32::new(per_second)?,
                burst: NonZeroU32::new(burst)?,
            })
        };
        RateLimits {
            user: rate(self.user_rate, self.user_burst),
            address: rate(self.address_rate, self.address_burst),
            trusted_proxies: self.trusted_proxies.clone(),
        }
    }
}

/// Reads networks, and addresses as networks of one.
fn networks(text: &str) -> Result<Networks, String> {
    let network = |text: &str| {
        let address = || text.parse::<IpAddr>().map(IpNet::from).ok();
        text.parse().ok().or_else(address)
    };
    let parts = text.split(',').map(str::trim);
    let networks = parts.filter(|part| !part.is_empty()).map(network);
    networks.collect::<Option<_>>().ok_or_else(|| {
        "write addresses or networks separated by commas, such as 10.0.0.0/8,192.0.2.7".to_owned()
    })
}
