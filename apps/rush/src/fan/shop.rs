//! What a fan does whose turn it is.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use load_client::http::Request;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Fan, keyed};
use crate::{
    plan::{Ending, Way},
    tally::{Outcome, Step, Whereabouts},
    wire::Answer,
};

/// How often a fan tries to get seats before going home.
const TRIES: usize = 8;
/// Seat maps are asked for as browsers do.
const COMPRESSED: &str = "accept-encoding: zstd, gzip\r\n";
/// Whoever lets a hold run out comes so much too late.
const LATE: Duration = Duration::from_millis(500);

/// Seats that are held.
struct Held {
    reservation: String,
    date: usize,
    numbers: Vec<u64>,
    /// For how long, from when they were held.
    lasts: Duration,
}

impl Fan {
    /// Looks around, holds, and does with it what was planned.
    pub(super) async fn shop(&mut self) -> Result<Outcome> {
        let got = match self.find().await? {
            Ok(date) => self.hold(date).await?,
            Err(outcome) => Err(outcome),
        };
        let held = match got {
            Ok(held) => held,
            Err(outcome) => {
                self.leave().await?;
                return Ok(outcome);
            }
        };
        self.moves(Whereabouts::Holding);
        match self.plan.ending {
            Ending::LetsExpire { comes_late } => self.let_expire(&held, comes_late).await,
            _ => self.pay(&held).await,
        }
    }

    async fn get(&mut self, step: Step, path: &str, more: &str) -> Result<Answer> {
        let request = Request::with("GET", path, &self.token, "", more);
        self.act(step, &request).await
    }

    /// Finds the concert and a date with seats left: its place among the dates on sale, or how the fan
    /// goes home without.
    async fn find(&mut self) -> Result<Result<usize, Outcome>> {
        self.rest(self.plan.thinks[0]).await;
        let answer = self
            .get(Step::Concerts, "/v1/concerts?limit=100", "")
            .await?;
        if answer.is("queue_token_expired") {
            return Ok(Err(Outcome::TooSlow));
        }
        answer.good().context("looking for the concert")?;
        self.rest(self.plan.thinks[1]).await;
        self.dates().await
    }

    /// A date with seats left, any of them.
    async fn dates(&mut self) -> Result<Result<usize, Outcome>> {
        let path = format!("/v1/concerts/{}/schedules", self.night.concert.id);
        let answer = self.get(Step::Dates, &path, "").await?;
        if answer.is("queue_token_expired") {
            return Ok(Err(Outcome::TooSlow));
        }
        if answer.is("no_available_dates") {
            return Ok(Err(Outcome::SoldOut));
        }
        let dates = answer.good().context("looking for a date")?;
        let items = dates["items"].as_array().into_iter().flatten();
        let open: Vec<_> = items
            .filter(|date| date["remaining_seats"].as_u64() > Some(0))
            .filter_map(|date| self.night.date(date["id"].as_str()?))
            .collect();
        let drawn = self.dice.roll(open.len());
        Ok(open.get(drawn).copied().ok_or(Outcome::SoldOut))
    }

    /// Tries until seats are held, or how the fan goes home without.
    async fn hold(&mut self, mut date: usize) -> Result<Result<Held, Outcome>> {
        let mut since = false;
        for attempt in 0..TRIES {
            let wish = self.wish(date, attempt, &mut since).await?;
            let key = keyed(&format!("hold-{attempt}"));
            let body = wish.to_string();
            let request = Request::with("POST", "/v1/reservations", &self.token, &body, &key);
            let answer = self.click(Step::Hold, &request).await?;
            if answer.is_good() {
                return self.held(date, &answer.good()?).map(Ok);
            }
            if answer.is("queue_token_expired") || answer.is("queue_token_not_active") {
                return Ok(Err(Outcome::TooSlow));
            }
            if !answer.is("seat_unavailable") {
                bail!("holding: answered {}: {}", answer.status, answer.body);
            }
            self.learn(date, &answer.body);
            self.rest(self.plan.thinks[2] / 2).await;
            // Nothing to be had here any more? Then another date may do.
            if attempt % 2 == 1 {
                match self.dates().await? {
                    Ok(other) => date = other,
                    Err(outcome) => return Ok(Err(outcome)),
                }
            }
        }
        Ok(Err(Outcome::SoldOut))
    }

    /// What to ask for. Whoever chooses looks at the map first, then makes up their mind, while others
    /// do so too; whoever was refused thrice takes the best there is, and fewer of them.
    async fn wish(&mut self, date: usize, attempt: usize, since: &mut bool) -> Result<Value> {
        let way = if attempt < 3 {
            self.plan.way
        } else {
            Way::Best { graded: false }
        };
        let id = self.night.concert.dates[date].id.clone();
        let count = if attempt < 5 { self.plan.seats } else { 1 };
        let choices = match way {
            Way::Best { .. } => Vec::new(),
            Way::ByHand | Way::Choices => {
                self.look(date, *since).await?;
                *since = true;
                let wanted = if way == Way::ByHand { 1 } else { 3 };
                let seats = &self.night.concert.dates[date];
                let mut choices: Vec<_> = (0..wanted)
                    .map(|_| seats.choose(&mut self.dice, count))
                    .filter(|choice| !choice.is_empty())
                    .collect();
                choices.dedup();
                choices
            }
        };
        self.rest(self.plan.thinks[3]).await;
        Ok(match (&choices[..], way) {
            ([], Way::Best { graded: true }) => {
                let grades = &self.night.concert.dates[date].grades;
                let grade = &grades[self.dice.roll(grades.len())];
                json!({ "schedule_id": id, "count": count, "grade": grade })
            }
            ([], _) => json!({ "schedule_id": id, "count": count }),
            ([one], _) => json!({ "schedule_id": id, "seat_numbers": one }),
            (choices, _) => json!({ "schedule_id": id, "choices": choices }),
        })
    }

