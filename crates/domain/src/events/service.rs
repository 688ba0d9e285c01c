//! What the operator does with events.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    endpoint::{Endpoint, EndpointReport},
    event::{EventKind, Told},
    ports::{BadUrl, Courier, EventLog, Mailroom},
};
use crate::{
    clock::Clock,
    id::{EndpointId, EventId, IdGenerator},
    operators::Operator,
    storage::StorageError,
};

/// Why an endpoint was not registered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RegisterError {
    /// Nothing can or may be sent there.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// It would get nothing.
    #[error("name at least one type, or none at all to get every event")]
    NoKinds,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why there is nothing to tell of, or to do with, an endpoint.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is no such endpoint.
    #[error("no such webhook endpoint")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why nothing was redelivered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RedeliverError {
    /// There is no such endpoint.
    #[error("no such webhook endpoint")]
    NotFound,
    /// The event that was named is no dead letter of this endpoint.
    #[error("no dead letter with this event")]
    NoLetter,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What handlers can ask about events.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Events: Send + Sync {
    /// The events after `position`, in their order, at most `limit`.
    async fn after(&self, position: u64, limit: u32) -> Result<Vec<Told>, StorageError>;
    /// Registers an endpoint for events of these kinds (`None`: all) from now on.
    async fn register(
        &self,
        operator: Operator,
        url: String,
        kinds: Option<Vec<EventKind>>,
    ) -> Result<EndpointReport, RegisterError>;
    /// All endpoints, the oldest first.
    async fn endpoints(&self) -> Result<Vec<EndpointReport>, StorageError>;
    /// An endpoint.
    async fn endpoint(&self, id: EndpointId) -> Result<EndpointReport, WebhookError>;
    /// Removes an endpoint; what it was not yet brought it never gets.
    async fn remove(&self, operator: Operator, id: EndpointId) -> Result<(), WebhookError>;
    /// Delivers a dead letter again, or all of them, and tells how many. Enables the endpoint.
    async fn redeliver(
        &self,
        operator: Operator,
        id: EndpointId,
        event: Option<EventId>,
    ) -> Result<u64, RedeliverError>;
}

/// [`Events`] over an [`EventLog`], a [`Mailroom`] and a [`Courier`].
pub struct EventService {
    log: Arc<dyn EventLog>,
    mailroom: Arc<dyn Mailroom>,
    courier: Arc<dyn Courier>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl EventService {
    /// A service over these ports.
    pub fn new(
        log: Arc<dyn EventLog>,
        mailroom: Arc<dyn Mailroom>,
        courier: Arc<dyn Courier>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self {
            log,
            mailroom,
            courier,
            clock,
            ids,
        }
    }
}

#[async_trait]
impl Events for EventService {
    async fn after(&self, position: u64, limit: u32) -> Result<Vec<Told>, StorageError> {
        self.log.after(position, limit).await
    }

    async fn register(
        &self,
        operator: Operator,
        url: String,
        kinds: Option<Vec<EventKind>>,
    ) -> Result<EndpointReport, RegisterError> {
        self.courier.accepts(&url)?;
        if kinds.as_ref().is_some_and(Vec::is_empty) {
            return Err(RegisterError::NoKinds);
        }
        let endpoint = Endpoint {
            id: EndpointId::new(self.ids.next()),
            url,
            kinds,
            secret: self.courier.new_secret()?,
            created_at: self.clock.now(),
        };
        Ok(self.mailroom.add(operator, endpoint).await?)
    }

    async fn endpoints(&self) -> Result<Vec<EndpointReport>, StorageError> {
        self.mailroom.list().await
    }

    async fn endpoint(&self, id: EndpointId) -> Result<EndpointReport, WebhookError> {
        self.mailroom.find(id).await?.ok_or(WebhookError::NotFound)
    }

    async fn remove(&self, operator: Operator, id: EndpointId) -> Result<(), WebhookError> {
        let removed = self.mailroom.remove(operator, id).await?;
        removed.then_some(()).ok_or(WebhookError::NotFound)
    }

