//! The real thing: two server processes' adapters over one PostgreSQL, asked in the model's terms.

mod terms;

use adapters_postgres::{Adapters, Options};
use domain::{
    balance::ChargeError,
    id::{ReservationId, ScheduleId, TokenId, UserId},
    page::PageRequest,
    payment::PayError,
    queue::{JoinRefusal, JoinRequest, Pass},
    reservations::{CancelError, HoldError},
};
use terms::{is_active, key_of, paid_by, place, stage};

use super::{
    oracle::{OPENS_AFTER, STARTS_AFTER},
    step::{Answer, Name, Place, Refusal, SEATS, SHOWS, Stage, Step},
};
use crate::{
    fixture::{
        Fixture, NOON, add_schedule, cancel, charge_request, concert, hold_request, id,
        new_schedule, pay_request, plain, sign_up,
    },
    support::outside,
};

/// What the users of a journey have, by the model's names.
#[derive(Default)]
struct Owned {
    id: Option<UserId>,
    passes: Vec<Pass>,
    reservations: Vec<ReservationId>,
}

/// Two processes, and who has what.
pub struct Subject {
    fixture: Fixture,
    processes: [Adapters; 2],
    shows: Vec<ScheduleId>,
    users: Vec<Owned>,
    steps: usize,
}

/// What a step gave to its user, to be named when all that ran beside it are through.
#[derive(Clone, Copy)]
enum Got {
    Nothing,
    User(UserId),
    Pass(Pass),
    Reservation(ReservationId),
}

impl Subject {
    pub async fn start(options: Options) -> Self {
        let fixture = Fixture::with(options).await;
        let processes = fixture.processes().await;
        let concert = concert(&processes[0], "Model").await;
        let mut shows = Vec::new();
        for show in 0..SHOWS {
            let mut new = new_schedule(concert.id, SEATS, NOON + STARTS_AFTER);
            new.schedule.sales_open_at = (show == 1).then_some(NOON + OPENS_AFTER);
            shows.push(add_schedule(&processes[0], new).await);
        }
        Self {
            fixture,
            processes,
            shows,
            users: Vec::new(),
            steps: 0,
        }
    }

    /// Does `steps` at the same time, the two processes taking turns. Each is of another user.
    pub async fn take(&mut self, steps: &[Step]) -> Vec<Answer> {
        let first = self.steps;
        self.steps += steps.len();
        let this = &*self;
        let all = steps.iter().enumerate().map(|(place, step)| {
            let process = &this.processes[(first + place) % 2];
            this.do_one(process, step)
        });
        let mut answers = Vec::new();
        for (step, (answer, got)) in steps.iter().zip(futures_util::future::join_all(all).await) {
            self.keep(step, got);
            answers.push(answer);
        }
        answers
    }

    fn keep(&mut self, step: &Step, got: Got) {
        if let Got::User(id) = got {
            let id = Some(id);
            self.users.push(Owned {
                id,
                ..Owned::default()
            });
        }
        let Some(user) = step.actor() else { return };
        match got {
            Got::Pass(pass) => self.users[user].passes.push(pass),
            Got::Reservation(id) => self.users[user].reservations.push(id),
            Got::Nothing | Got::User(_) => {}
        }
    }

    /// Fails the test with what the audit finds; then everything goes away.
    pub async fn finish(self) {
        self.fixture.assert_audit_clean().await;
        for process in self.processes {
            process.stop().await;
        }
        let (name, client) = outside(&self.fixture.test_database).await;
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        client.batch_execute(&drop).await.unwrap();
    }

    /// Where each user's last token stands, as the process shows it whose turn is next.
    pub async fn places(&self) -> Vec<Option<Place>> {
        let process = &self.processes[self.steps % 2];
        process.line.refreshed().await;
        self.users.iter().map(|own| place(process, own)).collect()
    }

