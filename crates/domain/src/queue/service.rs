//! The queue's use cases.

use std::sync::Arc;

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::{
    admission::{InvalidPolicy, Issued, JoinRefusal, JoinRequest, PolicyChange},
    line::Standing,
    ports::{Board, LineView, Presence, TokenQueue},
    token::{Pass, QueueToken, TokenRefusal, TokenState},
};
use crate::{
    clock::Clock,
    id::{IdGenerator, TokenId, UserId},
    operators::Operator,
    storage::StorageError,
};

/// A token and where it stands: what its owner is told (rule 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// The token.
    pub pass: Pass,
    /// Where it stands.
    pub status: QueueStatus,
}

/// Where a live token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueStatus {
    /// In the line.
    Waiting(WaitingView),
    /// Admitted.
    Active {
        /// When.
        since: OffsetDateTime,
        /// Until when.
        until: OffsetDateTime,
    },
}

/// A place in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingView {
    /// People ahead; the position is one more.
    pub ahead: u64,
    /// All who wait.
    pub total: u64,
    /// Until it is this one's turn, once a rate has been measured.
    pub estimated_wait: Option<Duration>,
    /// When to ask again.
    pub poll_after: Duration,
}

impl WaitingView {
    const SOONEST: i64 = 1_000;
    const LATEST: i64 = 60_000;

    /// A place with `ahead` people before it. Those farther back ask less often: 1 s at the head,
    /// 1 ms more for each person ahead, at most a minute. A quarter more or less, by the ticket,
    /// keeps those who arrived together from asking together.
    fn new(pass: &Pass, ahead: u64, total: u64, estimated_wait: Option<Duration>) -> Self {
        let distance = i64::try_from(ahead).unwrap_or(i64::MAX);
        let base = Self::SOONEST.saturating_add(distance).min(Self::LATEST);
        let spread =
            i64::try_from(pass.ticket.get().wrapping_mul(2_654_435_761) % 501).unwrap_or(0);
        let poll_after = Duration::milliseconds(base + base * (spread - 250) / 1_000);
        Self {
            ahead,
            total,
            estimated_wait,
            poll_after,
        }
    }
}

/// The answer to a check: the token, and whether it was issued just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The token.
    pub view: QueueView,
    /// There was none before.
    pub issued: bool,
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// Rule 1.
    #[error("no such user")]
    UserNotFound,
    /// Rule 2, with the token there is.
    #[error("the user has a live queue token already")]
    TokenExists(Box<QueueView>),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a token could not be given up.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    /// It had ended before.
    #[error("the queue token has ended")]
    Ended,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a pass does not open the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// Its turn has not come.
    #[error("the turn of the queue token has not come")]
    Waiting(QueueView),
    /// It is over.
    #[error("the queue token has ended")]
    Ended,
}

/// What handlers can ask about the queue.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Queue: Send + Sync {
    /// Issues a token (rules 1 to 3).
    async fn issue(&self, user: UserId) -> Result<QueueView, JoinError>;
    /// Reports the user's token, or issues one if there is none. `pass` is the token that the
    /// caller showed, if it showed one.
    async fn check(&self, user: UserId, pass: Option<Pass>) -> Result<Checked, JoinError>;
    /// Where a pass stands; no database query.
    async fn look(&self, pass: Pass) -> Result<QueueView, TokenRefusal>;
    /// Gives the place up.
    async fn leave(&self, pass: Pass) -> Result<(), LeaveError>;
    /// Whether a pass opens the shop, as far as this process knows; no database query.
    async fn admitted(&self, pass: Pass) -> Result<(), NotAdmitted>;
    /// Notes that a user made a request (rule 5).
    fn saw(&self, user: UserId);
}

/// What the operator's handlers can ask about the queue.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait QueueControl: Send + Sync {
    /// The policy and the counts.
    async fn board(&self) -> Result<Board, StorageError>;
    /// Changes the policy for all processes.
    async fn change(
        &self,
        operator: Operator,
        change: PolicyChange,
    ) -> Result<Result<Board, InvalidPolicy>, StorageError>;
}

