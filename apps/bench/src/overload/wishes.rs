//! Who wishes for which seat.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::http::Request;

/// Seats of a date: as many as one may have.
pub const SEATS: usize = 50_000;

/// A hold that someone wants to make.
pub struct Wish {
    /// What is sent. It carries an `Idempotency-Key`, so that asking again is harmless.
    pub request: Request,
    /// The id of the date.
    pub date: String,
    /// The number of the seat. No two wishes are for the same one.
    pub seat: usize,
}

/// Wishes that come true one by one; those that are refused are tried again, after all others.
pub struct Wishes {
    all: Vec<Wish>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Those to be tried next, by number.
    open: VecDeque<usize>,
    /// Whether a wish was answered 201.
    granted: Vec<bool>,
    /// Whether it was ever answered that the server cannot tell, or not at all: it may have been
    /// granted all the same.
    unclear: Vec<bool>,
}

/// What an answer means for a wish.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The seat is held.
    Granted,
    /// The seat is not held; the wish can be tried again.
    Refused,
    /// Nobody knows; the wish can be tried again.
    Unclear,
}

impl Wishes {
    /// So many wishes for the seats of `dates`, where each owner of a token wants at most so many
    /// `each` of one date.
    pub fn new(dates: &[String], tokens: &[String], each: usize, number: usize) -> Self {
        let a_date = SEATS.min(tokens.len() * each);
        let wish = |number: usize| {
            let (date, place) = (&dates[number / a_date], number % a_date);
            // Neighbouring wishes are of different fans.
            let fan = place % tokens.len();
            let seat = place + 1;
            Wish {
                request: hold(&tokens[fan], date, seat),
                date: date.clone(),
                seat,
            }
        };
        let state = State {
            open: (0..number).collect(),
            granted: vec![false; number],
            unclear: vec![false; number],
        };
        Self {
            all: (0..number).map(wish).collect(),
            state: Mutex::new(state),
        }
    }

    /// The next one to be tried; `None` when all have come true or are being tried.
    pub fn next(&self) -> Option<usize> {
        self.state().open.pop_front()
    }

    /// The wish with this number.
    pub fn wish(&self, number: usize) -> &Wish {
        &self.all[number]
    }

    /// Notes how it ended this time.
    pub fn note(&self, number: usize, fate: Fate) {
        let mut state = self.state();
        match fate {
            Fate::Granted => state.granted[number] = true,
            Fate::Unclear => state.unclear[number] = true,
            Fate::Refused => {}
        }
        if fate != Fate::Granted {
            state.open.push_back(number);
        }
    }

    /// Every wish that was tried or not, whether it was granted, and whether that is unclear.
    pub fn fates(&self) -> Vec<(&Wish, bool, bool)> {
        let state = self.state();
        let fates = state.granted.iter().zip(&state.unclear);
        let fates = self.all.iter().zip(fates);
        fates.map(|(wish, (g, u))| (wish, *g, *u)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A hold with a key of its own, as a fan has several.
fn hold(token: &str, date: &str, seat: usize) -> Request {
    let body = format!(r#"{{"schedule_id":"{date}","seat_numbers":[{seat}]}}"#);
    let key = format!("idempotency-key: hold-{date}-{seat}\r\n");
    Request::with("POST", "/v1/reservations", token, &body, &key)
}
