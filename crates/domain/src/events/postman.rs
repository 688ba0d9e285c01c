//! The rounds of deliveries.

use std::sync::Arc;

use super::{
    delivery::{Claim, RetryRules},
    ports::{Courier, Mailroom},
};
use crate::{clock::Clock, id::IdGenerator, storage::StorageError};

/// Brings events to endpoints, a round at a time. Every process has one; a lease decides who serves
/// an endpoint.
pub struct Postman {
    mailroom: Arc<dyn Mailroom>,
    courier: Arc<dyn Courier>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    rules: RetryRules,
}

impl Postman {
    /// A postman with these ports and rules.
    pub fn new(
        mailroom: Arc<dyn Mailroom>,
        courier: Arc<dyn Courier>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
        rules: RetryRules,
    ) -> Self {
        Self {
            mailroom,
            courier,
            clock,
            ids,
            rules,
        }
    }

    /// An endpoint to serve, if there is one.
    pub async fn claim(&self) -> Result<Option<Claim>, StorageError> {
        let (lease, term) = (self.ids.next(), self.rules.lease());
        self.mailroom.claim(lease, term).await
    }

    /// Serves it.
    pub async fn deliver(&self, claim: Claim) -> Result<(), StorageError> {
        let trains = claim.trains();
        let answers = self.courier.deliver(&claim.endpoint, &trains).await;
        // The last byte of an id is random.
        let [.., luck] = self.ids.next().into_bytes();
        let now = self.clock.now();
        let settlement = claim.settle(now, &self.rules, trains, answers, luck);
        // If it was late, somebody else does it again.
        self.mailroom.settle(settlement).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::FixedClock,
        events::{Answer, MockCourier, MockMailroom, endpoint::tests::endpoint},
        id::CountingIds,
    };
    use futures_util::FutureExt;
    use std::collections::BTreeSet;
    use time::{Duration, macros::datetime};
    use uuid::Uuid;

    #[test]
    fn a_round_is_claimed_for_the_lease_s_time_delivered_and_settled() {
        let rules = RetryRules {
            base: Duration::seconds(5),
            tries: 10,
            timeout: Duration::seconds(15),
        };
        let claimed = |lease: Uuid| Claim {
            lease,
            endpoint: endpoint(None),
            failures: 0,
            events: Vec::new(),
            position: 7,
            due: Vec::new(),
            blocked: BTreeSet::new(),
        };
        let (mut mailroom, mut courier) = (MockMailroom::new(), MockCourier::new());
        mailroom
            .expect_claim()
            .withf(move |_, term| *term == rules.lease())
            .returning(move |lease, _| Ok(Some(claimed(lease))));
        courier
            .expect_deliver()
            .times(1)
            .returning(|_, _| Vec::<Vec<Answer>>::new());
        mailroom
            .expect_settle()
            .times(1)
            .withf(|settled| settled.lease == Uuid::from_u64_pair(0, 1) && settled.position == 7)
            .returning(|_| Ok(false));
        let postman = Postman::new(
            Arc::new(mailroom),
            Arc::new(courier),
            Arc::new(FixedClock::at(datetime!(2026-01-01 12:00 UTC))),
            Arc::new(CountingIds::default()),
            rules,
        );
        let round = async {
            let claim = postman.claim().await.unwrap().unwrap();
            postman.deliver(claim).await.unwrap();
        };
        round.now_or_never().unwrap();
    }
}
