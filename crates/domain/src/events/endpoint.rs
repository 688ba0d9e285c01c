//! Webhook endpoints: where events are sent to.

use std::fmt;

use time::OffsetDateTime;

use super::EventKind;
use crate::{
    id::{EndpointId, EventId},
    operators::{Action, Change},
};

/// What the requests to an endpoint are signed with. Its owner has it, too.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The secret of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to sign with, to be stored, or to be shown once.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Never shown by accident.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where events are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Which.
    pub id: EndpointId,
    /// Where.
    pub url: String,
    /// The kinds that it wants; `None`: all, also those there will be one day.
    pub kinds: Option<Vec<EventKind>>,
    /// What its requests are signed with.
    pub secret: Secret,
    /// When it was registered.
    pub created_at: OffsetDateTime,
}

impl Endpoint {
    /// Whether it wants events of the kind with this name.
    pub fn wants(&self, kind: &str) -> bool {
        let kinds = self.kinds.as_ref();
        kinds.is_none_or(|kinds| kinds.iter().any(|wanted| wanted.name() == kind))
    }

    /// That it was registered, for the log; without its secret.
    pub fn registered(&self) -> Change {
        let kinds = self.kinds.as_ref();
        let names = kinds.map(|kinds| kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>());
        Change::new(Action::WebhookCreated)
            .of("webhook_id", self.id.get())
            .set("url", self.url.as_str())
            .set("events", names.map(|names| names.join(" ")))
    }
}

/// That the endpoint was removed, for the log.
pub fn removed(id: EndpointId) -> Change {
    Change::new(Action::WebhookRemoved).of("webhook_id", id.get())
}

/// That the dead letter of `event`, or every one, `letters` in all, is sent again, for the log.
pub fn redelivered(id: EndpointId, event: Option<EventId>, letters: u64) -> Change {
    let change = Change::new(Action::WebhookRedelivered).of("webhook_id", id.get());
    let change = match event {
        Some(event) => change.of("event_id", event.get()),
        None => change,
    };
    change.set("letters", i64::try_from(letters).unwrap_or(i64::MAX))
}

/// How an endpoint fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointState {
    /// What it was sent last was accepted, or nothing was sent yet.
    Active,
    /// It accepts nothing at the moment and is asked again and again.
    Failing,
    /// It has said that it is gone (410): it is sent nothing until the operator redelivers.
    Disabled,
}

/// An endpoint as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointReport {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Since when it has been disabled.
    pub disabled_at: Option<OffsetDateTime>,
    /// How often in a row nothing was accepted.
    pub failures: u32,
    /// Why not, the last time.
    pub last_error: Option<String>,
    /// All events up to this position were accepted, are letters, or are not wanted.
    pub position: u64,
    /// When the oldest event happened that it was not yet brought.
    pub oldest_undelivered: Option<OffsetDateTime>,
    /// How many letters are tried again, or wait behind such.
    pub waiting: u64,
    /// How many letters were given up.
    pub dead: u64,
}

impl EndpointReport {
    /// How it fares.
    pub const fn state(&self) -> EndpointState {
        match (self.disabled_at, self.failures) {
            (Some(_), _) => EndpointState::Disabled,
            (None, 0) => EndpointState::Active,
            (None, _) => EndpointState::Failing,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::Uuid;

    pub(crate) fn endpoint(kinds: Option<Vec<EventKind>>) -> Endpoint {
        Endpoint {
            id: EndpointId::new(Uuid::from_u128(1)),
            url: "https://receiver.example/events".into(),
            kinds,
            secret: Secret::new([7; 32]),
            created_at: datetime!(2026-01-01 12:00 UTC),
        }
    }

    #[test]
    fn an_endpoint_gets_what_it_asked_for_or_everything() {
        let all = endpoint(None);
        assert!(all.wants("reservation.held") && all.wants("a.kind.of.tomorrow"));
        let some = endpoint(Some(vec![EventKind::ReservationPaid]));
        assert!(some.wants("reservation.paid") && !some.wants("reservation.held"));
    }

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        let shown = format!("{:?}", endpoint(None));
        assert!(shown.contains("Secret(…)") && !shown.contains("7, 7"));
    }
}
