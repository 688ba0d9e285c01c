//! Concerts and dates as they are stored.

use domain::{catalogue::Concert, id::ConcertId, page::PageRequest};
use time::Duration;

use crate::fixture::{
    Fixture, NOON, OPERATOR, add_schedule, charge, concert, hold, id, new_schedule, pay, shopper,
};

#[tokio::test(flavor = "multi_thread")]
async fn concerts_are_listed_oldest_first_page_by_page() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let mut all = Vec::new();
    for title in ["하나", "둘", "셋", "넷", "다섯"] {
        all.push(concert(&here, title).await);
    }
    let mut listed: Vec<Concert> = Vec::new();
    let mut after = None;
    for expected in [2, 2, 1] {
        let request = PageRequest { after, limit: 2 };
        let page = there.catalogue.concerts(request).await.unwrap();
        assert_eq!(page.items.len(), expected);
        listed.extend(page.items);
        after = page.next;
    }
    assert_eq!(after, None);
    assert_eq!(listed, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_added_to_a_concert_that_does_not_exist() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let nowhere = ConcertId::new(id());
    let new = new_schedule(nowhere, 3, NOON);
    assert!(!process.catalogue.add_schedule(OPERATOR, new).await.unwrap());
    let rows = "SELECT (SELECT count(*) FROM schedules) + (SELECT count(*) FROM seats)";
    assert_eq!(fixture.number(rows).await, 0);
    let found = process.catalogue.schedules(nowhere, NOON..NOON, NOON).await;
    assert_eq!(found.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_10_the_dates_of_a_concert_are_those_within_the_span_by_start() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let (show, other) = (concert(&process, "A").await, concert(&process, "B").await);
    let mut dates = Vec::new();
    for days in [3, 1, 2, 0] {
        let mut new = new_schedule(show.id, 2, NOON + Duration::days(days));
        new.schedule.sales_open_at = Some(NOON + Duration::HOUR);
        dates.push(new.schedule.clone());
        add_schedule(&process, new).await;
    }
    add_schedule(&process, new_schedule(other.id, 2, NOON + Duration::DAY)).await;
    let span = NOON..NOON + Duration::days(3);
    let found = process.catalogue.schedules(show.id, span, NOON).await;
    let [_, one, two, zero] = dates.try_into().unwrap();
    assert_eq!(found.unwrap(), Some(vec![zero, one, two]));
    let none = process
        .catalogue
        .schedules(show.id, NOON - Duration::DAY..NOON, NOON);
    assert_eq!(none.await.unwrap(), Some(vec![]), "the concert exists");
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_seats_of_a_hold_that_is_over_count_as_remaining_though_not_swept() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = concert(&process, "A").await;
    let date = new_schedule(show.id, 10, NOON + Duration::DAY);
    let date = add_schedule(&process, date).await;
    let (payer, holder) = (shopper(&process).await, shopper(&process).await);
    charge(&process, payer.user_id, 10_000).await;
    let held = hold(&process, payer, date, &[1]).await.unwrap();
    pay(&process, payer, held.id).await.unwrap();
    let held = hold(&process, holder, date, &[2, 3]).await.unwrap();

    let counts = |now| {
        let span = NOON..NOON + Duration::days(2);
        let found = process.catalogue.schedules(show.id, span, now);
        async {
            let [date] = found.await.unwrap().unwrap().try_into().unwrap();
            (date.total_seats, date.remaining_seats, date.sold_seats)
        }
    };
    assert_eq!(counts(NOON).await, (10, 7, 1));
    let end = held.held_until;
    assert_eq!(counts(end - Duration::MICROSECOND).await, (10, 7, 1));
    assert_eq!(counts(end).await, (10, 9, 1));
    assert_eq!(fixture.counts(date).await, (7, 1), "nothing was swept");
    fixture.assert_audit_clean().await;
}
