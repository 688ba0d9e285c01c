//! What can happen in a journey, what it is answered, and how random journeys are drawn.

use proptest::{
    prelude::*,
    sample::{select, subsequence},
    strategy::BoxedStrategy,
};
use time::Duration;

use super::oracle::Model;

/// The shows there are.
pub const SHOWS: usize = 2;
/// The seats of each show: few, so that fans meet.
pub const SEATS: i64 = 6;
/// At most so many fans sign up.
const MOST_FANS: usize = 5;

/// A token or a reservation: the `nth` that `owner` got, both from 0. Names do not depend on the order
/// of what several users do at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    pub owner: usize,
    pub nth: usize,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    SignUp,
    Charge {
        user: usize,
        won: i64,
        key: Option<u8>,
    },
    Join {
        user: usize,
    },
    Leave {
        token: Name,
    },
    /// `user` shows `token`, which may be somebody else's.
    Hold {
        user: usize,
        token: Name,
        show: usize,
        seats: Vec<i64>,
        key: Option<u8>,
    },
    Cancel {
        user: usize,
        reservation: Name,
    },
    Pay {
        user: usize,
        token: Name,
        reservation: Name,
        key: Option<u8>,
    },
    /// `user` looks at all that is theirs.
    Look {
        user: usize,
    },
    /// Time passes.
    Wait(Duration),
    Sweep,
    Tick,
}

/// How far a reservation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Pending,
    Paid,
    Cancelled,
    Refunded,
    Expired,
}

/// Where a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Waiting { ahead: u64, total: u64 },
    Active,
    Ended,
}

/// What a step is answered: all of it that a model can know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Nothing,
    Charged {
        entry: u64,
        balance: i64,
        replayed: bool,
    },
    Joined {
        ticket: u64,
        ahead: u64,
        active: bool,
    },
    Left(bool),
    Held {
        reservation: Name,
        amount: i64,
        stage: Stage,
        replayed: bool,
    },
    Cancelled(Name),
    Refunded(Name),
    Paid {
        reservation: Name,
        balance: i64,
        replayed: bool,
    },
    Ticked {
        ended: u64,
        admitted: u64,
    },
    Seen {
        balance: i64,
        place: Option<Place>,
        reservations: Vec<Stage>,
    },
    Refused(Refusal),
}

/// Why a step was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    TokenExists { ticket: u64, active: bool },
    TokenNotActive,
    TokenEnded,
    NoSuchShow,
    SalesNotOpen,
    NoSuchSeats(Vec<u32>),
    SeatsTaken(Vec<u32>),
    SeatLimit,
    NotFound,
    Expired,
    Cancelled,
    AlreadyPaid,
    RefundNotAllowed,
    Insufficient { shortfall: i64 },
    BalanceLimit,
    KeyReused,
}

impl Step {
    /// The user who does it; `None` for the clock and the schedulers.
    pub fn actor(&self) -> Option<usize> {
        match self {
            Self::Charge { user, .. }
            | Self::Join { user }
            | Self::Hold { user, .. }
            | Self::Cancel { user, .. }
            | Self::Pay { user, .. }
            | Self::Look { user } => Some(*user),
            Self::Leave { token } => Some(token.owner),
            Self::SignUp | Self::Wait(_) | Self::Sweep | Self::Tick => None,
        }
    }

    /// What a client would send: the same request has the same body.
    pub fn body(&self) -> String {
        match self {
            Self::Charge { won, .. } => format!("charge {won}"),
            Self::Hold { show, seats, .. } => format!("hold {seats:?} of {show}"),
            Self::Pay { reservation, .. } => format!("pay {reservation:?}"),
            other => format!("{other:?}"),
        }
    }

    /// Any step that can follow `model`, the useful ones more often.
    pub fn any(model: &Model) -> BoxedStrategy<Self> {
        let (tokens, reservations) = (model.tokens(), model.reservations());
        let fans = model.fans();
        if fans == 0 {
            return Just(Self::SignUp).boxed();
        }
        let mut steps = vec![
            (6, (0..fans).prop_map(|user| Self::Join { user }).boxed()),
            (4, charges(fans)),
            (2, (0..fans).prop_map(|user| Self::Look { user }).boxed()),
            (3, waits()),
            (2, Just(Self::Sweep).boxed()),
            (4, Just(Self::Tick).boxed()),
        ];
        if fans < MOST_FANS {
            steps.push((15, Just(Self::SignUp).boxed()));
        }
        if !tokens.is_empty() {
            let leave = select(tokens.clone()).prop_map(|token| Self::Leave { token });
            steps.push((1, leave.boxed()));
            steps.push((12, holds(fans, tokens.clone())));
        }
        if !reservations.is_empty() {
            steps.push((4, cancels(fans, reservations.clone())));
            steps.push((8, payments(fans, tokens, reservations)));
        }
        proptest::strategy::Union::new_weighted(steps).boxed()
    }
}

/// Mostly the owner, sometimes anybody.
fn mostly(owner: usize, fans: usize) -> impl Strategy<Value = usize> {
    prop_oneof![9 => Just(owner), 1 => 0..fans]
}

fn key() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![3 => Just(None), 2 => (0..3u8).prop_map(Some)]
}

fn charges(fans: usize) -> BoxedStrategy<Step> {
    (0..fans, select(vec![10_000, 30_000, 100_000]), key())
        .prop_map(|(user, won, key)| Step::Charge { user, won, key })
        .boxed()
}

/// Also seats that do not exist.
fn holds(fans: usize, tokens: Vec<Name>) -> BoxedStrategy<Step> {
    let numbers: Vec<i64> = (1..=SEATS + 1).collect();
    (select(tokens), 0..SHOWS, subsequence(numbers, 1..=4), key())
        .prop_flat_map(move |(token, show, seats, key)| {
            mostly(token.owner, fans).prop_map(move |user| Step::Hold {
                user,
                token,
                show,
                seats: seats.clone(),
                key,
            })
        })
        .boxed()
}

fn cancels(fans: usize, reservations: Vec<Name>) -> BoxedStrategy<Step> {
    select(reservations)
        .prop_flat_map(move |reservation| {
            mostly(reservation.owner, fans).prop_map(move |user| Step::Cancel { user, reservation })
        })
        .boxed()
}

fn payments(fans: usize, tokens: Vec<Name>, reservations: Vec<Name>) -> BoxedStrategy<Step> {
    let last_of = move |user| tokens.iter().rev().find(|t| t.owner == user).copied();
    (select(reservations), key())
        .prop_flat_map(move |(reservation, key)| {
            let last_of = last_of.clone();
            mostly(reservation.owner, fans).prop_map(move |user| Step::Pay {
                user,
                token: last_of(user).unwrap_or(Name {
                    owner: user,
                    nth: 0,
                }),
                reservation,
                key,
            })
        })
        .boxed()
}

/// Among them those that end exactly when a hold or an active token does.
fn waits() -> BoxedStrategy<Step> {
    let seconds = prop_oneof![
        6 => Just(1),
        3 => select(vec![60, 299, 300]),
        1 => Just(7_200),
    ];
    seconds
        .prop_map(|seconds| Step::Wait(Duration::seconds(seconds)))
        .boxed()
}
