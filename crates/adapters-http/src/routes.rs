//! The table of routes (SPEC §4).

use actix_web::{
    Error, HttpResponse, Resource, Route,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    guard,
    http::{Method, header::ALLOW},
    middleware::from_fn,
    web::{self, ServiceConfig, delete, get, patch, post},
};
use utoipa::OpenApi;

use crate::{
    admin, balance, board, concerts, docs,
    edge::deadline,
    event_feed, health,
    limits::FromMemory,
    meters::RouteMeter,
    openapi::{self, Group, Told},
    payments, problem_pages, queue, reservations, scrape, seat_map,
    server::Door,
    shop, users, webhooks,
};

/// Makes a module of each group, which adds its paths to a server and describes them, and a list of all
/// routes.
macro_rules! routes {
    ($($(#[$doc:meta])* $group:ident {
        $($path:literal $([$mark:path])? => $($method:ident $($handler:ident)::+),+;)+
    })+) => {
        $(
            $(#[$doc])*
            pub(crate) mod $group {
                use super::*;

                /// Adds the paths of this group.
                pub(crate) fn add(config: &mut ServiceConfig) {
                    config$(.service(
                        at($path)$(.app_data($mark))?
                            $(.route($method().to($($handler)::+)))+
                            .route(options(&[$(stringify!($method)),+]))
                    ))+;
                }

                #[derive(OpenApi)]
                #[openapi(paths($($($($handler)::+),+),+))]
                struct Written;

                /// What this group tells of itself.
                pub(crate) fn described() -> Group {
                    Group {
                        written: Written::openapi(),
                        routes: vec![$($((
                            named(stringify!($method)),
                            $path,
                            Told::operation(&$($handler)::+).named(concat!($("_", stringify!($handler)),+)),
                        )),+),+],
                    }
                }
            }
        )+

        /// The method and the path of every route.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$($($((stringify!($method), $path)),+),+),+];
    };
}

// What a path does not list is answered 405 with an `Allow`, what is no path 404.
//
// Paths are tried in this order, and one with an id in it costs a regular expression: those that
// everyone asks for all the time come first, and have none. Who may do what is written, and
// checked, in docs/routes.md. Users are not limited in reading what is marked `FromMemory`.
routes! {
    /// What fans ask for.
    fans {
        "/v1/queue/tokens/me" [FromMemory] => read queue::look, delete queue::leave;
        "/v1/queue/tokens/me/events" [FromMemory] => get queue::events::events;
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

    /// What tells of this process, and what its answers mean.
    process {
        "/health/live" => read health::live;
        "/health/ready" => read health::ready;
        "/problems" => read problem_pages::index;
        "/problems/{code}" => read problem_pages::page;
        "/openapi.json" => read openapi::openapi;
        "/docs" => read docs::page;
        "/docs/{file}" => read docs::part;
        "/" => read shop::page;
        "/app/{file}" => read shop::part;
        "/app/{folder}/{file}" => read shop::nested;
    }

    /// What the operator asks for.
    operator {
        "/v1/admin/concerts" => read admin::house::concerts, post admin::add_concert;
        "/v1/admin/concerts/{id}" => read admin::house::concert, patch admin::house::edit_concert;
        "/v1/admin/concerts/{id}/schedules" => post admin::add_schedule;
        "/v1/admin/schedules/{id}/cancellation" => read admin::cancellation::progress, post admin::cancellation::call_off;
        "/v1/admin/schedules/{id}" => read admin::house::report, patch admin::house::edit_schedule;
        "/v1/admin/schedules/{id}/seats" => read seat_map::for_operator;
        "/v1/admin/schedules/{id}/blocks" => read admin::seats::blocks, post admin::seats::block;
        "/v1/admin/blocks/{id}" => delete admin::seats::unblock;
        "/v1/admin/schedules/{id}/complimentary" => post admin::seats::give;
        "/v1/admin/queue" => read admin::board, patch admin::change_policy;
        "/v1/admin/keys" => read admin::keys::list, post admin::keys::add;
        "/v1/admin/keys/{id}" => delete admin::keys::revoke;
        "/v1/admin/log" => read admin::log::log;
        "/v1/admin/events" => read event_feed::feed;
        "/v1/admin/webhooks" => read webhooks::list, post webhooks::register;
        "/v1/admin/webhooks/{id}" => read webhooks::find, delete webhooks::remove;
        "/v1/admin/webhooks/{id}/redeliver" => post webhooks::redeliver;
        "/metrics" => read scrape::metrics;
        "/operator" => read board::page;
        "/operator/{file}" => read board::part;
        "/operator/{folder}/{file}" => read board::nested;
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

/// `OPTIONS`: which methods a path has (RFC 9110 §9.3.7). What a browser asks before a script's request
/// is answered around this.
fn options(methods: &'static [&'static str]) -> Route {
    let allowed = methods.iter().map(|method| match *method {
        "read" => "GET, HEAD".to_owned(),
        method => method.to_uppercase(),
    });
    let mut allowed: Vec<_> = allowed.collect();
    allowed.push("OPTIONS".to_owned());
    let allowed = allowed.join(", ");
    web::method(Method::OPTIONS).to(move || {
        let answer = HttpResponse::NoContent()
            .insert_header((ALLOW, allowed.clone()))
            .finish();
        std::future::ready(answer)
    })
}

/// The method of a route in the document.
fn named(method: &'static str) -> &'static str {
    match method {
        "read" => "get",
        method => method,
    }
}

/// What `door` opens on.
pub(crate) fn groups(door: Door) -> Vec<Group> {
    match door {
        Door::Only => vec![
            fans::described(),
            process::described(),
            operator::described(),
        ],
        Door::Fans => vec![fans::described(), process::described()],
        Door::Operator => vec![process::described(), operator::described()],
    }
}

#[cfg(test)]
mod tests;
