//! The table of paths (SPEC §4).

use actix_web::{
    Error, Resource, Route,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    guard,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use crate::{
    admin, balance, concerts, edge::deadline, health, payments, problem_pages, queue, reservations,
    seat_map, users,
};

/// Adds every path. What a resource does not list is answered 405 with an `Allow`, what is no
/// resource 404.
///
/// Paths are tried in this order, and one with an id in it costs a regular expression: those that
/// everyone asks for all the time come first, and have none.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .configure(queue_routes)
        .configure(fixed_booking_routes)
        .service(at("/health/live").route(get().to(health::live)))
        .service(at("/health/ready").route(get().to(health::ready)))
        .service(at("/v1/users").post(users::sign_up))
        .service(at("/v1/users/me").route(get().to(users::me)))
        .configure(booking_routes)
        .service(at("/v1/users/{id}/balance").route(get().to(balance::balance)))
        .service(at("/v1/users/{id}/balance/charges").post(balance::charge))
        .service(at("/v1/users/{id}/balance/entries").route(get().to(balance::entries)))
        .service(at("/problems").route(get().to(problem_pages::index)))
        .service(at("/problems/{code}").route(get().to(problem_pages::page)))
        .configure(admin_routes);
}

fn queue_routes(config: &mut ServiceConfig) {
    let me = at("/v1/queue/tokens/me")
        .route(get().to(queue::look))
        .delete(queue::leave);
    config
        .service(me)
        .service(at("/v1/queue/tokens/me/events").get(queue::events))
        .service(at("/v1/queue/tokens").post(queue::issue))
        .service(at("/v1/queue/check").post(queue::check));
}

fn fixed_booking_routes(config: &mut ServiceConfig) {
    let reservations = at("/v1/reservations")
        .route(get().to(reservations::mine))
        .post(reservations::hold);
    let payments = at("/v1/payments")
        .route(get().to(payments::mine))
        .post(payments::pay);
    config
        .service(reservations)
        .service(payments)
        .service(at("/v1/concerts").route(get().to(concerts::concerts)));
}

fn booking_routes(config: &mut ServiceConfig) {
    let reservation = at("/v1/reservations/{id}")
        .route(get().to(reservations::find))
        .delete(reservations::cancel);
    config
        .service(at("/v1/schedules/{id}/seats").route(get().to(seat_map::of_schedule)))
        .service(at("/v1/concerts/{id}/schedules").route(get().to(concerts::dates)))
        .service(at("/v1/concerts/{id}/seats").route(get().to(seat_map::of_date)))
        .service(reservation)
        .service(at("/v1/payments/{id}").route(get().to(payments::find)));
}

fn admin_routes(config: &mut ServiceConfig) {
    let queue = at("/v1/admin/queue")
        .route(get().to(admin::board))
        .patch(admin::change_policy);
    config
        .service(at("/v1/admin/concerts").post(admin::add_concert))
        .service(at("/v1/admin/concerts/{id}/schedules").post(admin::add_schedule))
        .service(queue);
}

/// The resource at `path`, bounded in time.
fn at(
    path: &str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    >,
> {
    web::resource(path).wrap(from_fn(deadline))
}

/// `GET`, and `HEAD` like it (RFC 9110 §9.1).
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

#[cfg(test)]
mod tests;
