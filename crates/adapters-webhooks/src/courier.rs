//! The requests, and what their answers mean.

use std::{error::Error, net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::rand;
use domain::{
    clock::Clock,
    events::{Answer, BadUrl, Courier, Endpoint, Letter, Secret, Told, Train},
    storage::StorageError,
};
use futures_util::{StreamExt, stream};
use reqwest::{Client, Response, StatusCode, Url, redirect::Policy};
use serde::Serialize;
use serde_json::value::RawValue;
use time::{OffsetDateTime, UtcOffset};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    address::{PublicOnly, is_public},
    signature::sign,
};

/// So many requests to one endpoint may be under way.
const AT_ONCE: usize = 8;
/// The longest URL.
const LONGEST_URL: usize = 2_000;
/// So much of an answer is read, to use the connection again. Nobody looks at it.
const ANSWER_READ: usize = 16 * 1024;

/// How to bring events.
#[derive(Clone, Copy, Debug)]
pub struct CourierSettings {
    /// How long one try may take.
    pub timeout: Duration,
    /// Whether to go to `http://` URLs, and to addresses that are not public.
    pub allow_http: bool,
}

/// [`Courier`] over HTTP.
pub struct HttpCourier {
    /// Or why there is none.
    client: Result<Client, String>,
    settings: CourierSettings,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
}

impl HttpCourier {
    /// A courier who stops, wherever he is, when `stop` is cancelled. What he was about to deliver counts
    /// as not tried.
    pub fn new(settings: CourierSettings, clock: Arc<dyn Clock>, stop: CancellationToken) -> Self {
        Self {
            client: client(settings).map_err(|error| told(&error)),
            settings,
            clock,
            stop,
        }
    }

    async fn train(&self, endpoint: &Endpoint, train: &[Letter], until: Instant) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(train.len());
        for letter in train {
            if Instant::now() >= until {
                break;
            }
            let answer = self
                .stop
                .run_until_cancelled(self.bring(endpoint, &letter.event));
            let Some(answer) = answer.await else {
                break;
            };
            let goes_on = answer == Answer::Accepted;
            answers.push(answer);
            if !goes_on {
                break;
            }
        }
        answers
    }

    async fn bring(&self, endpoint: &Endpoint, event: &Told) -> Answer {
        let client = match &self.client {
            Ok(client) => client,
            Err(why) => return Answer::Refused(why.clone()),
        };
        // Registered when other URLs were allowed.
        if let Err(BadUrl(why)) = self.accepts(&endpoint.url) {
            return Answer::Refused(format!("the URL is not allowed: {why}"));
        }
        let (id, body) = match body(event) {
            Ok(body) => (event.id.to_string(), body),
            Err(error) => return Answer::Refused(format!("the event cannot be shown: {error}")),
        };
        let timestamp = self.clock.now().unix_timestamp();
        let signature = sign(&endpoint.secret, &id, timestamp, &body);
        let request = client
            .post(&endpoint.url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(body);
        match request.send().await {
            Ok(response) => answer(response).await,
            Err(error) => Answer::Refused(self.why(&error)),
        }
    }

    fn why(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no answer within {:?}", self.settings.timeout);
        }
        told(error)
    }
}

fn client(settings: CourierSettings) -> reqwest::Result<Client> {
    let client = Client::builder()
        .user_agent(concat!("boxoffice/", env!("CARGO_PKG_VERSION")))
        .timeout(settings.timeout)
        .redirect(Policy::none())
        // What may not be reached directly may not be reached by a detour.
        .no_proxy()
        .https_only(!settings.allow_http)
        // Less than what most servers keep a connection open for.
        .pool_idle_timeout(Duration::from_secs(4));
    let client = if settings.allow_http {
        client
    } else {
        client.dns_resolver(Arc::new(PublicOnly))
    };
    client.build()
}

/// What went wrong, without the URL: it may hold a secret of the receiver.
fn told(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_builder() || error.source().is_none() {
        return "the request could not be made".to_owned();
    }
    cause.to_string()
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(with = "time::serde::rfc3339")]
    timestamp: OffsetDateTime,
    data: &'a RawValue,
}

fn body(event: &Told) -> serde_json::Result<String> {
    let at = event.occurred_at;
    serde_json::to_string(&Body {
        kind: &event.kind,
        timestamp: at.checked_to_offset(UtcOffset::UTC).unwrap_or(at),
        data: serde_json::from_str(&event.data)?,
    })
}

async fn answer(mut response: Response) -> Answer {
    let status = response.status();
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > ANSWER_READ {
            break;
        }
    }
    match status {
        status if status.is_success() => Answer::Accepted,
        StatusCode::GONE => Answer::Gone,
        status if status.is_redirection() => {
            Answer::Refused(format!("HTTP {status}: redirects are not followed"))
        }
        status => Answer::Refused(format!("HTTP {status}")),
    }
}

#[async_trait]
impl Courier for HttpCourier {
    fn accepts(&self, url: &str) -> Result<(), BadUrl> {
        let bad = |why: &str| Err(BadUrl(why.to_owned()));
        // As it is written: what is read of it may be one slash longer.
        if url.chars().count() > LONGEST_URL {
            return bad("the URL has at most 2000 characters");
        }
        let Ok(url) = url.parse::<Url>() else {
            return bad("write a whole URL, such as https://receiver.example/events");
        };
        let allowed: &[_] = if self.settings.allow_http {
            &["https", "http"]
        } else {
            &["https"]
        };
        if !allowed.contains(&url.scheme()) {
            return bad("the URL begins with https:// (http:// only with --webhook-allow-http)");
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return bad("the URL has neither a user, nor a password, nor a fragment");
        }
        let host = url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if !self.settings.allow_http && address.is_ok_and(|address| !is_public(address)) {
            return bad("the address is not a public one (allowed with --webhook-allow-http)");
        }
        Ok(())
    }

    fn new_secret(&self) -> Result<Secret, StorageError> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| StorageError::failed("there is no randomness"))?;
        Ok(Secret::new(bytes))
    }

    async fn deliver(&self, endpoint: &Endpoint, trains: &[Train]) -> Vec<Vec<Answer>> {
        let until = Instant::now() + self.settings.timeout;
        let trains: Vec<_> = trains
            .iter()
            .map(|train| self.train(endpoint, train, until))
            .collect();
        stream::iter(trains).buffered(AT_ONCE).collect().await
    }
}

#[cfg(test)]
mod tests;
