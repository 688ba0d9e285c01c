//! The server as SPEC §3 tells it: a few lists in memory, one step at a time.
//!
//! Deliberately naive and without a line of the product's code: no locks, no lanes, no sweeping. What is
//! past its time is over.

use std::collections::BTreeMap;

use adapters_postgres::Options;
use time::{Duration, OffsetDateTime};

use super::step::{Answer, Name, Refusal, SEATS, Stage, Step};
use crate::fixture::{NOON, SEAT_PRICE};

mod queue;

use queue::Token;

/// After what time the second show's sales open.
pub const OPENS_AFTER: Duration = Duration::minutes(6);
/// When the shows start.
pub const STARTS_AFTER: Duration = Duration::DAY;

/// A mistake that is planted, to see whether it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    /// Rule 14: a user may have any number of seats.
    SeatLimitIgnored,
    /// Rule 16: a hold still counts at the instant it ends.
    HoldsLinger,
    /// Rule 13: a seat can be held by several.
    SeatsShared,
    /// Rule 5: a payment leaves the queue token active.
    TokenOutlivesPayment,
    /// Rule 25: keys are forgotten.
    KeysForgotten,
    /// Rule 20: anybody can cancel a reservation.
    StrangersCancel,
    /// Rule 3: the last who came are admitted first.
    LastComeFirstServed,
    /// A paid reservation can be given back at any time.
    RefundsNeverTooLate,
    /// What was paid does not come back.
    MoneyKept,
    /// The seats of a refunded reservation stay sold.
    RefundedSeatsKept,
    /// Not in the model but in the servers: their holds last a minute longer than they should.
    ServersHoldLonger,
}

/// All that the server should know.
#[derive(Clone, Debug)]
pub struct Model {
    /// What the last step should be answered.
    pub answer: Answer,
    flaw: Flaw,
    options: Options,
    now: OffsetDateTime,
    next_tick: OffsetDateTime,
    next_ticket: u64,
    users: Vec<User>,
}

#[derive(Clone, Debug, Default)]
struct User {
    balance: i64,
    entries: u64,
    tokens: Vec<Token>,
    reservations: Vec<Reservation>,
    keys: BTreeMap<u8, (String, Answer)>,
}

#[derive(Clone, Debug)]
struct Reservation {
    show: usize,
    seats: Vec<i64>,
    until: OffsetDateTime,
    /// As if time did not pass.
    stage: Stage,
}

impl Model {
    pub fn new(options: Options, flaw: Flaw) -> Self {
        Self {
            answer: Answer::Nothing,
            flaw,
            options,
            now: NOON,
            next_tick: NOON,
            next_ticket: 1,
            users: Vec::new(),
        }
    }

    pub fn fans(&self) -> usize {
        self.users.len()
    }

    /// How the servers are configured.
    pub fn server(&self) -> Options {
        let mut options = self.options;
        if self.flaw == Flaw::ServersHoldLonger {
            options.hold_rules.ttl += Duration::MINUTE;
        }
        options
    }

    /// The names of all tokens, those of each user in the order they were issued.
    pub fn tokens(&self) -> Vec<Name> {
        self.names(|user| user.tokens.len())
    }

    /// The names of all reservations.
    pub fn reservations(&self) -> Vec<Name> {
        self.names(|user| user.reservations.len())
    }

    fn names(&self, count: impl Fn(&User) -> usize) -> Vec<Name> {
        let users = self.users.iter().enumerate();
        users
            .flat_map(|(owner, user)| (0..count(user)).map(move |nth| Name { owner, nth }))
            .collect()
    }

    /// Whether all that `step` speaks of exists: shrinking a journey takes steps out of it.
    pub fn accepts(&self, step: &Step) -> bool {
        let token = |t: &Name| t.owner < self.fans() && t.nth < self.users[t.owner].tokens.len();
        let reservation =
            |r: &Name| r.owner < self.fans() && r.nth < self.users[r.owner].reservations.len();
        step.actor().is_none_or(|user| user < self.fans())
            && match step {
                Step::Leave { token: t } | Step::Hold { token: t, .. } => token(t),
                Step::Cancel { reservation: r, .. } => reservation(r),
                Step::Pay {
                    token: t,
                    reservation: r,
                    ..
                } => token(t) && reservation(r),
                _ => true,
            }
    }