/// [`Queue`] and [`QueueControl`] over the outbound ports.
pub struct QueueService {
    tokens: Arc<dyn TokenQueue>,
    line: Arc<dyn LineView>,
    presence: Arc<dyn Presence>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl QueueService {
    /// A service over these ports.
    pub fn new(
        tokens: Arc<dyn TokenQueue>,
        line: Arc<dyn LineView>,
        presence: Arc<dyn Presence>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self {
            tokens,
            line,
            presence,
            clock,
            ids,
        }
    }

    /// Where `pass` stands. A token issued a moment ago by another process may be unseen here: the
    /// line is refreshed once for it.
    async fn standing(&self, pass: &Pass) -> Standing {
        let standing = self.line.standing(pass, self.clock.now());
        if standing != Standing::Unseen {
            return standing;
        }
        self.line.refreshed().await;
        self.line.standing(pass, self.clock.now())
    }

    async fn view(&self, pass: Pass) -> Option<QueueView> {
        let status = match self.standing(&pass).await {
            Standing::Waiting {
                ahead,
                total,
                estimated_wait,
            } => QueueStatus::Waiting(WaitingView::new(&pass, ahead, total, estimated_wait)),
            Standing::Active { since, until } => QueueStatus::Active { since, until },
            Standing::Unseen | Standing::Ended => return None,
        };
        Some(QueueView { pass, status })
    }

    /// The view of a token that was issued just now: nothing has to be followed for it.
    fn view_of_new(&self, issued: &Issued) -> QueueView {
        let Issued {
            token: QueueToken { pass, state },
            ahead,
        } = *issued;
        let status = match state {
            TokenState::Active { since, until } => QueueStatus::Active { since, until },
            TokenState::Waiting | TokenState::Ended(_) => {
                let wait = self.line.wait_for(ahead + 1, self.clock.now());
                QueueStatus::Waiting(WaitingView::new(&pass, ahead, ahead + 1, wait))
            }
        };
        QueueView { pass, status }
    }

    /// The view of a token that was just read from the database, which the line may not have
    /// followed yet.
    async fn view_of(&self, token: QueueToken) -> QueueView {
        if let TokenState::Active { since, until } = token.state {
            return QueueView {
                pass: token.pass,
                status: QueueStatus::Active { since, until },
            };
        }
        if let Some(view) = self.view(token.pass).await {
            return view;
        }
        // Only when the line could not be refreshed: what is certain is that it waits.
        let waiting = WaitingView::new(&token.pass, 0, 1, None);
        QueueView {
            pass: token.pass,
            status: QueueStatus::Waiting(waiting),
        }
    }
}

#[async_trait]
impl Queue for QueueService {
    async fn issue(&self, user: UserId) -> Result<QueueView, JoinError> {
        let request = JoinRequest {
            token_id: TokenId::new(self.ids.next()),
            user_id: user,
        };
        match self.tokens.join(request).await? {
            Ok(issued) => Ok(self.view_of_new(&issued)),
            Err(JoinRefusal::UserNotFound) => Err(JoinError::UserNotFound),
            Err(JoinRefusal::TokenExists(token)) => {
                Err(JoinError::TokenExists(Box::new(self.view_of(token).await)))
            }
        }
    }

    async fn check(&self, user: UserId, pass: Option<Pass>) -> Result<Checked, JoinError> {
        if let Some(pass) = pass
            && let Some(view) = self.view(pass).await
        {
            return Ok(Checked {
                view,
                issued: false,
            });
        }
        match self.issue(user).await {
            Ok(view) => Ok(Checked { view, issued: true }),
            Err(JoinError::TokenExists(view)) => Ok(Checked {
                view: *view,
                issued: false,
            }),
            Err(other) => Err(other),
        }
    }

    async fn look(&self, pass: Pass) -> Result<QueueView, TokenRefusal> {
        self.view(pass).await.ok_or(TokenRefusal::Ended)
    }

    async fn leave(&self, pass: Pass) -> Result<(), LeaveError> {
        if !self.tokens.leave(pass.token_id).await? {
            return Err(LeaveError::Ended);
        }
        self.line.refreshed().await;
        Ok(())
    }

    async fn admitted(&self, pass: Pass) -> Result<(), NotAdmitted> {
        match self.view(pass).await {
            Some(QueueView {
                status: QueueStatus::Active { .. },
                ..
            }) => Ok(()),
            Some(waiting) => Err(NotAdmitted::Waiting(waiting)),
            None => Err(NotAdmitted::Ended),
        }
    }

    fn saw(&self, user: UserId) {
        self.presence.saw(user);
    }
}

#[async_trait]
impl QueueControl for QueueService {
    async fn board(&self) -> Result<Board, StorageError> {
        self.tokens.board().await
    }

    async fn change(
        &self,
        operator: Operator,
        change: PolicyChange,
    ) -> Result<Result<Board, InvalidPolicy>, StorageError> {
        self.tokens.change_policy(operator, change).await
    }
}

#[cfg(test)]
mod tests;
