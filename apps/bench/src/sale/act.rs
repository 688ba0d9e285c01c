//! What the fans of a round do, and where it has to be found afterwards.

use std::net::SocketAddr;

use anyhow::Result;
use tokio_postgres::Client;

use crate::{fans, http::Request};

/// How many seats a hot schedule has.
const HOT_SEATS: usize = 50_000;

/// What the fans of a round do, each of them once.
#[derive(Clone, Copy)]
pub enum Act {
    /// Each holds a free seat of one of so many schedules.
    Holds {
        /// One has 50,000 seats; several have together as many as there are fans.
        schedules: usize,
    },
    /// Each pays for the seat they hold, all of one schedule.
    Payments,
    /// Each charges their balance.
    Charges,
}

impl Act {
    /// Holds on one schedule of 50,000 seats.
    pub const HOT: Self = Self::Holds { schedules: 1 };

    /// Whether these are holds on one schedule.
    pub const fn is_hot(self) -> bool {
        matches!(self, Self::Holds { schedules: 1 })
    }

    /// Does all that comes before, and returns what each fan is about to send. It has to be sent
    /// soon: whoever is silent for a minute loses their turn.
    pub async fn prepare(self, server: SocketAddr, number: usize) -> Result<Vec<Request>> {
        match self {
            Self::Holds { schedules } => holds(server, number, schedules).await,
            Self::Payments => payments(server, number).await,
            Self::Charges => {
                let fans = fans::sign_up(server, number).await?;
                Ok(fans::charge_requests(&fans, 10_000, "charge-1"))
            }
        }
    }

    /// How many rows of this kind there are by now.
    pub async fn stored(self, client: &Client) -> Result<u64> {
        let count = match self {
            Self::Holds { .. } => "SELECT count(*) FROM reservations",
            Self::Payments => "SELECT count(*) FROM payments",
            Self::Charges => "SELECT count(*) FROM ledger_entries WHERE kind = 'charge'",
        };
        let count: i64 = client.query_one(count, &[]).await?.get(0);
        Ok(count.unsigned_abs())
    }
}

async fn holds(server: SocketAddr, number: usize, schedules: usize) -> Result<Vec<Request>> {
    let seats = if schedules == 1 {
        HOT_SEATS
    } else {
        number.div_ceil(schedules)
    };
    let schedules = fans::schedules(server, schedules, seats).await?;
    let fans = fans::sign_up(server, number).await?;
    let tokens = fans::join(server, &fans).await?;
    Ok(hold_another_each(&tokens, &schedules))
}

async fn payments(server: SocketAddr, number: usize) -> Result<Vec<Request>> {
    let schedules = fans::schedules(server, 1, HOT_SEATS).await?;
    let fans = fans::sign_up(server, number).await?;
    let charges = fans::charge_requests(&fans, 50_000, "charge-1");
    fans::collect(server, charges, |_| Some(())).await?;
    let tokens = fans::join(server, &fans).await?;
    let holds = hold_another_each(&tokens, &schedules);
    let held = fans::collect(server, holds, |answer| fans::text(answer, "id")).await?;
    let pay = |(token, id): (&String, &String)| fans::pay_request(token, id);
    Ok(tokens.iter().zip(&held).map(pay).collect())
}

/// A hold of another seat by each token's owner, in turn over the schedules.
fn hold_another_each(tokens: &[String], schedules: &[String]) -> Vec<Request> {
    let hold = |(place, token): (usize, &String)| {
        let schedule = &schedules[place % schedules.len()];
        fans::hold_request(token, schedule, place / schedules.len() + 1)
    };
    tokens.iter().enumerate().map(hold).collect()
}