    async fn do_one(&self, process: &Adapters, step: &Step) -> (Answer, Got) {
        let done = match step {
            Step::SignUp => Ok((Answer::Nothing, Got::User(sign_up(process).await))),
            Step::Wait(time) => {
                self.fixture.clock.advance(*time);
                Ok((Answer::Nothing, Got::Nothing))
            }
            Step::Sweep => {
                process.seats.sweep().await.unwrap();
                Ok((Answer::Nothing, Got::Nothing))
            }
            Step::Tick => {
                let tick = process.tokens.tick().await.unwrap();
                let (ended, admitted) = (tick.ended, tick.admitted);
                Ok((Answer::Ticked { ended, admitted }, Got::Nothing))
            }
            Step::Leave { token } => {
                let left = process.tokens.leave(self.pass(*token).token_id).await;
                Ok((Answer::Left(left.unwrap()), Got::Nothing))
            }
            Step::Look { user } => Ok((self.look(process, *user).await, Got::Nothing)),
            Step::Join { user } => self.join(process, *user).await,
            Step::Charge { user, won, .. } => self.charge(process, *user, *won, step).await,
            Step::Cancel { user, reservation } => self.cancel(process, *user, *reservation).await,
            Step::Hold { .. } => self.hold(process, step).await,
            Step::Pay { .. } => self.pay(process, step).await,
        };
        done.unwrap_or_else(|refusal| (Answer::Refused(refusal), Got::Nothing))
    }

    fn user(&self, user: usize) -> UserId {
        self.users[user].id.unwrap()
    }

    fn pass(&self, name: Name) -> Pass {
        self.users[name.owner].passes[name.nth]
    }

    /// The token `name` in the hands of `user`.
    fn shown(&self, user: usize, name: Name) -> Pass {
        Pass {
            user_id: self.user(user),
            ..self.pass(name)
        }
    }

    fn reservation(&self, name: Name) -> ReservationId {
        self.users[name.owner].reservations[name.nth]
    }

    /// The name of a reservation of `user`: a new one gets the next.
    fn name_of(&self, user: usize, id: ReservationId) -> Name {
        let own = &self.users[user].reservations;
        let nth = own.iter().position(|known| *known == id);
        Name {
            owner: user,
            nth: nth.unwrap_or(own.len()),
        }
    }

    async fn join(&self, process: &Adapters, user: usize) -> Result<(Answer, Got), Refusal> {
        let request = JoinRequest {
            token_id: TokenId::new(id()),
            user_id: self.user(user),
        };
        match process.tokens.join(request).await.unwrap() {
            Ok(issued) => {
                let pass = issued.token.pass;
                let (ticket, ahead) = (pass.ticket.get(), issued.ahead);
                let active = is_active(&issued.token);
                let joined = Answer::Joined {
                    ticket,
                    ahead,
                    active,
                };
                Ok((joined, Got::Pass(pass)))
            }
            Err(JoinRefusal::TokenExists(token)) => Err(Refusal::TokenExists {
                ticket: token.pass.ticket.get(),
                active: is_active(&token),
            }),
            Err(refusal @ JoinRefusal::UserNotFound) => panic!("{refusal}"),
        }
    }

    async fn charge(
        &self,
        process: &Adapters,
        user: usize,
        won: i64,
        step: &Step,
    ) -> Result<(Answer, Got), Refusal> {
        let request = charge_request(self.user(user), won, key_of(step));
        let charged = process.ledger.charge(request).await.map_err(|e| match e {
            ChargeError::LimitExceeded { .. } => Refusal::BalanceLimit,
            ChargeError::KeyReused(_) => Refusal::KeyReused,
            other => panic!("{step:?}: {other:?}"),
        })?;
        assert_eq!(charged.value.amount.get(), won);
        let answer = Answer::Charged {
            entry: charged.value.number,
            balance: charged.value.balance_after.get(),
            replayed: charged.replayed,
        };
        Ok((answer, Got::Nothing))
    }

