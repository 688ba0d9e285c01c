//! Which service works over which ports.

use std::sync::Arc;

use adapters_http::{Api, Exposition, HttpSettings};
use adapters_postgres::Adapters;
use domain::{
    balance::BalanceService,
    cancellation::CancellationService,
    catalogue::CatalogueService,
    events::{Courier, EventService},
    house::HouseService,
    id::IdGenerator,
    operators::OperatorService,
    payment::PaymentService,
    queue::QueueService,
    reservations::ReservationService,
    users::UserService,
};
use tokio_util::sync::CancellationToken;

use crate::{cli::Serve, config::values::signed, ids::UuidV7Ids, keys::Secrets};

/// The use cases over the adapters, served until `stop`.
pub fn assemble(
    adapters: &Adapters,
    courier: Arc<dyn Courier>,
    options: &Serve,
    secrets: &Secrets,
    exposition: Arc<dyn Exposition>,
    stop: &CancellationToken,
) -> Api {
    let clock = adapters.clock.clone();
    let ids: Arc<dyn IdGenerator> = Arc::new(UuidV7Ids::new(clock.clone()));
    let queue = Arc::new(QueueService::new(
        adapters.tokens.clone(),
        adapters.line.clone(),
        adapters.presence.clone(),
        clock.clone(),
        ids.clone(),
    ));
    let catalogue = CatalogueService::new(
        adapters.catalogue.clone(),
        adapters.seat_maps.clone(),
        clock.clone(),
        ids.clone(),
    );
    let ledger = adapters.ledger.clone();
    Api {
        users: Arc::new(UserService::new(
            adapters.users.clone(),
            clock.clone(),
            ids.clone(),
        )),
        queue: queue.clone(),
        queue_control: queue,
        catalogue: Arc::new(catalogue),
        reservations: Arc::new(ReservationService::new(adapters.seats.clone(), ids.clone())),
        balances: Arc::new(BalanceService::new(
            ledger,
            ids.clone(),
            options.money.rules(),
        )),
        payments: Arc::new(PaymentService::new(
            adapters.cashier.clone(),
            adapters.line.clone(),
            ids.clone(),
        )),
        cancellations: Arc::new(CancellationService::new(
            adapters.cancellations.clone(),
            ids.clone(),
        )),
        house: Arc::new(HouseService::new(adapters.house.clone(), ids.clone())),
        operators: Arc::new(OperatorService::new(
            adapters.operators.clone(),
            ids.clone(),
        )),
        events: Arc::new(EventService::new(
            adapters.event_log.clone(),
            adapters.mailroom.clone(),
            courier,
            clock.clone(),
            ids.clone(),
        )),
        readiness: adapters.readiness.clone(),
        clock,
        ids,
        exposition,
        stop: stop.clone(),
        settings: settings(options, secrets),
    }
}

fn settings(options: &Serve, secrets: &Secrets) -> HttpSettings {
    HttpSettings {
        rate_limits: options.limits.rates(),
        cors_origins: options.listening.cors_origins.clone(),
        operator_key: secrets.operator.clone(),
        token_secrets: secrets.token.clone(),
        access_ttl: signed(options.keys.access_ttl),
        active_ttl: signed(options.queue.active_ttl),
        refund_rules: options.money.refund_rules(),
        venue_zone: options.listening.timezone.clone(),
        max_charge: options.money.rules().max_charge.get(),
        webhook_http: options.webhooks.courier().allow_http,
        sign_up: options.keys.sign_up(),
        request_timeout: options.listening.request_timeout,
        shutdown_timeout: options.listening.shutdown_timeout,
    }
}
