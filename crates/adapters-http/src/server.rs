//! The ports and settings, and the server made of them.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_cors::Cors;
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Condition, from_fn},
    web::{Data, ServiceConfig},
};
use domain::{
    balance::Balances,
    catalogue::Catalogue,
    clock::Clock,
    health::Readiness,
    id::IdGenerator,
    payment::Payments,
    queue::{Queue, QueueControl},
    reservations::Reservations,
    users::Users,
};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::OperatorKey,
    connection::{HEAD_TIMEOUT, connections},
    edge::{Deadline, edge},
    limits::{Limits, RateLimits},
    meters::{ProblemMeter, RouteMeter},
    routes,
    scrape::Exposition,
    token::Tokens,
    venue::VenueZone,
};

/// All that the API needs: the inbound ports it calls, time, ids and its settings.
pub struct Api {
    /// Signing up.
    pub users: Arc<dyn Users>,
    /// The waiting queue, for those in it.
    pub queue: Arc<dyn Queue>,
    /// The waiting queue, for the operator.
    pub queue_control: Arc<dyn QueueControl>,
    /// Concerts, dates and seats.
    pub catalogue: Arc<dyn Catalogue>,
    /// Holds.
    pub reservations: Arc<dyn Reservations>,
    /// Prepaid money.
    pub balances: Arc<dyn Balances>,
    /// Payments.
    pub payments: Arc<dyn Payments>,
    /// Whether this process can serve.
    pub readiness: Arc<dyn Readiness>,
    /// The time that tokens are made and checked by.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of requests.
    pub ids: Arc<dyn IdGenerator>,
    /// What is measured.
    pub exposition: Arc<dyn Exposition>,
    /// Cancelled when the server is to stop: answers that go on and on end at once.
    pub stop: CancellationToken,
    /// The rest.
    pub settings: HttpSettings,
}

/// The settings of the API (SPEC §7).
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// How often one may ask.
    pub rate_limits: RateLimits,
    /// The origins whose scripts may ask (`CORS_ORIGINS`), such as `https://tickets.example`.
    pub cors_origins: Vec<String>,
    /// What the operator's requests carry (`OPERATOR_KEY`).
    pub operator_key: SecretString,
    /// What tokens are signed with (`TOKEN_SECRET`), at least 32 bytes each; all processes share
    /// them. The first signs, the others are those that signed before.
    pub token_secrets: Vec<SecretString>,
    /// How long an access token lasts.
    pub access_ttl: time::Duration,
    /// How long an admitted queue token is active (`ACTIVE_TTL`).
    pub active_ttl: time::Duration,
    /// The time zone of the venue's day (`TIMEZONE`).
    pub venue_zone: VenueZone,
    /// Who may sign up (`SIGN_UP`).
    pub sign_up: SignUp,
    /// How long a request may take (`REQUEST_TIMEOUT`).
    pub request_timeout: Duration,
    /// How long requests may take to finish when the server stops (`SHUTDOWN_TIMEOUT`).
    pub shutdown_timeout: Duration,
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUp {
    /// Anyone.
    Open,
    /// Nobody; users come from the operator only.
    Closed,
}

/// What every worker's application shares, prepared once.
#[derive(Clone)]
pub(crate) struct Parts {
    users: Data<dyn Users>,
    queue: Data<dyn Queue>,
    queue_control: Data<dyn QueueControl>,
    catalogue: Data<dyn Catalogue>,
    reservations: Data<dyn Reservations>,
    balances: Data<dyn Balances>,
    payments: Data<dyn Payments>,
    readiness: Data<dyn Readiness>,
    clock: Data<dyn Clock>,
    ids: Data<dyn IdGenerator>,
    exposition: Data<dyn Exposition>,
    stop: Data<CancellationToken>,
    tokens: Data<Tokens>,
    operator_key: Data<OperatorKey>,
    venue_zone: Data<VenueZone>,
    sign_up: Data<SignUp>,
    deadline: Data<Deadline>,
    limits: Data<Limits>,
    cors_origins: Vec<String>,
}

/// What can be asked for at a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Everything.
    Only,
    /// What fans ask for, when the operator has a listener apart.
    Fans,
    /// What the operator asks for there.
    Operator,
}

