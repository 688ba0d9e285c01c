//! The line in memory: positions without the database (rules 6 and 7).

use std::collections::{HashMap, HashSet};

use roaring::RoaringTreemap;
use time::{Duration, OffsetDateTime};

use super::{
    admission::AdmissionRate,
    token::{Pass, Ticket, TokenState},
};
use crate::id::UserId;

/// One token's state, as read from the database after the version that the line had reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose token.
    pub user_id: UserId,
    /// Which.
    pub ticket: Ticket,
    /// Its state now.
    pub state: TokenState,
}

/// Where a pass stands, as far as this process has followed the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its ticket is newer than anything followed so far: ask again after the next refresh.
    Unseen,
    /// In the line.
    Waiting {
        /// People with lower tickets who wait.
        ahead: u64,
        /// All who wait, this one included.
        total: u64,
        /// Until it is this one's turn, once a rate has been measured.
        estimated_wait: Option<Duration>,
    },
    /// Admitted.
    Active {
        /// When.
        since: OffsetDateTime,
        /// Until when.
        until: OffsetDateTime,
    },
    /// Over, or past its time.
    Ended,
}

/// Everyone who waits, as a compressed bitmap of tickets (a position is a rank in it), and everyone
/// who shops.
///
/// A million who wait take a few hundred kilobytes; a position costs the same however long the
/// line is.
#[derive(Debug, Default)]
pub struct Line {
    waiting: RoaringTreemap,
    active: HashMap<UserId, Admitted>,
    /// Known to be over before that change has been followed.
    over: HashSet<Ticket>,
    newest: Option<Ticket>,
    rate: AdmissionRate,
}

#[derive(Clone, Copy, Debug)]
struct Admitted {
    ticket: Ticket,
    since: OffsetDateTime,
    until: OffsetDateTime,
}

impl Line {
    /// Follows one change. Changes come in the order of their versions; since tickets are given in
    /// that order too, a ticket above the newest one followed has not been seen at all.
    pub fn apply(&mut self, change: &Change) {
        let Change {
            user_id,
            ticket,
            state,
        } = *change;
        self.newest = self.newest.max(Some(ticket));
        if self.over.contains(&ticket) {
            if matches!(state, TokenState::Ended(_)) {
                self.over.remove(&ticket);
            }
            return;
        }
        if state == TokenState::Waiting {
            self.waiting.insert(ticket.get());
            return;
        }
        self.remove(user_id, ticket);
        if let TokenState::Active { since, until } = state {
            let admitted = Admitted {
                ticket,
                since,
                until,
            };
            self.active.insert(user_id, admitted);
        }
    }

    /// Takes note that `pass` is over, ahead of the change that says so: changes that are older and
    /// still to come do not bring it back.
    pub fn end(&mut self, pass: &Pass) {
        let was_live = self.remove(pass.user_id, pass.ticket);
        if was_live || Some(pass.ticket) > self.newest {
            self.over.insert(pass.ticket);
        }
    }

    /// Takes a ticket out; whether it was there.
    fn remove(&mut self, user_id: UserId, ticket: Ticket) -> bool {
        let admitted = self.active.get(&user_id);
        if admitted.is_some_and(|admitted| admitted.ticket == ticket) {
            self.active.remove(&user_id);
            return true;
        }
        self.waiting.remove(ticket.get())
    }

    /// Notes that every ticket up to `newest` has been followed, also those that ended long ago.
    pub fn seen_up_to(&mut self, newest: Ticket) {
        self.newest = self.newest.max(Some(newest));
    }

    /// Notes admissions from the line, for the estimate of the wait.
    pub fn admitted(&mut self, at: OffsetDateTime, count: u64) {
        self.rate.admitted(at, count);
    }

    /// Where `pass` stands at `now`.
    pub fn standing(&self, pass: &Pass, now: OffsetDateTime) -> Standing {
        let ticket = pass.ticket;
        if self.over.contains(&ticket) {
            return Standing::Ended;
        }
        if Some(ticket) > self.newest {
            return Standing::Unseen;
        }
        if self.waiting.contains(ticket.get()) && now < pass.waiting_until {
            let ahead = self.waiting.rank(ticket.get()) - 1;
            let estimated_wait = self.wait_for(ahead + 1, now);
            return Standing::Waiting {
                ahead,
                total: self.waiting.len(),
                estimated_wait,
            };
        }
        match self.active.get(&pass.user_id) {
            Some(&Admitted {
                ticket: own,
                since,
                until,
            }) if own == ticket && now < until => Standing::Active { since, until },
            _ => Standing::Ended,
        }
    }

    /// How many wait, and how many shop.
    pub fn counts(&self) -> (u64, u64) {
        (self.waiting.len(), self.active.len() as u64)
    }

    /// How long until `people` more have been admitted, once a rate has been measured.
    pub fn wait_for(&self, people: u64, now: OffsetDateTime) -> Option<Duration> {
        self.rate.wait_for(people, now)
    }

    /// By which ticket and when `user` was admitted, unless that is known to be over.
    pub fn admission(&self, user: UserId) -> Option<(Ticket, OffsetDateTime)> {
        let admitted = self.active.get(&user)?;
        Some((admitted.ticket, admitted.since))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::token::{
            EndReason,
            tests::{NOON, pass},
        },
        *,
    };
    use proptest::prelude::*;

    fn change(number: u64, state: TokenState) -> Change {
        Change {
            user_id: pass(number).user_id,
            ticket: Ticket::new(number),
            state,
        }
    }

    fn admitted() -> TokenState {
        TokenState::Active {
            since: NOON,
            until: NOON + Duration::minutes(5),
        }
    }

