//! A user's place: `waiting` → `active` → ended.

use std::fmt;

use time::OffsetDateTime;

use crate::id::{TokenId, UserId};

/// A number in the line. Tickets are gapless and given in commit order, so a lower ticket has
/// always waited longer (rule 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

impl Ticket {
    /// The first ticket ever given.
    pub const FIRST: Self = Self(1);

    /// The ticket with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The ticket after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a queue token proves about its bearer, fixed when it was issued.
///
/// It says whose place it is and which, never how far it has come: that is looked up each time, so
/// nothing a client sends can improve its place (rule 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The token.
    pub token_id: TokenId,
    /// Its owner.
    pub user_id: UserId,
    /// Its number in the line.
    pub ticket: Ticket,
    /// When its owner joined.
    pub entered_at: OffsetDateTime,
    /// When it ends if its turn has not come by then (`waiting_ttl`).
    pub waiting_until: OffsetDateTime,
}

/// How far a token has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// Its turn has not come.
    Waiting,
    /// Admitted to shop.
    Active {
        /// When it was admitted.
        since: OffsetDateTime,
        /// When it ends by time (`active_ttl`).
        until: OffsetDateTime,
    },
    /// Over; it never revives (rule 5).
    Ended(EndReason),
}

/// Why a token ended (rule 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its time ran out, waiting or active.
    Time,
    /// Its owner left.
    Left,
    /// Its owner paid.
    Paid,
    /// Its owner was admitted and made no request for `no_show_after`.
    NoShow,
}

/// A token as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueToken {
    /// What it proves.
    pub pass: Pass,
    /// How far it has come.
    pub state: TokenState,
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Its turn has not come.
    #[error("the turn of the queue token has not come")]
    Waiting,
    /// It is over.
    #[error("the queue token has ended")]
    Ended,
}

impl QueueToken {
    /// Whether it is neither over nor past its time at `now`.
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        match self.state {
            TokenState::Waiting => now < self.pass.waiting_until,
            TokenState::Active { until, .. } => now < until,
            TokenState::Ended(_) => false,
        }
    }
}

/// Whether `pass` lets its bearer shop at `now`, by the token that the database has under its id
/// (`None`: it has none). A token of somebody else opens nothing (rule 8).
///
/// Asked again under the locks of each hold and payment: the line in memory may lag, the database
/// decides.
pub fn admits(
    pass: &Pass,
    token: Option<&QueueToken>,
    now: OffsetDateTime,
) -> Result<(), TokenRefusal> {
    match token.filter(|token| token.pass.user_id == pass.user_id) {
        Some(token) if token.is_live(now) => match token.state {
            TokenState::Active { .. } => Ok(()),
            TokenState::Waiting | TokenState::Ended(_) => Err(TokenRefusal::Waiting),
        },
        _ => Err(TokenRefusal::Ended),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use time::{Duration, macros::datetime};
    use uuid::Uuid;

    pub(crate) const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

    pub(crate) fn pass(number: u64) -> Pass {
        Pass {
            token_id: TokenId::new(Uuid::from_u128(u128::from(number))),
            user_id: UserId::new(Uuid::from_u128(u128::from(number))),
            ticket: Ticket::new(number),
            entered_at: NOON,
            waiting_until: NOON + Duration::HOUR,
        }
    }

    pub(crate) fn active(number: u64) -> QueueToken {
        let state = TokenState::Active {
            since: NOON,
            until: NOON + Duration::minutes(5),
        };
        QueueToken {
            pass: pass(number),
            state,
        }
    }

    #[test]
    fn a_ticket_is_shown_as_its_number() {
        assert_eq!(Ticket::new(7).to_string(), "7");
    }

    #[test]
    fn rule_8_only_an_active_token_within_its_time_opens() {
        let waiting = QueueToken {
            pass: pass(1),
            state: TokenState::Waiting,
        };
        let left = QueueToken {
            pass: pass(1),
            state: TokenState::Ended(EndReason::Left),
        };
        let late = NOON + Duration::minutes(5);
        let admits = |token: Option<&QueueToken>, now| admits(&pass(1), token, now);
        assert_eq!(admits(Some(&active(1)), NOON), Ok(()));
        assert_eq!(admits(Some(&active(1)), late), Err(TokenRefusal::Ended));
        assert_eq!(admits(Some(&waiting), NOON), Err(TokenRefusal::Waiting));
        assert_eq!(
            admits(Some(&waiting), NOON + Duration::HOUR),
            Err(TokenRefusal::Ended)
        );
        assert_eq!(admits(Some(&left), NOON), Err(TokenRefusal::Ended));
        assert_eq!(admits(None, NOON), Err(TokenRefusal::Ended));
    }

    #[test]
    fn rule_8_the_active_token_of_somebody_else_opens_nothing() {
        let foreign = Pass {
            user_id: pass(2).user_id,
            ..pass(1)
        };
        assert_eq!(
            admits(&foreign, Some(&active(1)), NOON),
            Err(TokenRefusal::Ended)
        );
    }
}