impl Parts {
    /// Prepares `api`; an error tells which setting cannot be.
    pub(crate) fn new(api: Api) -> io::Result<Self> {
        let settings = api.settings;
        let tokens = Tokens::new(
            &settings.token_secrets,
            settings.access_ttl,
            settings.active_ttl,
        );
        let tokens = tokens.map_err(|weak| io::Error::new(io::ErrorKind::InvalidInput, weak))?;
        Ok(Self {
            users: api.users.into(),
            queue: api.queue.into(),
            queue_control: api.queue_control.into(),
            catalogue: api.catalogue.into(),
            reservations: api.reservations.into(),
            balances: api.balances.into(),
            payments: api.payments.into(),
            readiness: api.readiness.into(),
            clock: api.clock.into(),
            ids: api.ids.into(),
            exposition: api.exposition.into(),
            stop: Data::new(api.stop),
            tokens: Data::new(tokens),
            operator_key: Data::new(OperatorKey::new(&settings.operator_key)),
            venue_zone: Data::new(settings.venue_zone),
            sign_up: Data::new(settings.sign_up),
            deadline: Data::new(Deadline(settings.request_timeout)),
            limits: Data::new(Limits::new(&settings.rate_limits)),
            cors_origins: settings.cors_origins,
        })
    }

    fn configure(self, door: Door, config: &mut ServiceConfig) {
        config
            .app_data(self.users)
            .app_data(self.queue)
            .app_data(self.queue_control)
            .app_data(self.catalogue)
            .app_data(self.reservations)
            .app_data(self.balances)
            .app_data(self.payments)
            .app_data(self.readiness)
            .app_data(self.clock)
            .app_data(self.ids)
            .app_data(self.exposition)
            .app_data(RouteMeter::unmatched())
            .app_data(ProblemMeter::default())
            .app_data(self.stop)
            .app_data(self.tokens)
            .app_data(self.operator_key)
            .app_data(self.venue_zone)
            .app_data(self.sign_up)
            .app_data(self.deadline)
            .app_data(self.limits);
        if door != Door::Operator {
            config.configure(routes::fans);
        }
        config.configure(routes::process);
        if door != Door::Fans {
            config.configure(routes::operator);
        }
    }
}

/// The whole application, for the server's workers and for the tests.
pub(crate) fn app(
    parts: Parts,
    door: Door,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    >,
> {
    // The operator needs no browser.
    let asks_browsers = door != Door::Operator && !parts.cors_origins.is_empty();
    let cors = Condition::new(asks_browsers, cors(&parts.cors_origins));
    App::new()
        .configure(|config| parts.configure(door, config))
        .wrap(from_fn(edge))
        // Around the edge, which makes new answers of problems.
        .wrap(cors)
}

/// Lets scripts of `origins` ask all that fans can ask, and read all that they are told.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PATCH", "DELETE"])
        .allowed_headers([
            "accept-language",
            "authorization",
            "content-type",
            "idempotency-key",
            "if-none-match",
            "last-event-id",
            "x-request-id",
        ])
        .expose_headers([
            "etag",
            "idempotent-replayed",
            "location",
            "ratelimit",
            "ratelimit-policy",
            "retry-after",
            "x-request-id",
        ])
        .max_age(3_600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// Where a server listens.
#[derive(Debug)]
pub struct Listeners {
    /// For everyone.
    pub public: TcpListener,
    /// For the operator, whose routes are then at this one only (`ADMIN_LISTEN`).
    pub operator: Option<TcpListener>,
}

/// How often those are forgotten who have not asked for long.
const FORGET_EVERY: Duration = Duration::from_mins(1);

/// Serves `api` on `listeners`.
///
/// The server takes no signals: stop it through [`Server::handle`], and cancel [`Api::stop`] before.
/// Call it on a tokio runtime, and await the server for it to run. An error of the kind
/// `InvalidInput` is about a setting.
pub fn serve(listeners: Listeners, api: Api) -> io::Result<Server> {
    let shutdown = api.settings.shutdown_timeout;
    let shutdown = shutdown.as_secs() + u64::from(shutdown.subsec_nanos() > 0);
    let patience = HEAD_TIMEOUT + api.settings.request_timeout;
    let stop = api.stop.clone();
    let parts = Parts::new(api)?;
    tokio::spawn(stop.run_until_cancelled_owned(forget(parts.limits.clone())));
    let server = Server::build().shutdown_timeout(shutdown).disable_signals();
    let draining = server.graceful_shutdown_signal();
    let through = |door| {
        let (parts, draining) = (parts.clone(), draining.clone());
        move || connections(app(parts.clone(), door), draining.clone(), patience)
    };
    let server = match listeners.operator {
        None => server.listen("boxoffice", listeners.public, through(Door::Only))?,
        Some(operator) => server
            .listen("boxoffice", listeners.public, through(Door::Fans))?
            .listen("operator", operator, through(Door::Operator))?,
    };
    Ok(server.run())
}

async fn forget(limits: Data<Limits>) {
    loop {
        tokio::time::sleep(FORGET_EVERY).await;
        limits.forget();
    }
}

#[cfg(test)]
mod tests;