    /// What the server knows after `step`, and answers.
    pub fn after(mut self, step: &Step) -> Self {
        let answered = match step {
            Step::SignUp => {
                self.users.push(User::default());
                Ok(Answer::Nothing)
            }
            Step::Wait(time) => {
                self.now += *time;
                Ok(Answer::Nothing)
            }
            Step::Sweep => Ok(Answer::Nothing),
            Step::Tick => Ok(self.tick()),
            Step::Look { user } => Ok(self.look(*user)),
            Step::Join { user } => self.join(*user),
            Step::Leave { token } => Ok(self.leave(*token)),
            Step::Cancel { user, reservation } => self.cancel(*user, *reservation),
            Step::Charge { user, key, .. }
            | Step::Hold { user, key, .. }
            | Step::Pay { user, key, .. } => self.once(*user, *key, step),
        };
        self.answer = answered.unwrap_or_else(Answer::Refused);
        self
    }

    /// Rule 25.
    fn once(&mut self, user: usize, key: Option<u8>, step: &Step) -> Result<Answer, Refusal> {
        let key = key.filter(|_| self.flaw != Flaw::KeysForgotten);
        let earlier = key.and_then(|key| self.users[user].keys.get(&key));
        if let Some((body, answer)) = earlier {
            return if *body == step.body() {
                Ok(self.replay(answer.clone()))
            } else {
                Err(Refusal::KeyReused)
            };
        }
        let answer = match step {
            Step::Charge { user, won, .. } => self.charge(*user, *won),
            Step::Hold {
                user,
                token,
                show,
                seats,
                ..
            } => self.hold(*user, *token, *show, seats),
            Step::Pay {
                user,
                token,
                reservation,
                ..
            } => self.pay(*user, *token, *reservation),
            _ => Ok(Answer::Nothing),
        }?;
        if let Some(key) = key {
            let made = (step.body(), answer.clone());
            self.users[user].keys.insert(key, made);
        }
        Ok(answer)
    }

    /// The first answer; a reservation is shown as it is now.
    fn replay(&self, mut answer: Answer) -> Answer {
        match &mut answer {
            Answer::Held {
                reservation,
                stage,
                replayed,
                ..
            } => {
                *stage = self.stage(self.reservation(*reservation));
                *replayed = true;
            }
            Answer::Charged { replayed, .. } | Answer::Paid { replayed, .. } => *replayed = true,
            _ => {}
        }
        answer
    }

    /// Rules 17 and 18.
    fn charge(&mut self, user: usize, won: i64) -> Result<Answer, Refusal> {
        let most = self.options.charge_rules.max_balance.get();
        let account = &mut self.users[user];
        if account.balance + won > most {
            return Err(Refusal::BalanceLimit);
        }
        account.balance += won;
        account.entries += 1;
        Ok(Answer::Charged {
            entry: account.entries,
            balance: account.balance,
            replayed: false,
        })
    }

    fn reservation(&self, name: Name) -> &Reservation {
        &self.users[name.owner].reservations[name.nth]
    }

    fn stage(&self, reservation: &Reservation) -> Stage {
        let over = match self.flaw {
            Flaw::HoldsLinger => reservation.until < self.now,
            _ => reservation.until <= self.now,
        };
        if reservation.stage == Stage::Pending && over {
            return Stage::Expired;
        }
        reservation.stage
    }

    fn is_live(&self, reservation: &Reservation) -> bool {
        match self.stage(reservation) {
            Stage::Pending | Stage::Paid => true,
            Stage::Refunded => self.flaw == Flaw::RefundedSeatsKept,
            Stage::Cancelled | Stage::Expired => false,
        }
    }

