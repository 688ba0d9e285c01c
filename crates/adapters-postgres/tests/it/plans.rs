//! On an opening night PostgreSQL makes its first plans over tables that nobody has analysed yet. What a
//! request reads must not grow with the hall or with the number of those who shop.

use adapters_postgres::Adapters;
use domain::id::ReservationId;
use futures_util::future::join_all;
use time::Duration;

use crate::{
    fixture::{Fixture, cancel, charge, hold, options, pay, schedule, shoppers},
    support::{number, outside, until_deserted},
};

/// How many entries of the indexes of `table` have been read by those who are gone.
async fn entries_read(fixture: &Fixture, table: &str) -> i64 {
    // Sessions report what they have read at their end, at the latest.
    let (name, outside) = outside(&fixture.test_database).await;
    until_deserted(&name, &outside).await;
    let client = fixture.test_database.client().await;
    let analysed = format!(
        "SELECT count(*) FROM pg_stat_user_tables WHERE relname = '{table}' \
         AND (last_analyze IS NOT NULL OR last_autoanalyze IS NOT NULL)"
    );
    assert_eq!(number(&client, &analysed).await, 0, "nobody has analysed");
    let read = format!(
        "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname = '{table}'"
    );
    number(&client, &read).await
}

/// Each shopper holds a seat; a third pays, a third pays and gives back, the others are too late or give
/// up.
async fn shop(fixture: &Fixture, process: &Adapters, fans: usize, hall: i64) {
    let show = schedule(process, hall).await;
    let passes = shoppers(process, fans).await;
    let held = passes.iter().zip((1..=hall).rev());
    let held = held.map(async |(pass, seat)| {
        charge(process, pass.user_id, 100_000).await;
        hold(process, *pass, show, [seat]).await.unwrap().id
    });
    let held: Vec<ReservationId> = join_all(held).await;
    let each = passes.iter().zip(held).enumerate();
    let ended = each.map(async |(nth, (pass, reservation))| match nth % 6 {
        0 | 1 => drop(pay(process, *pass, reservation).await.unwrap()),
        2 | 3 => {
            pay(process, *pass, reservation).await.unwrap();
            cancel(process, pass.user_id, reservation).await.unwrap();
        }
        4 => drop(cancel(process, pass.user_id, reservation).await.unwrap()),
        _ => {}
    });
    join_all(ended).await;
    fixture.clock.advance(Duration::minutes(6));
    assert_eq!(process.seats.sweep().await.unwrap(), fans as u64 / 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_of_a_hall_is_the_seats_that_are_asked_for() {
    let (fans, hall) = (60, 3_000);
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    shop(&fixture, &process, fans, hall).await;
    process.stop().await;
    let read = entries_read(&fixture, "seats").await;
    assert!(read < hall, "{read} entries read for {fans} seats");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_to_write_who_is_there_is_a_row_for_each() {
    let fans = 200;
    let mut options = options();
    options.queue_times.no_show_after = Duration::MINUTE;
    let fixture = Fixture::with(options).await;
    let process = fixture.process().await;
    let passes = shoppers(&process, fans).await;
    process.line.refreshed().await;
    fixture.clock.advance(Duration::SECOND);
    for pass in &passes {
        process.presence.saw(pass.user_id);
    }
    process.stop().await;
    let read = entries_read(&fixture, "queue_tokens").await;
    let fans = i64::try_from(fans).unwrap();
    assert!(read < 20 * fans, "{read} entries read for {fans} fans");
    let seen = "SELECT count(*) FROM queue_tokens WHERE seen_at > admitted_at";
    assert_eq!(fixture.number(seen).await, fans);
}
