//! One round of a load, and that nothing it claims is untrue.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};

use super::act::Act;
use crate::{
    cpu::Cpu,
    load::{Crowd, Once, Outcome},
    stage::{House, settle},
    statements,
};

/// The longest that a round may take.
pub const LIMIT: Duration = Duration::from_mins(2);

/// How large a load is.
#[derive(Clone, Copy)]
pub struct Size {
    /// How many fans act, each once.
    pub fans: usize,
    /// Over how many connections.
    pub connections: usize,
}

/// What a round gave.
pub struct Round {
    /// How the load went.
    pub outcome: Outcome,
    /// The CPU time used meanwhile, where it can be told.
    pub cpu: Option<Cpu>,
}

/// So many fans act as fast as the answers come. With `statements` it also prints what PostgreSQL
/// did meanwhile.
pub async fn round(house: &House<'_>, act: Act, size: Size, statements: bool) -> Result<Round> {
    let requests = act.prepare(house.server.address, size.fans).await?;
    settle(&house.client).await?;
    let before = act.stored(&house.client).await?;
    let crowd = Crowd::open(house.server.address, size.connections).await?;
    if statements {
        statements::reset(&house.client).await?;
    }
    let cpu = house.meter.read();
    let outcome = crowd.closed(Arc::new(Once(requests)), 201, LIMIT).await;
    let cpu = house
        .meter
        .read()
        .zip(cpu)
        .map(|(after, before)| after - before);
    let outcome = outcome.with_context(|| house.server.end_of_log())?;
    if statements {
        let top = statements::top(&house.client).await?;
        top.print(outcome.successes);
    }
    check(house, act, before, &outcome).await?;
    Ok(Round { outcome, cpu })
}

/// A short round that nobody looks at: first times are over then.
pub async fn warm_up(house: &House<'_>, act: Act, size: Size) -> Result<()> {
    let fans = size.fans.div_ceil(10);
    round(house, act, Size { fans, ..size }, false).await?;
    Ok(())
}

/// Fails unless every request succeeded, each success is a row in the database (there were so many
/// before), and no promise is broken.
pub async fn check(house: &House<'_>, act: Act, before: u64, outcome: &Outcome) -> Result<()> {
    let succeeded = outcome.all_succeeded();
    succeeded.with_context(|| house.server.end_of_log())?;
    let stored = act.stored(&house.client).await? - before;
    let claimed = outcome.successes;
    ensure!(
        stored == claimed,
        "{claimed} requests succeeded, but {stored} are stored"
    );
    house.audit().await
}
