//! Until when a reservation can be given back, for those who show it.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use domain::{
    clock::Clock,
    reservations::{RefundRules, Reservation},
};
use time::OffsetDateTime;

use crate::{auth::part, moment::Moment, problem::Problem};

/// The rules of refunds, and the time of the request.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    rules: RefundRules,
    now: OffsetDateTime,
}

impl Terms {
    /// Until when `reservation` can be given back, if it can now.
    pub(super) fn refund_until(&self, reservation: &Reservation) -> Option<Moment> {
        let until = self.rules.refundable_until(self.now, reservation);
        until.map(Moment)
    }

    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(Self {
            rules: *part::<RefundRules>(request)?,
            now: part::<dyn Clock>(request)?.now(),
        })
    }
}

impl FromRequest for Terms {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}
