use time::{Duration, macros::datetime};

use super::*;
use crate::{catalogue::SeatBlock, id::CountingIds, seats::SeatNumber};

const EVENING: OffsetDateTime = datetime!(2026-12-24 10:00 UTC);

fn text(text: &str) -> ShortText {
    ShortText::new(text).unwrap()
}

fn plan(runs: &[(i64, i64)]) -> SeatPlan {
    let number = |n| SeatNumber::new(n).unwrap();
    let block = |&(from, to): &(i64, i64)| SeatBlock {
        grade: text("R"),
        price: Money::won(10_000),
        from: number(from),
        to: number(to),
    };
    SeatPlan::new(runs.iter().map(block).collect()).unwrap()
}

fn date(days: i64, runs: &[(i64, i64)]) -> ShowDate {
    ShowDate {
        starts_at: EVENING + Duration::days(days),
        sales_open_at: None,
        plan: plan(runs),
    }
}

fn show(key: &str, dates: &[ShowDate]) -> Show {
    Show {
        key: ShortText::new(key).ok(),
        title: text("Night"),
        venue: text("Hall"),
        dates: dates.to_vec(),
    }
}

fn known(show: Show) -> KnownShow {
    let id = ConcertId::new(uuid::Uuid::from_u128(77));
    KnownShow { id, show }
}

fn decide(known: &[KnownShow], wished: &[Show]) -> Result<Imported, Vec<Clash>> {
    additions(known, wished, &CountingIds::default()).map(|new| Imported::from(&new))
}

fn counts(concerts: usize, dates: usize, seats: usize, found: usize) -> Imported {
    Imported {
        concerts,
        dates,
        seats,
        found,
    }
}

#[test]
fn into_nothing_everything_is_added_with_its_seats() {
    let wished = [
        show("a", &[date(0, &[(1, 10)]), date(1, &[(1, 5), (7, 9)])]),
        show("", &[]),
    ];
    let added = additions(&[], &wished, &CountingIds::default()).unwrap();
    assert_eq!(Imported::from(&added), counts(2, 2, 18, 0));
    let first = &added.concerts[0];
    assert_eq!(first.1, Some(text("a")));
    assert!(added.schedules.iter().all(|new| {
        new.schedule.concert_id == first.0.id
            && new.schedule.remaining_seats as usize == new.seats.len()
    }));
}

#[test]
fn what_is_there_already_is_left_alone_however_its_blocks_are_written() {
    let there = [known(show("a", &[date(0, &[(1, 10)])]))];
    let wished = [show(
        "a",
        &[date(0, &[(1, 4), (5, 10)]), date(1, &[(1, 3)])],
    )];
    assert_eq!(decide(&there, &wished), Ok(counts(0, 1, 3, 1)));
    let ordered = plan(&[(5, 10), (1, 4)]);
    let firsts = ordered.blocks().iter().map(|block| block.from.get());
    assert!(firsts.eq([1, 5]), "by number: {ordered:?}");
}

#[test]
fn a_concert_without_a_key_is_known_by_its_id() {
    let there = [known(show("", &[date(0, &[(1, 10)])]))];
    let named = show(&there[0].name(), &[date(0, &[(1, 10)])]);
    assert_eq!(decide(&there, &[named]), Ok(counts(0, 0, 0, 1)));
    let nameless = show("", &[date(0, &[(1, 10)])]);
    assert_eq!(decide(&there, &[nameless]), Ok(counts(1, 1, 10, 0)));
}

#[test]
fn what_is_different_is_refused_and_all_of_it_is_named() {
    let there = [known(show("a", &[date(0, &[(1, 10)])]))];
    let wished = Show {
        title: text("Day"),
        venue: text("Park"),
        ..show("a", &[date(1, &[(1, 3)]), date(0, &[(1, 9)])])
    };
    let clash = |difference| Clash {
        show: 1,
        difference,
    };
    let expected = [Difference::Title, Difference::Venue, Difference::Date(1)].map(clash);
    assert_eq!(
        decide(&there, &[show("b", &[]), wished]),
        Err(expected.to_vec())
    );
}

#[test]
fn sales_that_open_at_another_time_are_a_difference() {
    let there = [known(show("a", &[date(0, &[(1, 10)])]))];
    let later = ShowDate {
        sales_open_at: Some(EVENING - Duration::DAY),
        ..date(0, &[(1, 10)])
    };
    let clash = Clash {
        show: 0,
        difference: Difference::Date(0),
    };
    assert_eq!(decide(&there, &[show("a", &[later])]), Err(vec![clash]));
}

#[test]
fn two_dates_may_start_at_the_same_time_and_each_counts_once() {
    let both = [date(0, &[(1, 10)]), date(0, &[(1, 20)])];
    let there = [known(show("a", &both))];
    assert_eq!(decide(&there, &[show("a", &both)]), Ok(counts(0, 0, 0, 2)));
    let twice = [both[0].clone(), both[0].clone()];
    let there = [known(show("a", &both[..1]))];
    assert_eq!(
        decide(&there, &[show("a", &twice)]),
        Ok(counts(0, 1, 10, 1))
    );
}
