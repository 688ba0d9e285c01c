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
    cancellation::Cancellations,
    catalogue::Catalogue,
    clock::Clock,
    events::Events,
    health::Readiness,
    house::House,
    id::IdGenerator,
    operators::Operators,
    payment::Payments,
    queue::{Queue, QueueControl},
    reservations::{RefundRules, Reservations},
    users::Users,
};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::RootKey,
    coding::compress,
    connection::{HEAD_TIMEOUT, KEEP_ALIVE, Patience, connections},
    edge::{Deadline, edge},
    limits::{Limits, RateLimits},
    meters::{ProblemMeter, RouteMeter},
    openapi::{Bounds, Documents},
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
    /// Dates that are called off.
    pub cancellations: Arc<dyn Cancellations>,
    /// Concerts and dates under way, for operators.
    pub house: Arc<dyn House>,
    /// Operators' keys and what was done with them.
    pub operators: Arc<dyn Operators>,
    /// What happened, and who is told.
    pub events: Arc<dyn Events>,
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
    /// The root key, what the operator's requests carry (`OPERATOR_KEY`); it makes further keys.
    pub operator_key: SecretString,
    /// What tokens are signed with (`TOKEN_SECRET`), at least 32 bytes each; all processes share
    /// them. The first signs, the others are those that signed before.
    pub token_secrets: Vec<SecretString>,
    /// How long an access token lasts.
    pub access_ttl: time::Duration,
    /// How long an admitted queue token is active (`ACTIVE_TTL`).
    pub active_ttl: time::Duration,
    /// Until when paid reservations can be given back (`REFUND_UNTIL`).
    pub refund_rules: RefundRules,
    /// The time zone of the venue's day (`TIMEZONE`).
    pub venue_zone: VenueZone,
    /// The largest charge in won (`MAX_CHARGE`), as the document tells it.
    pub max_charge: i64,
    /// Whether webhooks may be `http://` URLs (`WEBHOOK_ALLOW_HTTP`), as the document tells it.
    pub webhook_http: bool,
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
    cancellations: Data<dyn Cancellations>,
    house: Data<dyn House>,
    operators: Data<dyn Operators>,
    events: Data<dyn Events>,
    readiness: Data<dyn Readiness>,
    clock: Data<dyn Clock>,
    ids: Data<dyn IdGenerator>,
    exposition: Data<dyn Exposition>,
    stop: Data<CancellationToken>,
    tokens: Data<Tokens>,
    refund_rules: Data<RefundRules>,
    root_key: Data<RootKey>,
    venue_zone: Data<VenueZone>,
    sign_up: Data<SignUp>,
    deadline: Data<Deadline>,
    limits: Data<Limits>,
    documents: Data<Documents>,
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
            cancellations: api.cancellations.into(),
            house: api.house.into(),
            operators: api.operators.into(),
            events: api.events.into(),
            readiness: api.readiness.into(),
            clock: api.clock.into(),
            ids: api.ids.into(),
            exposition: api.exposition.into(),
            stop: Data::new(api.stop),
            tokens: Data::new(tokens),
            refund_rules: Data::new(settings.refund_rules),
            root_key: Data::new(RootKey::new(&settings.operator_key)),
            venue_zone: Data::new(settings.venue_zone),
            sign_up: Data::new(settings.sign_up),
            deadline: Data::new(Deadline(settings.request_timeout)),
            limits: Data::new(Limits::new(&settings.rate_limits)),
            documents: Data::new(Documents::new(Bounds {
                max_charge: settings.max_charge,
                webhook_http: settings.webhook_http,
            })),
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
            .app_data(self.cancellations)
            .app_data(self.house)
            .app_data(self.operators)
            .app_data(self.events)
            .app_data(self.readiness)
            .app_data(self.clock)
            .app_data(self.ids)
            .app_data(self.exposition)
            .app_data(RouteMeter::unmatched())
            .app_data(ProblemMeter::default())
            .app_data(self.stop)
            .app_data(self.tokens)
            .app_data(self.refund_rules)
            .app_data(self.root_key)
            .app_data(self.venue_zone)
            .app_data(self.sign_up)
            .app_data(self.deadline)
            .app_data(self.limits)
            .app_data(self.documents)
            .app_data(Data::new(door));
        if door != Door::Operator {
            config.configure(routes::fans::add);
        }
        config.configure(routes::process::add);
        if door != Door::Fans {
            config.configure(routes::operator::add);
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
        .wrap(from_fn(compress))
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
            "link",
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
    let patience = Patience {
        stuck: HEAD_TIMEOUT + api.settings.request_timeout,
        idle: KEEP_ALIVE,
    };
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