    async fn redeliver(
        &self,
        operator: Operator,
        id: EndpointId,
        event: Option<EventId>,
    ) -> Result<u64, RedeliverError> {
        if self.mailroom.find(id).await?.is_none() {
            return Err(RedeliverError::NotFound);
        }
        let letters = self.mailroom.redeliver(operator, id, event).await?;
        match (letters, event) {
            (0, Some(_)) => Err(RedeliverError::NoLetter),
            (letters, _) => Ok(letters),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::FixedClock,
        events::{MockCourier, MockEventLog, MockMailroom, Secret, endpoint::tests::endpoint},
        id::CountingIds,
    };
    use futures_util::FutureExt;
    use time::macros::datetime;
    use uuid::Uuid;

    fn report(endpoint: Endpoint) -> EndpointReport {
        EndpointReport {
            endpoint,
            disabled_at: None,
            failures: 0,
            last_error: None,
            position: 0,
            oldest_undelivered: None,
            waiting: 0,
            dead: 0,
        }
    }

    const TESTER: Operator = Operator::command("a test");

    fn service(mailroom: MockMailroom) -> EventService {
        let mut courier = MockCourier::new();
        courier.expect_accepts().returning(|url| {
            let good = url.starts_with("https://");
            good.then_some(()).ok_or_else(|| BadUrl("no".into()))
        });
        courier
            .expect_new_secret()
            .returning(|| Ok(Secret::new([7; 32])));
        EventService::new(
            Arc::new(MockEventLog::new()),
            Arc::new(mailroom),
            Arc::new(courier),
            Arc::new(FixedClock::at(datetime!(2026-01-01 12:00 UTC))),
            Arc::new(CountingIds::default()),
        )
    }

    fn register(url: &str, kinds: Option<Vec<EventKind>>) -> Result<EndpointReport, RegisterError> {
        let mut mailroom = MockMailroom::new();
        mailroom
            .expect_add()
            .returning(|_, endpoint| Ok(report(endpoint)));
        let service = service(mailroom);
        let registered = service.register(TESTER, url.into(), kinds).now_or_never();
        registered.unwrap()
    }

    #[test]
    fn an_endpoint_is_registered_with_a_new_id_and_secret() {
        let url = "https://receiver.example/events";
        let registered = register(url, None).unwrap();
        assert_eq!(registered.endpoint, endpoint(None));
    }

    #[test]
    fn an_endpoint_that_cannot_be_or_would_get_nothing_is_refused() {
        let refused = register("ftp://x", None);
        assert!(matches!(refused, Err(RegisterError::Url(_))), "{refused:?}");
        let refused = register("https://x", Some(Vec::new()));
        assert!(
            matches!(refused, Err(RegisterError::NoKinds)),
            "{refused:?}"
        );
    }

    #[test]
    fn redelivering_tells_an_unknown_endpoint_from_an_unknown_letter() {
        let redeliver = |known: bool, letters: u64, event| {
            let mut mailroom = MockMailroom::new();
            let found = known.then(|| report(endpoint(None)));
            mailroom.expect_find().returning(move |_| Ok(found.clone()));
            mailroom
                .expect_redeliver()
                .returning(move |_, _, _| Ok(letters));
            let service = service(mailroom);
            let done = service.redeliver(TESTER, EndpointId::new(Uuid::nil()), event);
            done.now_or_never().unwrap()
        };
        let event = Some(EventId::new(Uuid::nil()));
        let unknown = redeliver(false, 0, None);
        assert!(matches!(unknown, Err(RedeliverError::NotFound)));
        let no_letter = redeliver(true, 0, event);
        assert!(matches!(no_letter, Err(RedeliverError::NoLetter)));
        assert_eq!(redeliver(true, 0, None).unwrap(), 0);
        assert_eq!(redeliver(true, 1, event).unwrap(), 1);
    }

    #[test]
    fn endpoints_are_those_of_the_mailroom_and_one_that_is_not_there_is_not_removed() {
        let mut mailroom = MockMailroom::new();
        let two = vec![report(endpoint(None)), report(endpoint(None))];
        mailroom.expect_list().returning(move || Ok(two.clone()));
        mailroom.expect_remove().returning(|_, _| Ok(false));
        let service = service(mailroom);
        let endpoints = service.endpoints().now_or_never().unwrap().unwrap();
        assert_eq!(endpoints.len(), 2);
        let removed = service.remove(TESTER, EndpointId::new(Uuid::nil()));
        let removed = removed.now_or_never().unwrap();
        assert!(matches!(removed, Err(WebhookError::NotFound)));
    }

    #[test]
    fn events_are_those_of_the_log_after_a_position() {
        let mut log = MockEventLog::new();
        log.expect_after()
            .withf(|position, limit| (*position, *limit) == (7, 5))
            .returning(|_, _| Err(StorageError::Busy));
        let mut service = service(MockMailroom::new());
        service.log = Arc::new(log);
        let told = service.after(7, 5).now_or_never().unwrap();
        assert!(matches!(told, Err(StorageError::Busy)));
    }
}
