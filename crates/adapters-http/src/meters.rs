//! What this adapter measures (docs/metrics.md): requests by route, and problems by code.
//!
//! A route's meter lies with the route, so that a request finds it without any look-up by name, and asks
//! for each counter once. Names are those of the table of routes: no path of a client becomes a label.

use std::{cell::OnceCell, time::Duration};

use actix_web::http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, describe_counter, describe_histogram, histogram};

use crate::problem::Code;

/// Says of each metric of this adapter what it means.
pub fn describe_metrics() {
    describe_counter!(
        "boxoffice_http_requests_total",
        "Requests that were answered, by the pattern of the route (or unmatched), method and status"
    );
    describe_histogram!(
        "boxoffice_http_request_duration_seconds",
        "Time from the head of a request to the head of its answer"
    );
    describe_counter!(
        "boxoffice_problems_total",
        "Problems that were answered, by code"
    );
}

/// The methods that are told apart.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PATCH", "DELETE", "other"];

/// The statuses that are told apart.
const STATUSES: [&str; 20] = [
    "200", "201", "204", "304", "400", "401", "402", "403", "404", "405", "409", "410", "413",
    "415", "422", "429", "500", "503", "202", "other",
];

fn method_place(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::POST => 2,
        Method::PATCH => 3,
        Method::DELETE => 4,
        _ => 5,
    }
}

fn status_place(status: StatusCode) -> usize {
    match status.as_u16() {
        200 => 0,
        201 => 1,
        204 => 2,
        304 => 3,
        400 => 4,
        401 => 5,
        402 => 6,
        403 => 7,
        404 => 8,
        405 => 9,
        409 => 10,
        410 => 11,
        413 => 12,
        415 => 13,
        422 => 14,
        429 => 15,
        500 => 16,
        503 => 17,
        202 => 18,
        _ => 19,
    }
}

/// What is measured of a route, by one thread.
pub(crate) struct RouteMeter {
    route: &'static str,
    methods: [MethodMeter; METHODS.len()],
}

#[derive(Default)]
struct MethodMeter {
    durations: OnceCell<Histogram>,
    answers: [OnceCell<Counter>; STATUSES.len()],
}

impl RouteMeter {
    /// Of the route with this pattern.
    pub(crate) fn of(route: &'static str) -> Self {
        Self {
            route,
            methods: Default::default(),
        }
    }

    /// Of all requests for what is no route.
    pub(crate) fn unmatched() -> Self {
        Self::of("unmatched")
    }

    /// Its name in metrics, logs and traces.
    pub(crate) const fn route(&self) -> &'static str {
        self.route
    }

    /// Notes that a request was answered.
    pub(crate) fn answered(&self, method: &Method, status: StatusCode, took: Duration) {
        let place = method_place(method);
        let (meter, route, method) = (&self.methods[place], self.route, METHODS[place]);
        let place = status_place(status);
        let answers = meter.answers[place].get_or_init(|| {
            let status = STATUSES[place];
            counter!(
                "boxoffice_http_requests_total",
                "route" => route, "method" => method, "status" => status
            )
        });
        answers.increment(1);
        let durations = meter.durations.get_or_init(|| {
            histogram!(
                "boxoffice_http_request_duration_seconds",
                "route" => route, "method" => method
            )
        });
        durations.record(took);
    }
}

/// How many problems were answered, by one thread.
pub(crate) struct ProblemMeter([OnceCell<Counter>; Code::ALL.len()]);

impl Default for ProblemMeter {
    fn default() -> Self {
        Self([const { OnceCell::new() }; Code::ALL.len()])
    }
}

impl ProblemMeter {
    /// Notes that a problem is answered.
    pub(crate) fn answered(&self, code: Code) {
        let name = code.entry().code;
        let problems = self.0[code as usize]
            .get_or_init(|| counter!("boxoffice_problems_total", "code" => name));
        problems.increment(1);
    }
}

#[cfg(test)]
mod tests;
