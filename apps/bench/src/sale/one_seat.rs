//! Ten thousand want the same seat.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::{
    CONNECTIONS, Sale,
    act::Act,
    round::{self, LIMIT},
};
use crate::{
    fans,
    http::Request,
    load::{Crowd, Once, Outcome},
    say,
    stage::{House, settle},
    stats::Spread,
};

const FANS: usize = 10_000;

/// Measures and reports how long it takes until all are answered. Exactly one may win, and the
/// others have to be told that the seat is taken.
pub async fn measure(sale: &mut Sale<'_>) -> Result<()> {
    say("one seat that 10,000 want at once ...");
    let mut took = Vec::new();
    for number in 1..=sale.options.rounds {
        let house = sale.house().await?;
        round::warm_up(&house, Act::HOT, sale.options.size()).await?;
        let outcome = rush(&house).await?;
        let millis = outcome.took.as_secs_f64() * 1e3;
        say(&format!(
            "  {number}: all answered after {millis:.0} ms, one winner"
        ));
        took.push(millis);
        house.close().await?;
    }
    let name = "one seat, 10,000 at once, one winner: all answered after";
    let took = Spread::of(took);
    sale.report.figure(name, format!("{took} ms"));
    Ok(())
}

async fn rush(house: &House<'_>) -> Result<Outcome> {
    let requests = same_seat(house).await?;
    settle(&house.client).await?;
    let before = Act::HOT.stored(&house.client).await?;
    let crowd = Crowd::open(house.server.address, CONNECTIONS).await?;
    let outcome = crowd.closed(Arc::new(Once(requests)), 201, LIMIT).await;
    let outcome = outcome.with_context(|| house.server.end_of_log())?;
    let (won, others) = (outcome.successes, &outcome.others);
    let stored = Act::HOT.stored(&house.client).await? - before;
    ensure!(
        won == 1 && stored == 1,
        "{won} were told that they got the seat, and {stored} did"
    );
    let taken = others.get(&409).copied().unwrap_or_default();
    ensure!(
        taken == outcome.failures,
        "not all others were told that the seat is taken: {others:?}"
    );
    house.audit().await?;
    Ok(outcome)
}

async fn same_seat(house: &House<'_>) -> Result<Vec<Request>> {
    let server = house.server.address;
    let schedule = fans::schedules(server, 1, 50).await?.remove(0);
    let fans = fans::sign_up(server, FANS).await?;
    let tokens = fans::join(server, &fans).await?;
    let wish = |token: &String| fans::hold_request(token, &schedule, 17);
    Ok(tokens.iter().map(wish).collect())
}
