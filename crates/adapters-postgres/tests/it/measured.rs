//! What is counted, and how the sale of concerts is watched.

use adapters_postgres::{Adapters, ConcertSales, SalesWatch};
use domain::id::ConcertId;
use futures_util::future::join_all;
use metrics_exporter_prometheus::PrometheusBuilder;
use time::Duration;

use crate::fixture::{
    Fixture, NOON, SEAT_PRICE, add_schedule, cancel_request, charge, concert, hold, hold_request,
    join, key, new_schedule, pay, schedule, shopper, shoppers, sign_up,
};

fn sales(concert: ConcertId, title: &str, [seats, remaining, sold]: [u64; 3]) -> ConcertSales {
    ConcertSales {
        id: concert.get(),
        title: title.to_owned(),
        seats,
        remaining,
        sold,
        revenue: sold * SEAT_PRICE.unsigned_abs(),
    }
}

/// Someone new buys a seat of each of these schedules.
async fn buy(process: &Adapters, schedules: &[domain::id::ScheduleId], seat: i64) {
    for schedule in schedules {
        let pass = shopper(process).await;
        charge(process, pass.user_id, SEAT_PRICE).await;
        let held = hold(process, pass, *schedule, [seat]).await.unwrap();
        pay(process, pass, held.id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sales_of_a_concert_are_those_of_its_dates_but_not_of_the_long_past() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let (quiet, loud) = (
        concert(&process, "Quiet").await,
        concert(&process, "Loud").await,
    );
    let gone = concert(&process, "Gone").await;
    let date = async |concert: ConcertId, from_noon| {
        add_schedule(&process, new_schedule(concert, 10, NOON + from_noon)).await
    };
    let shows = [
        date(loud.id, Duration::DAY).await,
        date(loud.id, Duration::WEEK).await,
    ];
    date(loud.id, -3 * Duration::DAY).await;
    date(quiet.id, -Duration::DAY).await;
    date(gone.id, -3 * Duration::DAY).await;
    let mut watch = SalesWatch::new(fixture.database(), fixture.clock.clone());
    let none = watch.look().await.unwrap();
    assert_eq!(none.len(), 2, "{none:?}");

    buy(&process, &shows, 1).await;
    let holder = shopper(&process).await;
    hold(&process, holder, shows[0], [2, 3]).await.unwrap();
    let expected = [
        sales(loud.id, "Loud", [20, 16, 2]),
        sales(quiet.id, "Quiet", [10, 10, 0]),
    ];
    assert_eq!(watch.look().await.unwrap(), expected);
    assert_eq!(watch.look().await.unwrap(), expected, "and again");

    buy(&process, &shows[..1], 9).await;
    let more = watch.look().await.unwrap();
    assert_eq!(more[0], sales(loud.id, "Loud", [20, 15, 3]));
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_of_many_dates_are_added_up_bit_by_bit_and_none_is_left_out() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let tour = concert(&process, "Tour").await;
    let dates = (1..=25).map(|day| {
        let starts_at = NOON + Duration::days(day);
        add_schedule(&process, new_schedule(tour.id, 3, starts_at))
    });
    let dates = join_all(dates).await;
    buy(&process, &dates, 1).await;
    let mut watch = SalesWatch::new(fixture.database(), fixture.clock.clone());
    let mut revenues = Vec::new();
    for _ in 0..2 {
        let seen = watch.look().await.unwrap();
        assert_eq!(seen[0].sold, 25);
        revenues.push(seen[0].revenue / SEAT_PRICE.unsigned_abs());
    }
    assert_eq!(revenues, [20, 25]);
    for seat in [2, 3] {
        buy(&process, &dates[..20], seat).await;
        watch.look().await.unwrap();
    }
    let seen = watch.look().await.unwrap();
    assert_eq!(seen, [sales(tour.id, "Tour", [75, 10, 65])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_counted_once_and_nothing_else_is() {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&[1.0])
        .unwrap()
        .build_recorder();
    let counting = metrics::set_default_local_recorder(&recorder);
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    drop(counting);
    let show = schedule(&process, 10).await;
    let [buyer, loser, sleeper] = shoppers(&process, 3).await[..] else {
        panic!("three");
    };
    charge(&process, buyer.user_id, 50_000).await;
    let mut request = hold_request(buyer, show, &[1, 2]);
    request.key = Some(key("hold", 1));
    let held = process.seats.hold(request.clone()).await.unwrap();
    assert!(process.seats.hold(request).await.unwrap().replayed);
    hold(&process, loser, show, [2]).await.unwrap_err();
    let over = hold(&process, sleeper, show, [3]).await.unwrap();
    pay(&process, buyer, held.value.id).await.unwrap();
    pay(&process, buyer, held.value.id).await.unwrap_err();
    let dropped = hold(&process, loser, show, [4]).await.unwrap();
    process
        .seats
        .cancel(cancel_request(dropped.id, loser.user_id))
        .await
        .unwrap();
    assert!(process.tokens.leave(loser.token_id).await.unwrap());
    assert!(!process.tokens.leave(loser.token_id).await.unwrap());
    fixture.clock.advance(Duration::minutes(6));
    assert_eq!(process.seats.sweep().await.unwrap(), 1, "{over:?}");
    assert_eq!(process.tokens.tick().await.unwrap().ended, 1);
    let late = sign_up(&process).await;
    join(&process, late).await;

    process.gauges.set();
    let told = recorder.handle().render();
    for line in [
        "sign_ups_total 4",
        "queue_joins_total 4",
        "queue_admissions_total 4",
        r#"queue_ended_total{reason="paid"} 1"#,
        r#"queue_ended_total{reason="left"} 1"#,
        r#"queue_ended_total{reason="time"} 1"#,
        r#"queue_ended_total{reason="no_show"} 0"#,
        "charges_total 1",
        "charged_won_total 50000",
        "holds_total 3",
        "held_seats_total 4",
        r#"holds_ended_total{outcome="paid"} 1"#,
        r#"holds_ended_total{outcome="cancelled"} 1"#,
        r#"holds_ended_total{outcome="expired"} 1"#,
        "payments_total 1",
        "paid_won_total 20000",
        r#"lane_depth{lane="hold"} 0"#,
        r#"lane_limit{lane="hold"} 4096"#,
        r#"lane_batch_requests_count{lane="hold"} 5"#,
        r#"lane_transaction_seconds_count{lane="pay"} 2"#,
        r#"lane_refused_total{lane="join"} 0"#,
        r#"lane_failures_total{lane="join"} 0"#,
        "queue_waiting 0",
        "pool_limit 10",
    ] {
        let line = format!("boxoffice_{line}");
        assert!(told.lines().any(|it| it == line), "{line}\n{told}");
    }
    fixture.assert_audit_clean().await;
}
