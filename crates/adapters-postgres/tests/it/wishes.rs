//! Holds that leave the choice of seats to the server.

use std::collections::BTreeSet;

use adapters_postgres::Adapters;
use domain::{
    id::ScheduleId,
    queue::Pass,
    reservations::{HoldError, HoldRequest, Reservation},
    seats::{Choices, SeatCount, SeatNumbers, Wish},
};
use futures_util::future::join_all;
use time::Duration;

use crate::fixture::{Fixture, hold_request, plain, schedule, shopper, shoppers};

fn best(pass: Pass, show: ScheduleId, count: i64, grade: Option<&str>) -> HoldRequest {
    HoldRequest {
        wish: Wish::Best {
            count: SeatCount::new(count).unwrap(),
            grade: grade.map(str::to_owned),
        },
        ..hold_request(pass, show, &[1])
    }
}

fn prefers(pass: Pass, show: ScheduleId, choices: &[&[i64]]) -> HoldRequest {
    let seats = choices.iter().map(|seats| SeatNumbers::new(seats).unwrap());
    HoldRequest {
        wish: Wish::Choices(Choices::new(seats.collect()).unwrap()),
        ..hold_request(pass, show, &[1])
    }
}

async fn held(process: &Adapters, request: HoldRequest) -> Result<Reservation, HoldError> {
    process.seats.hold(request).await.map(|held| held.value)
}

async fn seats(process: &Adapters, request: HoldRequest) -> Vec<u32> {
    plain(held(process, request).await.unwrap().seat_numbers())
}

fn none_left(refusal: &HoldError) -> bool {
    matches!(refusal, HoldError::SeatUnavailable { numbers } if numbers.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_seats_are_held_until_none_are_next_to_each_other() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 20).await;
    let passes = shoppers(&process, 6).await;
    for (pass, expected) in passes.iter().zip([[4, 5, 6, 7], [14, 15, 16, 17]]) {
        assert_eq!(seats(&process, best(*pass, show, 4, None)).await, expected);
    }
    let refusal = held(&process, best(passes[2], show, 4, None))
        .await
        .unwrap_err();
    assert!(none_left(&refusal), "{refusal:?}");
    for (pass, expected) in passes[2..]
        .iter()
        .zip([[1, 2, 3], [8, 9, 10], [11, 12, 13]])
    {
        assert_eq!(seats(&process, best(*pass, show, 3, None)).await, expected);
    }
    assert_eq!(fixture.counts(show).await, (3, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_seats_of_a_grade_are_of_that_grade_and_others_do_not_help() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 30).await;
    let client = fixture.test_database.client().await;
    let grade = "UPDATE seats SET grade = 'VIP' WHERE number BETWEEN 21 AND 23";
    client.execute(grade, &[]).await.unwrap();
    let passes = shoppers(&process, 3).await;
    let vip = seats(&process, best(passes[0], show, 2, Some("VIP"))).await;
    assert_eq!(vip, [22, 23], "nearer to the middle of 21 to 30");
    for (pass, grade) in [(passes[1], "VIP"), (passes[2], "S")] {
        let refusal = held(&process, best(pass, show, 2, Some(grade)))
            .await
            .unwrap_err();
        assert!(none_left(&refusal), "{refusal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_13_of_many_who_want_the_best_at_once_each_gets_others_and_all_are_sold() {
    let fixture = Fixture::new().await;
    let (here, there) = (fixture.process().await, fixture.process().await);
    let show = schedule(&here, 500).await;
    let passes = shoppers(&here, 300).await;
    let wishes = passes.iter().enumerate().map(|(n, pass)| {
        let process = if n % 2 == 0 { &here } else { &there };
        held(process, best(*pass, show, 2, None))
    });
    let answers = join_all(wishes).await;
    let mut sold = BTreeSet::new();
    for reservation in answers.iter().flatten() {
        let numbers = plain(reservation.seat_numbers());
        assert_eq!(numbers[0] + 1, numbers[1]);
        assert!(
            numbers.iter().all(|number| sold.insert(*number)),
            "{numbers:?}"
        );
    }
    // Rows of 25 have one seat more than pairs have.
    assert_eq!(sold.len(), 480);
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 60);
    assert!(
        answers
            .iter()
            .filter_map(|a| a.as_ref().err())
            .all(none_left)
    );
    assert_eq!(fixture.counts(show).await, (20, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_are_far_behind_gaps_are_found() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 1_000).await;
    let client = fixture.test_database.client().await;
    // Every other one of the first 900 is taken: more single seats than are looked at first.
    let sell = "UPDATE seats SET status = 'sold', reservation_id = gen_random_uuid() \
         WHERE number <= 900 AND number % 2 = 0";
    client.execute(sell, &[]).await.unwrap();
    let pass = shopper(&process).await;
    assert_eq!(seats(&process, best(pass, show, 2, None)).await, [912, 913]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_the_best_seats_can_be_those_of_a_hold_that_is_over() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 2).await;
    let (first, second) = (shopper(&process).await, shopper(&process).await);
    held(&process, best(first, show, 2, None)).await.unwrap();
    let refusal = held(&process, best(second, show, 2, None))
        .await
        .unwrap_err();
    assert!(none_left(&refusal));
    fixture.clock.advance(Duration::minutes(5));
    let second = shopper(&process).await;
    assert_eq!(seats(&process, best(second, show, 2, None)).await, [1, 2]);
    assert_eq!(fixture.counts(show).await, (0, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_of_several_wishes_that_can_be_granted_is() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 10).await;
    let passes = shoppers(&process, 3).await;
    let wish: [&[i64]; 3] = [&[1, 2], &[2, 3], &[7, 8]];
    let asked = passes
        .iter()
        .map(|pass| held(&process, prefers(*pass, show, &wish)));
    let answers = join_all(asked).await;
    let granted: BTreeSet<_> = answers
        .iter()
        .flatten()
        .map(|reservation| plain(reservation.seat_numbers()))
        .collect();
    assert_eq!(granted, [vec![1, 2], vec![7, 8]].into());
    let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    let [HoldError::SeatUnavailable { numbers }] = &refused[..] else {
        panic!("{refused:?}")
    };
    assert_eq!(plain(numbers.iter().copied()), [1, 2, 7, 8]);
    fixture.assert_audit_clean().await;
}
