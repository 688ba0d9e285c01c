//! How often one user and one address may ask (`too_many_requests`).
//!
//! A user is limited where refusing is cheaper than answering: at whatever goes to the database. What is
//! answered from memory ([`FromMemory`]) costs no more than a refusal and is not counted, so asking
//! for one's place or looking at the seats can never keep anyone from buying. An address is limited
//! at everything, if at all: thousands of fans may come from the one address of their carrier.
//!
//! Each process counts for itself, in memory, by the generic cell rate algorithm.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use actix_web::{
    HttpRequest,
    dev::ServiceRequest,
    http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
};
use domain::id::UserId;
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};
use ipnet::IpNet;

use crate::{
    auth::part,
    problem::{Code, Problem},
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// How many requests are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run, a second.
    pub per_second: NonZeroU32,
    /// At once, after a time of rest.
    pub burst: NonZeroU32,
}

/// Whose requests are limited, and how; `None` is no limit.
#[derive(Clone, Debug, Default)]
pub struct RateLimits {
    /// Of one user, at what goes to the database (`USER_RATE`, `USER_BURST`).
    pub user: Option<Rate>,
    /// Of one address, at everything (`ADDRESS_RATE`, `ADDRESS_BURST`).
    pub address: Option<Rate>,
    /// Who may say whom they ask for, in `X-Forwarded-For` (`TRUSTED_PROXIES`).
    pub trusted_proxies: Vec<IpNet>,
}

/// A path whose reads are answered from memory.
pub(crate) struct FromMemory;

/// The limits at work.
pub(crate) struct Limits {
    user: Option<Limit<UserId>>,
    address: Option<Limit<IpAddr>>,
    trusted_proxies: Vec<IpNet>,
}

impl Limits {
    /// Nobody has asked yet.
    pub(crate) fn new(limits: &RateLimits) -> Self {
        Self {
            user: limits.user.map(|rate| Limit::new("user", rate)),
            address: limits.address.map(|rate| Limit::new("address", rate)),
            trusted_proxies: limits.trusted_proxies.clone(),
        }
    }

    /// Counts a request of `user`, unless it is answered from memory.
    pub(crate) fn user(&self, user: UserId, request: &HttpRequest) -> Result<(), Problem> {
        match &self.user {
            Some(limit) if !is_from_memory(request) => limit.check(&user),
            _ => Ok(()),
        }
    }

    /// Counts a request of the address it comes from.
    pub(crate) fn address(request: &ServiceRequest) -> Result<(), Problem> {
        let limits = part::<Self>(request.request())?;
        let Some(limit) = &limits.address else {
            return Ok(());
        };
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        let client = peer.map(|peer| limits.client(peer, request.headers()));
        client.map_or(Ok(()), |client| limit.check(&network(client)))
    }

    /// The address behind `peer`: the last one on the way here that no trusted proxy has.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let is_trusted = |ip: &IpAddr| self.trusted_proxies.iter().any(|net| net.contains(ip));
        let mut client = peer;
        let lines: Vec<_> = headers.get_all(FORWARDED_FOR).collect();
        let hops = lines.iter().rev().filter_map(|line| line.to_str().ok());
        for hop in hops.flat_map(|line| line.rsplit(',')) {
            let Some(hop) = address(hop.trim()).filter(|_| is_trusted(&client)) else {
                break;
            };
            client = hop;
        }
        client
    }

    /// Forgets those who have not asked for so long that nothing is counted against them.
    pub(crate) fn forget(&self) {
        if let Some(limit) = &self.user {
            limit.forget();
        }
        if let Some(limit) = &self.address {
            limit.forget();
        }
    }
}

fn is_from_memory(request: &HttpRequest) -> bool {
    request.method().is_safe() && request.app_data::<FromMemory>().is_some()
}

/// An address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.parse::<IpAddr>().ok();
    let ip = plain.or_else(|| Some(text.parse::<std::net::SocketAddr>().ok()?.ip()));
    ip.map(|ip| ip.to_canonical())
}

/// What counts as one address: of IPv6 the network of 64 bits that a customer has.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// One limit, by what it counts.
struct Limit<K: Hash + Eq + Clone> {
    name: &'static str,
    rate: Rate,
    counts: DefaultKeyedRateLimiter<K>,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(name: &'static str, rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            name,
            rate,
            counts: DefaultKeyedRateLimiter::keyed(quota),
        }
    }

    fn check(&self, key: &K) -> Result<(), Problem> {
        let refusal = self.counts.check_key(key);
        refusal.map_err(|until| self.refusal(until.wait_time_from(self.counts.clock().now())))
    }

    /// The problem, with the header fields of draft-ietf-httpapi-ratelimit-headers.
    fn refusal(&self, wait: Duration) -> Problem {
        let (name, quota) = (self.name, self.rate.burst);
        let window = quota.get().div_ceil(self.rate.per_second.get());
        let wait = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let fields = [
            (RETRY_AFTER, wait.max(1).to_string()),
            (POLICY, format!("\"{name}\";q={quota};w={window}")),
            (STATE, format!("\"{name}\";r=0;t={}", wait.max(1))),
        ];
        let value = |(name, value): (_, String)| Some((name, HeaderValue::try_from(value).ok()?));
        Problem::new(Code::TooManyRequests).with_headers(fields.into_iter().filter_map(value))
    }

    fn forget(&self) {
        self.counts.retain_recent();
        self.counts.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests;
