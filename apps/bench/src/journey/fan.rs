//! One fan's way.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    dice::Dice,
    fans::{Fan, pay_request, text},
    http::Request,
    patient::Patient,
};

use super::{
    lines::Lines,
    show::{MOST, PRICE, Show},
};

/// How often a fan looks for seats before that is an error.
const TRIES: usize = 200;

/// How a journey went.
pub struct Trip {
    /// From the queue token to being admitted.
    pub waiting: Duration,
    /// From the first hold that was tried to the receipt.
    pub paying: Duration,
    /// How often someone else had been faster.
    pub taken: u64,
    /// Seats bought.
    pub seats: i64,
}

/// Goes all the way: sign up, charge, queue, wait, look, hold, pay, look again.
pub async fn journey(show: Arc<Show>, lines: Arc<Lines>, number: usize) -> Result<Trip> {
    let mut line = lines.take().await?;
    let fan = sign_up(&mut line).await.context("signing up")?;
    charge(&mut line, &fan).await.context("charging")?;
    let joined = Instant::now();
    let state = join(&mut line, &fan).await.context("joining")?;
    let token = text(&state, "token").context("a queue state without a token")?;
    drop(line);
    wait(&lines, &token, state).await.context("waiting")?;
    let waiting = joined.elapsed();

    let mut line = lines.take().await?;
    let mut shopper = Shopper {
        line: &mut line,
        show: &show,
        token,
        // Each fan has their own, the same in every run.
        dice: Dice::new(number as u64),
        taken: 0,
    };
    shopper
        .find_concert()
        .await
        .context("finding the concert")?;
    let (held, began) = shopper.hold().await.context("holding")?;
    let reservation = shopper.pay(&held).await.context("paying")?;
    let paying = began.elapsed();
    look_back(shopper.line, &fan, &reservation)
        .await
        .context("looking back")?;
    Ok(Trip {
        waiting,
        paying,
        taken: shopper.taken,
        seats: seats(&reservation)?,
    })
}

async fn sign_up(line: &mut Patient) -> Result<Fan> {
    let request = Request::new("POST", "/v1/users", "", r#"{"name":"Fan"}"#);
    let user = line.call(&request).await?.having(201)?;
    Ok(Fan {
        id: text(&user, "id").context("a user without an id")?,
        access: text(&user, "access_token").context("a user without a token")?,
    })
}

async fn charge(line: &mut Patient, fan: &Fan) -> Result<()> {
    let won = PRICE * i64::try_from(MOST)?;
    let requests = crate::fans::charge_requests(std::slice::from_ref(fan), won, "charge-1");
    let request = requests.first().context("no charge")?;
    let charged = line.call(request).await?.having(201)?;
    ensure!(charged["balance"] == won, "the balance is wrong: {charged}");
    Ok(())
}

async fn join(line: &mut Patient, fan: &Fan) -> Result<Value> {
    let request = Request::new("POST", "/v1/queue/tokens", &fan.access, "");
    line.call(&request).await?.having(201)
}

/// Asks for the place as often as the server says, until it is this fan's turn.
async fn wait(lines: &Arc<Lines>, token: &str, mut state: Value) -> Result<()> {
    let poll = Request::new("GET", "/v1/queue/tokens/me", token, "");
    while state["status"] == "waiting" {
        let after = state["poll_after_ms"]
            .as_u64()
            .context("no poll_after_ms")?;
        sleep(Duration::from_millis(after)).await;
        state = lines.take().await?.call(&poll).await?.having(200)?;
    }
    ensure!(
        state["status"] == "active",
        "neither waits nor active: {state}"
    );
    Ok(())
}

/// A fan in the shop.
struct Shopper<'a> {
    line: &'a mut Patient,
    show: &'a Show,
    token: String,
    dice: Dice,
    taken: u64,
}

