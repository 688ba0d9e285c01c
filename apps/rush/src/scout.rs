//! Someone who looks at what is on sale before anyone comes, as a fan would.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use load_client::http::{Connection, Request};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::hall::Date;

/// How long to wait for one's turn on a server where others are.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the fans come for.
pub struct Concert {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Its dates with seats left.
    pub dates: Vec<Date>,
    /// The price of the dearest seat.
    pub dearest: i64,
}

impl Concert {
    /// All seats of all dates.
    pub fn seats(&self) -> usize {
        self.dates.iter().map(Date::seats).sum()
    }
}

/// Looks at the concert of this title or id; unless one is named, at the one with the most seats left.
pub async fn look(server: SocketAddr, wanted: Option<&str>) -> Result<Concert> {
    let mut scout = Scout {
        connection: Connection::open(server).await?,
        token: String::new(),
    };
    scout.enter().await?;
    let looked = scout.concert(wanted).await;
    // The place is for the fans.
    scout.ask("DELETE", "/v1/queue/tokens/me").await?;
    looked
}

struct Scout {
    connection: Connection,
    token: String,
}

impl Scout {
    async fn ask(&mut self, method: &str, path: &str) -> Result<Value> {
        self.ask_with(method, path, "").await
    }

    async fn ask_with(&mut self, method: &str, path: &str, body: &str) -> Result<Value> {
        let request = Request::new(method, path, &self.token, body);
        let status = self.connection.send(&request).await?;
        if status == 204 {
            return Ok(Value::Null);
        }
        let answer = self.connection.json()?;
        ensure!(status < 400, "{method} {path}: answered {status}: {answer}");
        Ok(answer)
    }

    async fn enter(&mut self) -> Result<()> {
        let user = self
            .ask_with("POST", "/v1/users", r#"{"name":"Scout"}"#)
            .await;
        let user = user.context("signing up (users have to be able to, see BOXOFFICE_SIGN_UP)")?;
        text(&user, "access_token")?.clone_into(&mut self.token);
        let mut state = self.ask("POST", "/v1/queue/tokens").await?;
        text(&state, "token")?.clone_into(&mut self.token);
        let patience = Instant::now() + PATIENCE;
        while state["status"] != "active" {
            if Instant::now() > patience {
                bail!("the server has a queue: rehearse where nobody else is");
            }
            let after = state["poll_after_ms"].as_u64().unwrap_or(1_000);
            sleep(Duration::from_millis(after)).await;
            state = self.ask("GET", "/v1/queue/tokens/me").await?;
        }
        Ok(())
    }

    async fn concert(&mut self, wanted: Option<&str>) -> Result<Concert> {
        let mut best: Option<(u64, Value, Vec<Value>)> = None;
        for concert in self.concerts().await? {
            let is_wanted = |wanted| concert["id"] == wanted || concert["title"] == wanted;
            if !wanted.is_none_or(is_wanted) {
                continue;
            }
            let dates = self.dates(text(&concert, "id")?).await?;
            let left = dates
                .iter()
                .filter_map(|date| date["remaining_seats"].as_u64());
            let left = left.sum();
            if best.as_ref().is_none_or(|(most, ..)| left > *most) {
                best = Some((left, concert, dates));
            }
        }
        let (_, concert, dates) = best.with_context(|| match wanted {
            Some(wanted) => format!("there is no concert with the title or id \"{wanted}\""),
            None => "the server has no concert; try `boxoffice seed`".to_owned(),
        })?;
        self.seats(&concert, &dates).await
    }

    async fn concerts(&mut self) -> Result<Vec<Value>> {
        let mut path = "/v1/concerts?limit=100".to_owned();
        let mut all = Vec::new();
        loop {
            let mut page = self.ask("GET", &path).await?;
            if let Some(items) = page["items"].as_array_mut() {
                all.append(items);
            }
            match page["next_cursor"].as_str() {
                Some(next) => path = format!("/v1/concerts?limit=100&cursor={next}"),
                None => return Ok(all),
            }
        }
    }

    /// The dates that can be booked; none is no problem here.
    async fn dates(&mut self, concert: &str) -> Result<Vec<Value>> {
        let path = format!("/v1/concerts/{concert}/schedules");
        let request = Request::new("GET", &path, &self.token, "");
        let status = self.connection.send(&request).await?;
        let mut answer = self.connection.json()?;
        if status == 404 && answer["code"] == "no_available_dates" {
            return Ok(Vec::new());
        }
        ensure!(status == 200, "{path}: answered {status}: {answer}");
        let items = answer["items"].as_array_mut();
        Ok(items.map(std::mem::take).unwrap_or_default())
    }

    async fn seats(&mut self, concert: &Value, dates: &[Value]) -> Result<Concert> {
        let mut found = Concert {
            id: text(concert, "id")?.to_owned(),
            title: text(concert, "title")?.to_owned(),
            dates: Vec::new(),
            dearest: 0,
        };
        for date in dates {
            let path = format!("/v1/schedules/{}/seats", text(date, "id")?);
            let map = self.ask("GET", &path).await?;
            found.dearest = found.dearest.max(Date::dearest(&map));
            let date = Date::of(&map).context("a seat map that makes no sense")?;
            found.dates.push(date);
        }
        ensure!(
            !found.dates.is_empty(),
            "\"{}\" has no date with seats left: name another --concert",
            found.title
        );
        Ok(found)
    }
}

fn text<'a>(answer: &'a Value, member: &str) -> Result<&'a str> {
    let text = answer[member].as_str();
    text.with_context(|| format!("an answer without {member}: {answer}"))
}