    /// Rules 12 to 14.
    fn hold(
        &mut self,
        user: usize,
        token: Name,
        show: usize,
        seats: &[i64],
    ) -> Result<Answer, Refusal> {
        self.admits(user, token)?;
        if self.now >= NOON + STARTS_AFTER {
            return Err(Refusal::NoSuchShow);
        }
        if show == 1 && self.now < NOON + OPENS_AFTER {
            return Err(Refusal::SalesNotOpen);
        }
        let listed = |which: &dyn Fn(i64) -> bool| -> Vec<u32> {
            let which = seats.iter().filter(|seat| which(**seat));
            which.filter_map(|seat| u32::try_from(*seat).ok()).collect()
        };
        let missing = listed(&|seat| seat > SEATS);
        if !missing.is_empty() {
            return Err(Refusal::NoSuchSeats(missing));
        }
        let live: Vec<_> = self.live_in(show).collect();
        let taken = listed(&|seat| live.iter().any(|(_, r)| r.seats.contains(&seat)));
        if !taken.is_empty() && self.flaw != Flaw::SeatsShared {
            return Err(Refusal::SeatsTaken(taken));
        }
        let own = live.iter().filter(|(owner, _)| *owner == user);
        let has: usize = own.map(|(_, r)| r.seats.len()).sum();
        let most = self.options.hold_rules.seats_per_user as usize;
        if has + seats.len() > most && self.flaw != Flaw::SeatLimitIgnored {
            return Err(Refusal::SeatLimit);
        }
        let nth = self.users[user].reservations.len();
        let held = Reservation {
            show,
            seats: seats.to_vec(),
            until: self.now + self.options.hold_rules.ttl,
            stage: Stage::Pending,
        };
        let amount = held.amount();
        self.users[user].reservations.push(held);
        Ok(Answer::Held {
            reservation: Name { owner: user, nth },
            amount,
            stage: Stage::Pending,
            replayed: false,
        })
    }

    fn live_in(&self, show: usize) -> impl Iterator<Item = (usize, &Reservation)> {
        let users = self.users.iter().enumerate();
        users
            .flat_map(|(owner, user)| user.reservations.iter().map(move |r| (owner, r)))
            .filter(move |(_, r)| r.show == show && self.is_live(r))
    }

    /// Rule 16.
    fn cancel(&mut self, user: usize, name: Name) -> Result<Answer, Refusal> {
        if name.owner != user && self.flaw != Flaw::StrangersCancel {
            return Err(Refusal::NotFound);
        }
        match self.stage(self.reservation(name)) {
            Stage::Expired => Err(Refusal::Expired),
            Stage::Refunded => Ok(Answer::Refunded(name)),
            Stage::Paid => self.refund(name),
            Stage::Pending | Stage::Cancelled => {
                self.users[name.owner].reservations[name.nth].stage = Stage::Cancelled;
                Ok(Answer::Cancelled(name))
            }
        }
    }

    /// In time, whatever the limit of charges.
    fn refund(&mut self, name: Name) -> Result<Answer, Refusal> {
        let before = self.options.refund_rules.until;
        let until = before.map(|before| NOON + STARTS_AFTER - before);
        let too_late = until.is_none_or(|until| self.now >= until);
        if too_late && self.flaw != Flaw::RefundsNeverTooLate {
            return Err(Refusal::RefundNotAllowed);
        }
        let amount = self.reservation(name).amount();
        let owner = &mut self.users[name.owner];
        owner.reservations[name.nth].stage = Stage::Refunded;
        owner.entries += 1;
        if self.flaw != Flaw::MoneyKept {
            owner.balance += amount;
        }
        Ok(Answer::Refunded(name))
    }

    /// Rules 20 to 24.
    fn pay(&mut self, user: usize, token: Name, name: Name) -> Result<Answer, Refusal> {
        if name.owner != user {
            return Err(Refusal::NotFound);
        }
        let stage = self.stage(self.reservation(name));
        if stage == Stage::Paid {
            return Err(Refusal::AlreadyPaid);
        }
        self.admits(user, token)?;
        match stage {
            Stage::Cancelled | Stage::Refunded => return Err(Refusal::Cancelled),
            Stage::Expired => return Err(Refusal::Expired),
            Stage::Pending | Stage::Paid => {}
        }
        let amount = self.reservation(name).amount();
        let payer = &mut self.users[user];
        if payer.balance < amount {
            return Err(Refusal::Insufficient {
                shortfall: amount - payer.balance,
            });
        }
        payer.balance -= amount;
        payer.entries += 1;
        payer.reservations[name.nth].stage = Stage::Paid;
        payer.tokens[token.nth].counted = self.flaw == Flaw::TokenOutlivesPayment;
        Ok(Answer::Paid {
            reservation: name,
            balance: payer.balance,
            replayed: false,
        })
    }

    fn look(&self, user: usize) -> Answer {
        let own = &self.users[user];
        let reservations = own.reservations.iter();
        Answer::Seen {
            balance: own.balance,
            place: self.place_of(own),
            reservations: reservations.map(|r| self.stage(r)).collect(),
        }
    }
}

impl Reservation {
    fn amount(&self) -> i64 {
        self.seats.iter().map(|_| SEAT_PRICE).sum()
    }
}