    #[test]
    fn rule_6_a_position_is_the_number_of_lower_tickets_that_wait() {
        let mut line = Line::default();
        for n in 1..=5 {
            line.apply(&change(n, TokenState::Waiting));
        }
        line.apply(&change(1, admitted()));
        line.apply(&change(3, TokenState::Ended(EndReason::Left)));
        let waiting = |ahead| Standing::Waiting {
            ahead,
            total: 3,
            estimated_wait: None,
        };
        assert_eq!(line.standing(&pass(2), NOON), waiting(0));
        assert_eq!(line.standing(&pass(5), NOON), waiting(2));
        assert!(matches!(
            line.standing(&pass(1), NOON),
            Standing::Active { .. }
        ));
        assert_eq!(line.standing(&pass(3), NOON), Standing::Ended);
        assert_eq!(line.standing(&pass(6), NOON), Standing::Unseen);
        assert_eq!(line.counts(), (3, 1));
    }

    #[test]
    fn rule_6_the_wait_is_that_of_all_ahead_and_oneself() {
        let mut line = Line::default();
        for n in 1..=4 {
            line.apply(&change(n, TokenState::Waiting));
        }
        line.admitted(NOON, 1);
        let wait = |number| match line.standing(&pass(number), NOON) {
            Standing::Waiting { estimated_wait, .. } => estimated_wait,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(1), Some(Duration::SECOND));
        assert_eq!(wait(4), Some(Duration::seconds(4)));
        assert_eq!(line.wait_for(2, NOON), Some(Duration::seconds(2)));
    }

    #[test]
    fn a_ticket_that_ended_before_this_process_began_has_been_seen() {
        let mut line = Line::default();
        assert_eq!(line.standing(&pass(3), NOON), Standing::Unseen);
        line.seen_up_to(Ticket::new(3));
        assert_eq!(line.standing(&pass(3), NOON), Standing::Ended);
        assert_eq!(line.standing(&pass(4), NOON), Standing::Unseen);
    }

    #[test]
    fn rule_5_a_token_past_its_time_has_ended_before_any_scheduler_says_so() {
        let mut line = Line::default();
        line.apply(&change(1, admitted()));
        line.apply(&change(2, TokenState::Waiting));
        assert_eq!(
            line.standing(&pass(1), NOON + Duration::minutes(5)),
            Standing::Ended
        );
        assert_eq!(
            line.standing(&pass(2), NOON + Duration::HOUR),
            Standing::Ended
        );
    }

    #[test]
    fn an_old_token_of_a_user_who_came_back_stays_over() {
        let mut line = Line::default();
        line.apply(&change(1, TokenState::Ended(EndReason::Left)));
        let again = Change {
            ticket: Ticket::new(2),
            ..change(1, admitted())
        };
        line.apply(&again);
        line.apply(&change(1, TokenState::Ended(EndReason::Left)));
        assert_eq!(line.standing(&pass(1), NOON), Standing::Ended);
        assert_eq!(
            line.admission(pass(1).user_id),
            Some((Ticket::new(2), NOON)),
            "the end of the old one leaves the new one be"
        );
    }

    #[test]
    fn rule_5_a_token_known_to_be_over_is_not_brought_back_by_older_changes() {
        let mut line = Line::default();
        line.apply(&change(1, TokenState::Waiting));
        line.end(&pass(1));
        line.end(&pass(2));
        line.apply(&change(1, admitted()));
        line.apply(&change(2, TokenState::Waiting));
        for number in [1, 2] {
            assert_eq!(line.standing(&pass(number), NOON), Standing::Ended);
            line.apply(&change(number, TokenState::Ended(EndReason::Paid)));
            assert_eq!(line.standing(&pass(number), NOON), Standing::Ended);
        }
        for number in [1, 2] {
            line.end(&pass(number));
        }
        assert!(line.over.is_empty(), "what has been followed needs no note");
    }

    #[derive(Clone, Debug)]
    enum Event {
        Join,
        Admit,
        End(prop::sample::Index),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            5 => Just(Event::Join),
            3 => Just(Event::Admit),
            2 => any::<prop::sample::Index>().prop_map(Event::End),
        ];
        proptest::collection::vec(event, 0..200)
    }

    proptest! {
        #[test]
        fn the_line_agrees_with_a_naive_list(events in events()) {
            let mut line = Line::default();
            let mut naive: Vec<(u64, TokenState)> = Vec::new();
            for event in events {
                let touched = match event {
                    Event::Join => {
                        naive.push((naive.len() as u64 + 1, TokenState::Waiting));
                        naive.len() - 1
                    }
                    Event::Admit => {
                        let head = naive.iter().position(|(_, s)| *s == TokenState::Waiting);
                        let Some(head) = head else { continue };
                        naive[head].1 = admitted();
                        head
                    }
                    Event::End(_) if naive.is_empty() => continue,
                    Event::End(at) => {
                        let at = at.index(naive.len());
                        naive[at].1 = TokenState::Ended(EndReason::Left);
                        at
                    }
                };
                line.apply(&change(naive[touched].0, naive[touched].1));
            }
            let total = naive.iter().filter(|(_, s)| *s == TokenState::Waiting).count() as u64;
            let mut ahead = 0;
            for (ticket, state) in &naive {
                let expected = match *state {
                    TokenState::Waiting => {
                        ahead += 1;
                        Standing::Waiting { ahead: ahead - 1, total, estimated_wait: None }
                    }
                    TokenState::Active { since, until } => Standing::Active { since, until },
                    TokenState::Ended(_) => Standing::Ended,
                };
                prop_assert_eq!(line.standing(&pass(*ticket), NOON), expected);
            }
        }
    }
}