impl Shopper<'_> {
    async fn get(&mut self, path: &str) -> Result<Value> {
        let request = Request::new("GET", path, &self.token, "");
        self.line.call(&request).await?.having(200)
    }

    /// Reads the list of concerts up to the one.
    async fn find_concert(&mut self) -> Result<()> {
        let mut path = "/v1/concerts?limit=100".to_owned();
        loop {
            let page = self.get(&path).await?;
            let items = page["items"].as_array().context("no items")?;
            if items.iter().any(|item| item["id"] == *self.show.concert) {
                return Ok(());
            }
            let next = page["next_cursor"].as_str();
            let next = next.context("the concert is not on the list")?;
            path = format!("/v1/concerts?limit=100&cursor={next}");
        }
    }

    /// One of the dates that have seats left.
    async fn choose_date(&mut self) -> Result<String> {
        let path = format!("/v1/concerts/{}/schedules", self.show.concert);
        let dates = self.get(&path).await?;
        let dates = dates["items"].as_array().context("no items")?;
        ensure!(!dates.is_empty(), "an empty list of dates");
        let date = &dates[self.dice.roll(dates.len())];
        ensure!(date["remaining_seats"] != 0, "sold out, but listed: {date}");
        text(date, "id").context("a date without an id")
    }

    /// One or two seats at random of those that are shown as available; fewer when there are not
    /// as many, and none when there are none.
    async fn choose_seats(&mut self, date: &str) -> Result<Vec<u64>> {
        let map = self.get(&format!("/v1/schedules/{date}/seats")).await?;
        let seats = map["seats"].as_array().context("no seats")?;
        let free = seats.iter().filter(|seat| seat["status"] == "available");
        let mut free: Vec<_> = free.filter_map(|seat| seat["number"].as_u64()).collect();
        let wanted = 1 + self.dice.roll(MOST);
        let chosen = std::iter::from_fn(|| self.dice.take(&mut free));
        Ok(chosen.take(wanted).collect())
    }

    /// The seats' reservation, and when it was first tried to get one. When others are faster, the
    /// fan reads the map again; when a date is sold out meanwhile, the list of dates.
    async fn hold(&mut self) -> Result<(String, Instant)> {
        let (mut date, mut began) = (self.choose_date().await?, None);
        for attempt in 0..TRIES {
            let seats = self.choose_seats(&date).await?;
            if seats.is_empty() {
                date = self.choose_date().await?;
                continue;
            }
            let request = self.hold_request(&date, &seats, attempt);
            let began = *began.get_or_insert_with(Instant::now);
            let answer = self.line.call(&request).await?;
            if answer.is("seat_unavailable") {
                self.taken += 1;
                continue;
            }
            let reservation = answer.having(201)?;
            ensure!(
                seats_of(&reservation).len() == seats.len(),
                "wanted {seats:?}, got {reservation}"
            );
            let id = text(&reservation, "id").context("a reservation without an id")?;
            return Ok((id, began));
        }
        bail!("no seats after {TRIES} tries")
    }

    fn hold_request(&self, date: &str, seats: &[u64], attempt: usize) -> Request {
        let body = json!({ "schedule_id": date, "seat_numbers": seats }).to_string();
        let key = format!("idempotency-key: hold-{attempt}\r\n");
        Request::with("POST", "/v1/reservations", &self.token, &body, &key)
    }

    /// Pays; the reservation on the receipt.
    async fn pay(&mut self, reservation: &str) -> Result<Value> {
        let request = pay_request(&self.token, reservation);
        let mut receipt = self.line.call(&request).await?.having(201)?;
        ensure!(
            receipt["reservation"]["status"] == "paid",
            "a receipt for what is not paid: {receipt}"
        );
        Ok(receipt["reservation"].take())
    }
}

/// The reservation is paid not only on the receipt.
async fn look_back(line: &mut Patient, fan: &Fan, reservation: &Value) -> Result<()> {
    let id = text(reservation, "id").context("a reservation without an id")?;
    let path = format!("/v1/reservations/{id}");
    let request = Request::new("GET", &path, &fan.access, "");
    let found = line.call(&request).await?.having(200)?;
    ensure!(found == *reservation, "{found} is not {reservation}");
    Ok(())
}

fn seats_of(reservation: &Value) -> &[Value] {
    reservation["seats"].as_array().map_or(&[], Vec::as_slice)
}

/// How many seats a reservation has.
fn seats(reservation: &Value) -> Result<i64> {
    Ok(i64::try_from(seats_of(reservation).len())?)
}