    async fn hold(&self, process: &Adapters, step: &Step) -> Result<(Answer, Got), Refusal> {
        let Step::Hold {
            user,
            token,
            show,
            seats,
            ..
        } = step
        else {
            panic!("not a hold: {step:?}")
        };
        let mut request = hold_request(self.shown(*user, *token), self.shows[*show], seats);
        request.key = key_of(step);
        let held = process.seats.hold(request).await.map_err(|e| match e {
            HoldError::TokenNotActive => Refusal::TokenNotActive,
            HoldError::TokenEnded => Refusal::TokenEnded,
            HoldError::ScheduleNotFound => Refusal::NoSuchShow,
            HoldError::SalesNotOpen { .. } => Refusal::SalesNotOpen,
            HoldError::SeatNotFound { numbers } => Refusal::NoSuchSeats(plain(numbers)),
            HoldError::SeatUnavailable { numbers } => Refusal::SeatsTaken(plain(numbers)),
            HoldError::SeatLimitReached { .. } => Refusal::SeatLimit,
            HoldError::KeyReused(_) => Refusal::KeyReused,
            other => panic!("{step:?}: {other:?}"),
        })?;
        let reservation = held.value;
        let numbers = reservation.seat_numbers().map(|n| i64::from(n.get()));
        assert!(numbers.eq(seats.iter().copied()), "{reservation:?}");
        let answer = Answer::Held {
            reservation: self.name_of(*user, reservation.id),
            amount: reservation.amount.get(),
            stage: stage(&reservation),
            replayed: held.replayed,
        };
        let got = if held.replayed {
            Got::Nothing
        } else {
            Got::Reservation(reservation.id)
        };
        Ok((answer, got))
    }

    async fn cancel(
        &self,
        process: &Adapters,
        user: usize,
        name: Name,
    ) -> Result<(Answer, Got), Refusal> {
        let id = self.reservation(name);
        let cancelled = cancel(process, self.user(user), id).await;
        let cancelled = cancelled.map_err(|e| match e {
            CancelError::NotFound => Refusal::NotFound,
            CancelError::Expired => Refusal::Expired,
            CancelError::RefundNotAllowed { .. } => Refusal::RefundNotAllowed,
            CancelError::Storage(error) => panic!("cancel: {error:?}"),
        })?;
        let name = self.name_of(user, cancelled.id);
        let answer = match stage(&cancelled) {
            Stage::Cancelled => Answer::Cancelled(name),
            Stage::Refunded => Answer::Refunded(name),
            other => panic!("{other:?}, and not given up: {cancelled:?}"),
        };
        Ok((answer, Got::Nothing))
    }

    async fn pay(&self, process: &Adapters, step: &Step) -> Result<(Answer, Got), Refusal> {
        let Step::Pay {
            user,
            token,
            reservation,
            ..
        } = step
        else {
            panic!("not a payment: {step:?}")
        };
        let id = self.reservation(*reservation);
        let mut request = pay_request(self.shown(*user, *token), id);
        request.key = key_of(step);
        let paid = process.cashier.pay(request).await.map_err(|e| match e {
            PayError::TokenNotActive => Refusal::TokenNotActive,
            PayError::TokenEnded => Refusal::TokenEnded,
            PayError::ReservationNotFound => Refusal::NotFound,
            PayError::ReservationExpired => Refusal::Expired,
            PayError::ReservationCancelled => Refusal::Cancelled,
            PayError::AlreadyPaid { .. } => Refusal::AlreadyPaid,
            PayError::Insufficient(missing) => Refusal::Insufficient {
                shortfall: missing.shortfall.get(),
            },
            PayError::KeyReused(_) => Refusal::KeyReused,
            other @ (PayError::ScheduleCancelled { .. } | PayError::Storage(_)) => {
                panic!("{step:?}: {other:?}")
            }
        })?;
        let receipt = paid.value;
        assert_eq!(paid_by(&receipt.reservation), Some(receipt.id));
        let answer = Answer::Paid {
            reservation: self.name_of(*user, receipt.reservation.id),
            balance: receipt.balance_after.get(),
            replayed: paid.replayed,
        };
        Ok((answer, Got::Nothing))
    }

    async fn look(&self, process: &Adapters, user: usize) -> Answer {
        let own = &self.users[user];
        let account = process.ledger.find(self.user(user)).await.unwrap().unwrap();
        let all = PageRequest {
            after: None,
            limit: 1_000,
        };
        let listed = process.seats.list(self.user(user), all).await.unwrap();
        let mut found = listed.items;
        found.reverse();
        let ids = found.iter().map(|reservation| reservation.id);
        assert!(ids.eq(own.reservations.iter().copied()), "in their order");
        process.line.refreshed().await;
        Answer::Seen {
            balance: account.balance.get(),
            place: place(process, own),
            reservations: found.iter().map(stage).collect(),
        }
    }
}
