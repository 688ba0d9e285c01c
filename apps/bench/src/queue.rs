//! The queue: joining it, asking for one's place, and a million people in it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use clap::Args;
use tokio_postgres::Client;

use crate::{
    fans,
    http::{Connection, Request},
    load::{Cycle, Once, Outcome, closed, fixed},
    machine::machine,
    pgbench,
    report::Report,
    say,
    stage::{OPERATOR_KEY, Server, Stage},
    stats::median,
};

/// How much to measure.
#[derive(Args)]
pub struct Options {
    /// How many join in each of the three rounds
    #[arg(long, default_value_t = 20_000)]
    joins: usize,
    /// How many wait at the end
    #[arg(long, default_value_t = 1_000_000)]
    waiting: u32,
    /// How long each other load lasts, in seconds
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// Where to write the results
    #[arg(long, default_value = "docs/bench/queue.md")]
    output: PathBuf,
}

/// Connections of each load.
const CONNECTIONS: usize = 128;
/// Those of joining: on an opening night everyone arrives at once.
const ARRIVING: usize = 512;
const ROUNDS: usize = 3;

/// One transaction a join: the next ticket from the one row, then the token.
const JOIN_ALONE: &str = "\
BEGIN;
UPDATE alone_state SET version = version + 1, next_ticket = next_ticket + 1, waiting = waiting + 1 \
RETURNING version, next_ticket - 1 AS ticket \\gset
INSERT INTO alone_tokens (id, user_id, ticket, status, entered_at, waiting_until, joined_version, version) \
VALUES (gen_random_uuid(), gen_random_uuid(), :ticket, 'waiting', now(), now() + interval '2 hours', \
:version, :version);
END;
";

/// Runs everything, prints it and writes it down; whether all bounds held.
pub async fn run(options: Options) -> Result<bool> {
    let mut report = Report::default();
    let stage = Stage::set().await?;
    let client = stage.client().await?;
    // Nobody is admitted: everyone who joins waits.
    let empty = stage.server(&[("CAPACITY", "0")]).await?;
    let (empty_mib, empty_ready) = (empty.resident_mib()?, empty.ready_after);
    prepare_alone(&client).await?;

    say("1,000 wait: asking for one's place beside GET /health/live");
    let few = fans::sign_up(empty.address, 1_000).await?;
    let few = fans::join(empty.address, &few).await?;
    let (polls_few, health) = polls(&empty, &few, options.seconds).await?;
    report.figure("polls a second, 1,000 waiting", format!("{polls_few:.0}"));
    report.figure("GET /health/live a second", format!("{health:.0}"));
    report.at_least(
        "polls beside health, 1,000 waiting",
        polls_few / health,
        0.7,
    );

    say("joining beside one transaction a join");
    joins(&stage, &empty, &options, &mut report).await?;
    drop(empty);

    say("a million wait");
    fill_up_to(&client, options.waiting).await?;
    let full = stage.server(&[("ADMISSION_BATCH", "1000")]).await?;
    report.figure(
        "ready with an empty queue",
        format!("{} ms", empty_ready.as_millis()),
    );
    let (ready, waiting) = (full.ready_after.as_millis(), options.waiting);
    report.figure(
        &format!("ready with {waiting} waiting"),
        format!("{ready} ms"),
    );
    let more = full.resident_mib()? - empty_mib;
    report.below("resident memory for them", more, 64.0, "MiB");
    let (polls_many, health) = polls(&full, &few, options.seconds).await?;
    report.figure(
        &format!("polls a second, {waiting} waiting"),
        format!("{polls_many:.0}"),
    );
    report.figure(
        "  GET /health/live a second beside it",
        format!("{health:.0}"),
    );
    report.at_least(
        "polls with many waiting beside polls with few",
        polls_many / polls_few,
        0.95,
    );

    say("joins while 1,000 a tick are admitted");
    admissions(&full, &client, options.seconds, &mut report).await?;
    stage.audit().await?;
    report.figure("audit", "clean");
    report.write(&options.output, "The queue", &machine(&client).await?, "")?;
    say(&report.verdict());
    Ok(report.held())
}

/// Tables like the queue's, for pgbench; without foreign keys, which is in its favour.
async fn prepare_alone(client: &Client) -> Result<()> {
    let tables = "CREATE TABLE alone_state (LIKE queue_state INCLUDING ALL); \
        INSERT INTO alone_state (capacity, admission_batch, next_tick_at) VALUES (0, 1, now()); \
        CREATE TABLE alone_tokens (LIKE queue_tokens INCLUDING ALL)";
    Ok(client.batch_execute(tables).await?)
}

