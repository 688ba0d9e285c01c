//! Who asks and about which reservation, for the log and for traces. It is learnt on the way, so it
//! is kept with the request.

use std::future::{Ready, ready};

use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, dev::Payload};
use domain::id::{ReservationId, UserId};
use tracing::{Span, field::display};

/// What is known of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// Who asks, by a genuine token.
    pub user: Option<UserId>,
    /// Which reservation it is about.
    pub reservation: Option<ReservationId>,
}

impl Known {
    /// What is known of `request` so far.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let extensions = request.extensions();
        extensions.get::<Self>().copied().unwrap_or_default()
    }

    fn keep(self, request: &HttpRequest) {
        request.extensions_mut().insert(self);
    }
}

/// Notes who asks.
pub(crate) fn asked_by(request: &HttpRequest, user: UserId) {
    Span::current().record("user_id", display(user));
    let known = Known::of(request);
    Known {
        user: Some(user),
        ..known
    }
    .keep(request);
}

/// Notes for a handler what its request is about.
pub(crate) struct Trail(HttpRequest);

impl Trail {
    /// It is about this reservation.
    pub(crate) fn about(&self, reservation: ReservationId) {
        Span::current().record("reservation_id", display(reservation));
        let known = Known::of(&self.0);
        Known {
            reservation: Some(reservation),
            ..known
        }
        .keep(&self.0);
    }
}

impl FromRequest for Trail {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.clone())))
    }
}
