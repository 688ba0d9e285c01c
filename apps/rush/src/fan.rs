//! One fan's evening.

mod shop;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use load_client::{dice::Dice, http::Request};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::sleep_until;

use crate::{
    fairness::Place,
    night::Night,
    plan::{self, Ending},
    tally::{Outcome, Step, Whereabouts},
    wire::Answer,
};

/// What those have who cannot pay.
const LITTLE: i64 = 1_000;

/// Makes the journey and counts how it ended.
pub async fn journey(night: Arc<Night>, plan: plan::Fan) {
    let mut fan = Fan {
        dice: Dice::new(plan.luck),
        due: night.opening + plan.arrives,
        night,
        plan,
        whereabouts: Whereabouts::Away,
        id: String::new(),
        access: String::new(),
        token: String::new(),
    };
    let went = fan.go().await;
    let outcome = match went {
        Ok(outcome) => outcome,
        Err(error) => {
            fan.night.wire.tally().goes_wrong(format!("{error:#}"));
            Outcome::WentWrong
        }
    };
    fan.moves(Whereabouts::Away);
    fan.night.wire.tally().goes_home(outcome);
}

/// A fan on the way.
struct Fan {
    night: Arc<Night>,
    plan: plan::Fan,
    dice: Dice,
    /// When they want to do the next thing.
    due: Instant,
    whereabouts: Whereabouts,
    id: String,
    access: String,
    token: String,
}

impl Fan {
    async fn go(&mut self) -> Result<Outcome> {
        sleep_until(self.due.into()).await;
        self.night.wire.tally().counts.arrived += 1;
        self.sign_up().await?;
        let enough = self.night.enough;
        let is_poor = matches!(self.plan.ending, Ending::IsPoor { .. });
        self.charge(if is_poor { LITTLE } else { enough }, "charge")
            .await?;
        let state = self.join().await?;
        if let Some(outcome) = self.wait(state).await? {
            return Ok(outcome);
        }
        self.moves(Whereabouts::Shopping);
        self.shop().await
    }

    fn moves(&mut self, to: Whereabouts) {
        self.night.wire.tally().moves(self.whereabouts, to);
        self.whereabouts = to;
    }

    /// Does a step now, or as soon as this program comes to it.
    async fn act(&mut self, step: Step, request: &Request) -> Result<Answer> {
        let answer = self.night.wire.act(step, request, self.due).await;
        self.due = Instant::now();
        answer
    }

    /// The same, twice at once for those who click twice; both have to be told the same.
    async fn click(&mut self, step: Step, request: &Request) -> Result<Answer> {
        if !self.plan.clicks_twice {
            return self.act(step, request).await;
        }
        let wire = &self.night.wire;
        let (one, other) = tokio::join!(
            wire.act(step, request, self.due),
            wire.act(step, request, self.due)
        );
        self.due = Instant::now();
        let (one, other) = (one?, other?);
        if one.is_good() && other.is_good() {
            let (one, other) = (&one.body["id"], &other.body["id"]);
            ensure!(
                one == other,
                "{}: two clicks with one key made two things, {one} and {other}",
                step.name()
            );
        }
        // Whichever was refused, the other tells what became of it.
        Ok(if one.is_good() { one } else { other })
    }

    /// Rests until it is time for the next thing.
    async fn rest(&mut self, time: Duration) {
        self.due += time;
        sleep_until(self.due.into()).await;
    }

    async fn sign_up(&mut self) -> Result<()> {
        let request = Request::new("POST", "/v1/users", "", r#"{"name":"Fan"}"#);
        let answer = self.act(Step::SignUp, &request).await?;
        answer.text("id")?.clone_into(&mut self.id);
        answer.text("access_token")?.clone_into(&mut self.access);
        Ok(())
    }

    async fn charge(&mut self, won: i64, key: &str) -> Result<()> {
        let path = format!("/v1/users/{}/balance/charges", self.id);
        let body = json!({ "amount": won }).to_string();
        let request = Request::with("POST", &path, &self.access, &body, &keyed(key));
        let answer = self.click(Step::Charge, &request).await?;
        answer.good().map(drop).context("charging")
    }

    /// Takes a place; whoever clicks twice has one all the same.
    async fn join(&mut self) -> Result<Value> {
        let request = Request::new("POST", "/v1/queue/tokens", &self.access, "");
        let answer = self.click(Step::Join, &request).await?;
        let state = if answer.is("queue_token_exists") {
            answer.body["queue"].clone()
        } else {
            answer.good().context("joining")?
        };
        let token = state["token"].as_str();
        token
            .with_context(|| format!("a place without a token: {state}"))?
            .clone_into(&mut self.token);
        self.moves(Whereabouts::Waiting);
        Ok(state)
    }

    /// Waits as told; how it ended if that was not the turn.
    async fn wait(&mut self, mut state: Value) -> Result<Option<Outcome>> {
        let (gives_up, vanishes) = match self.plan.ending {
            Ending::Leaves(after) => (Some(self.due + after), false),
            Ending::Vanishes(after) => (Some(self.due + after), true),
            _ => (None, false),
        };
        let look = Request::new("GET", "/v1/queue/tokens/me", &self.token, "");
        while state["status"] == "waiting" {
            let after = state["poll_after_ms"].as_u64();
            let after = after.with_context(|| format!("when to ask again? {state}"))?;
            let next = self.due + Duration::from_millis(after);
            if let Some(gives_up) = gives_up.filter(|gives_up| *gives_up < next) {
                self.rest(gives_up.saturating_duration_since(self.due))
                    .await;
                return self.give_up(vanishes).await.map(Some);
            }
            self.rest(Duration::from_millis(after)).await;
            let answer = self.act(Step::Poll, &look).await?;
            if answer.is("queue_token_expired") {
                return Ok(Some(Outcome::TooSlow));
            }
            state = answer.good().context("waiting")?;
        }
        self.observe(&state)?;
        Ok(None)
    }

    async fn give_up(&mut self, vanishes: bool) -> Result<Outcome> {
        if vanishes {
            return Ok(Outcome::Vanished);
        }
        self.leave().await?;
        Ok(Outcome::Left)
    }

    async fn leave(&mut self) -> Result<()> {
        let request = Request::new("DELETE", "/v1/queue/tokens/me", &self.token, "");
        let answer = self.act(Step::Leave, &request).await?;
        if answer.is("queue_token_expired") {
            return Ok(());
        }
        answer.good().map(drop).context("leaving")
    }

    /// Notes when this fan came and was let in.
    fn observe(&self, state: &Value) -> Result<()> {
        let time = |member: &str| {
            let text = state[member].as_str();
            let text = text.with_context(|| format!("let in without {member}: {state}"))?;
            anyhow::Ok(OffsetDateTime::parse(text, &Rfc3339)?.unix_timestamp_nanos())
        };
        let place = Place {
            arrival: time("entered_at")?,
            admission: time("activated_at")?,
        };
        self.night.wire.tally().places.push(place);
        Ok(())
    }
}

/// The header of an `Idempotency-Key`.
fn keyed(key: &str) -> String {
    format!("idempotency-key: {key}\r\n")
}