/// Polls a second and `GET /health/live` a second, in turn; the medians.
async fn polls(server: &Server, tokens: &[String], seconds: u32) -> Result<(f64, f64)> {
    let poll = |token: &String| Request::new("GET", "/v1/queue/tokens/me", token, "");
    let polls = Arc::new(Cycle(tokens.iter().map(poll).collect()));
    let health = Arc::new(Cycle(vec![Request::new("GET", "/health/live", "", "")]));
    let (mut polled, mut healthy) = (Vec::new(), Vec::new());
    let limit = Duration::from_secs(seconds.into());
    for _ in 0..ROUNDS {
        polled.push(checked(
            &closed(server.address, CONNECTIONS, polls.clone(), 200, limit).await?,
        )?);
        healthy.push(checked(
            &closed(server.address, CONNECTIONS, health.clone(), 200, limit).await?,
        )?);
    }
    Ok((median(polled), median(healthy)))
}

fn checked(outcome: &Outcome) -> Result<f64> {
    ensure!(
        outcome.failures == 0,
        "{} requests failed",
        outcome.failures
    );
    Ok(outcome.rate())
}

/// Durable joins a second, and what pgbench reaches one transaction a join, in turn.
async fn joins(
    stage: &Stage,
    server: &Server,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let (mut joined, mut alone, mut clients) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let users = fans::sign_up(server.address, options.joins).await?;
        let requests = Arc::new(Once(fans::join_requests(&users)));
        let limit = Duration::from_mins(1);
        let outcome = closed(server.address, ARRIVING, requests, 201, limit).await?;
        let p99 = outcome.percentile(99.0);
        joined.push(checked(&outcome)?);
        say(&format!(
            "  {:.0} joins a second, p99 {} ms",
            joined[joined.len() - 1],
            p99.as_millis()
        ));
        let (best, at) =
            pgbench::best(stage, "boxoffice", JOIN_ALONE, &[8, 32], options.seconds).await?;
        say(&format!("  {best:.0} alone, at {at} clients"));
        alone.push(best);
        clients = at;
    }
    let (joined, alone) = (median(joined), median(alone));
    report.figure(
        "joins a second, durable, through HTTP",
        format!("{joined:.0}"),
    );
    report.figure(
        &format!("pgbench, one transaction a join, {clients} clients"),
        format!("{alone:.0}"),
    );
    report.at_least("joins beside pgbench", joined / alone, 8.0);
    Ok(())
}

/// Adds people to the line until so many wait.
async fn fill_up_to(client: &Client, waiting: u32) -> Result<()> {
    let fill = format!(
        "WITH state AS (SELECT version + 1 AS version, next_ticket, {waiting} - waiting AS missing \
           FROM queue_state FOR UPDATE), \
         fans AS (INSERT INTO users (id, name, created_at) SELECT gen_random_uuid(), 'Fan', now() \
           FROM state, generate_series(1, missing) RETURNING id), \
         tokens AS (INSERT INTO queue_tokens (id, user_id, ticket, status, entered_at, waiting_until, \
           joined_version, version) \
           SELECT gen_random_uuid(), fans.id, state.next_ticket - 1 + row_number() OVER (), 'waiting', \
           now(), now() + interval '2 hours', state.version, state.version FROM fans, state) \
         UPDATE queue_state q SET version = state.version, waiting = q.waiting + state.missing, \
           next_ticket = state.next_ticket + state.missing FROM state"
    );
    client.batch_execute(&fill).await?;
    for table in ["queue_tokens", "users"] {
        client
            .batch_execute(&format!("VACUUM ANALYZE {table}"))
            .await?;
    }
    Ok(())
}

/// Joins at a steady rate while the queue admits 1,000 a tick.
async fn admissions(
    server: &Server,
    client: &Client,
    seconds: u32,
    report: &mut Report,
) -> Result<()> {
    const RATE: f64 = 1_000.0;
    let number = usize::try_from(seconds)? * 1_000;
    let users = fans::sign_up(server.address, number).await?;
    let requests = Arc::new(Once(fans::join_requests(&users)));
    let limit = Duration::from_secs(seconds.into());
    let before = fixed(server.address, CONNECTIONS, requests, 201, RATE, limit).await?;

    let users = fans::sign_up(server.address, number).await?;
    let requests = Arc::new(Once(fans::join_requests(&users)));
    let open = Request::new(
        "PATCH",
        "/v1/admin/queue",
        OPERATOR_KEY,
        r#"{"capacity":1000000,"admission_batch":1000}"#,
    );
    ensure!(
        Connection::open(server.address).await?.send(&open).await? == 200,
        "not opened"
    );
    let meanwhile = fixed(server.address, CONNECTIONS, requests, 201, RATE, limit).await?;

    let per_tick =
        "SELECT coalesce(max(admitted), 0), count(*) FROM queue_admissions WHERE from_line";
    let row = client.query_one(per_tick, &[]).await?;
    let (most, ticks): (i64, i64) = (row.get(0), row.get(1));
    report.figure("admitted a tick, ticks", format!("{most}, {ticks}"));
    for (name, outcome) in [
        ("nobody admitted", &before),
        ("1,000 admitted a tick", &meanwhile),
    ] {
        let p99 = outcome.percentile(99.0).as_millis();
        report.figure(
            &format!("p99 of joins at {RATE}/s, {name}"),
            format!("{p99} ms"),
        );
        ensure!(outcome.failures == 0, "{} joins failed", outcome.failures);
    }
    Ok(())
}