    /// Has the seat map sent: all of it, later what has changed since.
    async fn look(&mut self, date: usize, since: bool) -> Result<()> {
        let seats = &self.night.concert.dates[date];
        let mut path = format!("/v1/schedules/{}/seats", seats.id);
        if since && !seats.version.is_empty() {
            path = format!("{path}?since={}", seats.version);
        }
        let answer = self.get(Step::Map, &path, COMPRESSED).await?;
        if answer.is("queue_token_expired") {
            return Ok(());
        }
        answer.good().map(drop).context("looking at the seats")
    }

    /// Seats that turned out to be someone else's.
    fn learn(&self, date: usize, problem: &Value) {
        let numbers = numbers(&problem["seat_numbers"], |number| number);
        self.night.concert.dates[date].mark(&numbers, false);
    }

    fn held(&mut self, date: usize, reservation: &Value) -> Result<Held> {
        let numbers = numbers(&reservation["seats"], |seat| &seat["number"]);
        self.night.concert.dates[date].mark(&numbers, false);
        self.night.wire.tally().counts.holds += 1;
        let time = |member: &str| {
            let text = reservation[member].as_str().unwrap_or_default();
            OffsetDateTime::parse(text, &Rfc3339).with_context(|| format!("no {member}"))
        };
        let lasts = time("held_until")? - time("created_at")?;
        Ok(Held {
            reservation: reservation["id"]
                .as_str()
                .context("a reservation without an id")?
                .to_owned(),
            date,
            numbers,
            lasts: lasts.unsigned_abs(),
        })
    }

    async fn let_expire(&mut self, held: &Held, comes_late: bool) -> Result<Outcome> {
        self.rest(held.lasts + LATE).await;
        self.night.concert.dates[held.date].mark(&held.numbers, true);
        if comes_late {
            let answer = self.try_to_pay(held, "late").await?;
            let is_over = answer.is("reservation_expired") || answer.is("queue_token_expired");
            anyhow::ensure!(
                is_over,
                "paying {LATE:?} after the hold was over: answered {}: {}",
                answer.status,
                answer.body
            );
        }
        self.leave().await?;
        Ok(Outcome::LetExpire)
    }

    async fn try_to_pay(&mut self, held: &Held, key: &str) -> Result<Answer> {
        let body = json!({ "reservation_id": held.reservation }).to_string();
        let request = Request::with("POST", "/v1/payments", &self.token, &body, &keyed(key));
        self.click(Step::Pay, &request).await
    }

    async fn pay(&mut self, held: &Held) -> Result<Outcome> {
        self.rest(self.plan.thinks[4]).await;
        let mut answer = self.try_to_pay(held, "pay").await?;
        if answer.is("insufficient_balance") {
            if self.plan.ending == (Ending::IsPoor { finds_money: false }) {
                return self.give_back(held).await;
            }
            let missing = answer.body["shortfall"].as_i64();
            let missing = missing.context("insufficient_balance without a shortfall")?;
            self.charge(missing, "charge-more").await?;
            answer = self.try_to_pay(held, "pay-again").await?;
        }
        if answer.is("reservation_expired") || answer.is("queue_token_expired") {
            return Ok(Outcome::TooSlow);
        }
        answer.good().context("paying")?;
        self.night.wire.tally().sells(held.numbers.len());
        self.moves(Whereabouts::Away);
        self.look_back(held).await?;
        Ok(Outcome::Bought)
    }

    async fn give_back(&mut self, held: &Held) -> Result<Outcome> {
        let path = format!("/v1/reservations/{}", held.reservation);
        let request = Request::new("DELETE", &path, &self.token, "");
        let answer = self.act(Step::Cancel, &request).await?;
        let is_over = answer.is("reservation_expired") || answer.is("queue_token_expired");
        if !is_over {
            answer.good().context("cancelling")?;
        }
        self.night.concert.dates[held.date].mark(&held.numbers, true);
        self.leave().await?;
        Ok(Outcome::TooPoor)
    }

    /// What was bought is there.
    async fn look_back(&mut self, held: &Held) -> Result<()> {
        let path = format!("/v1/reservations/{}", held.reservation);
        let request = Request::new("GET", &path, &self.access, "");
        let found = self.act(Step::LookBack, &request).await?.good()?;
        anyhow::ensure!(
            found["status"] == "paid",
            "a reservation that was paid is not: {found}"
        );
        Ok(())
    }
}

/// The numbers in a list.
fn numbers(list: &Value, pick: impl Fn(&Value) -> &Value) -> Vec<u64> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| pick(item).as_u64()).collect()
}
