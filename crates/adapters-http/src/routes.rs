//! The table of routes (SPEC §4).

use actix_web::{
    Error, Resource, Route,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    guard,
    middleware::from_fn,
    web::{self, ServiceConfig, delete, get, patch, post},
};

use crate::{
    admin, balance, concerts, edge::deadline, health, limits::FromMemory, meters::RouteMeter,
    payments, problem_pages, queue, reservations, scrape, seat_map, users,
};

/// Makes a function of each group, which adds its paths to a server, and a list of all routes.
macro_rules! routes {
    ($($(#[$doc:meta])* $group:ident {
        $($path:literal $([$mark:path])? => $($method:ident $handler:path),+;)+
    })+) => {
        $(
            $(#[$doc])*
            pub(crate) fn $group(config: &mut ServiceConfig) {
                config$(.service(
                    at($path)$(.app_data($mark))?$(.route($method().to($handler)))+
                ))+;
            }
        )+

        /// The method and the path of every route.
        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$($($((stringify!($method), $path)),+),+),+];
    };
}

// What a path does not list is answered 405 with an `Allow`, what is no path 404.
//
// Paths are tried in this order, and one with an id in it costs a regular expression: those that
// everyone asks for all the time come first, and have none. Who may do what is written, and
// checked, in docs/routes.md. Users are not limited in reading what is marked `FromMemory`.
routes! {
    /// Adds what fans ask for.
    fans {
        "/v1/queue/tokens/me" [FromMemory] => read queue::look, delete queue::leave;
        "/v1/queue/tokens/me/events" [FromMemory] => get queue::events;
        "/v1/queue/tokens" => post queue::issue;
        "/v1/queue/check" => post queue::check;
        "/v1/reservations" => read reservations::mine, post reservations::hold;
        "/v1/payments" => read payments::mine, post payments::pay;
        "/v1/concerts" => read concerts::concerts;
        "/v1/users" => post users::sign_up;
        "/v1/users/me" => read users::me;
        "/v1/schedules/{id}/seats" [FromMemory] => read seat_map::of_schedule;
        "/v1/concerts/{id}/schedules" => read concerts::dates;
        "/v1/concerts/{id}/seats" [FromMemory] => read seat_map::of_date;
        "/v1/reservations/{id}" => read reservations::find, delete reservations::cancel;
        "/v1/payments/{id}" => read payments::find;
        "/v1/users/{id}/balance" => read balance::balance;
        "/v1/users/{id}/balance/charges" => post balance::charge;
        "/v1/users/{id}/balance/entries" => read balance::entries;
    }

    /// Adds what tells of this process, and what its answers mean.
    process {
        "/health/live" => read health::live;
        "/health/ready" => read health::ready;
        "/problems" => read problem_pages::index;
        "/problems/{code}" => read problem_pages::page;
    }

    /// Adds what the operator asks for.
    operator {
        "/v1/admin/concerts" => post admin::add_concert;
        "/v1/admin/concerts/{id}/schedules" => post admin::add_schedule;
        "/v1/admin/queue" => read admin::board, patch admin::change_policy;
        "/metrics" => read scrape::metrics;
    }
}

/// The resource at `path`, bounded in time and measured.
fn at(
    path: &'static str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    >,
> {
    web::resource(path)
        .app_data(RouteMeter::of(path))
        .wrap(from_fn(deadline))
}

/// `GET`, and `HEAD` like it (RFC 9110 §9.1).
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

#[cfg(test)]
mod tests;
