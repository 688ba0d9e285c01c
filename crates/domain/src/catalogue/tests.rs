use super::*;
use crate::{
    clock::FixedClock,
    id::{CountingIds, SeatId},
    money::Money,
    seats::{SeatNumber, SeatStatus},
};
use futures_util::FutureExt;
use time::{Duration, macros::datetime};
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
const OPERATOR: Operator = Operator::command("a test");
const CONCERT: ConcertId = ConcertId::new(Uuid::from_u128(1));
const SHOW: ScheduleId = ScheduleId::new(Uuid::from_u128(2));

fn service_over(store: MockCatalogueStore, maps: MockSeatMaps) -> CatalogueService {
    let clock = Arc::new(FixedClock::at(NOW));
    let ids = Arc::new(CountingIds::default());
    CatalogueService::new(Arc::new(store), Arc::new(maps), clock, ids)
}

fn service(store: MockCatalogueStore) -> CatalogueService {
    service_over(store, MockSeatMaps::new())
}

fn looking(maps: MockSeatMaps) -> CatalogueService {
    service_over(MockCatalogueStore::new(), maps)
}

fn schedule(starts_at: OffsetDateTime, remaining_seats: u32) -> Schedule {
    Schedule {
        id: SHOW,
        concert_id: CONCERT,
        starts_at,
        sales_open_at: None,
        total_seats: 50,
        remaining_seats,
        sold_seats: 0,
    }
}

fn seat(n: i64, status: SeatStatus) -> Seat {
    Seat {
        id: SeatId::new(Uuid::from_u128(n.unsigned_abs().into())),
        number: SeatNumber::new(n).unwrap(),
        grade: "R".into(),
        price: Money::won(1),
        status,
    }
}

fn store_with_dates(dates: Option<Vec<Schedule>>) -> MockCatalogueStore {
    let mut store = MockCatalogueStore::new();
    store
        .expect_schedules()
        .return_once(move |_, _, _| Ok(dates));
    store
}

fn snapshot(schedule_id: ScheduleId, seats: Vec<Seat>) -> Snapshot {
    let row = |seat| SeatRow { seat, version: 1 };
    let read = SeatsRead {
        schedule_id,
        starts_at: NOW,
        version: 1,
        changed: seats.into_iter().map(row).collect(),
    };
    Snapshot {
        map: Arc::new(SeatMap::new(read, NOW)),
        as_of: NOW,
    }
}

fn maps_with(found: Option<Snapshot>) -> MockSeatMaps {
    let mut maps = MockSeatMaps::new();
    maps.expect_map().returning(move |_, _| Ok(found.clone()));
    maps
}

#[test]
fn rule_10_dates_are_those_in_the_future_with_a_seat_remaining() {
    let tomorrow = NOW + Duration::DAY;
    let all = vec![
        schedule(NOW, 5),
        schedule(tomorrow, 0),
        schedule(tomorrow, 1),
    ];
    let service = service(store_with_dates(Some(all)));
    let dates = service.available_dates(CONCERT);
    assert_eq!(
        dates.now_or_never().unwrap().unwrap(),
        [schedule(tomorrow, 1)]
    );
}

#[test]
fn rule_10_no_such_date_is_said_and_so_is_no_such_concert() {
    let none = service(store_with_dates(Some(vec![])))
        .available_dates(CONCERT)
        .now_or_never();
    assert!(matches!(
        none.unwrap(),
        Err(CatalogueError::NoAvailableDates)
    ));
    let unknown = service(store_with_dates(None))
        .available_dates(CONCERT)
        .now_or_never();
    assert!(matches!(
        unknown.unwrap(),
        Err(CatalogueError::ConcertNotFound)
    ));
}

#[test]
fn rule_11_no_such_schedule_and_no_seats_in_it_are_answered_alike() {
    for found in [None, Some(snapshot(SHOW, vec![]))] {
        let map = looking(maps_with(found)).seats(SHOW, None).now_or_never();
        assert!(matches!(map.unwrap(), Err(CatalogueError::NoSeats)));
    }
}

#[test]
fn what_a_caller_has_seen_is_passed_on_and_must_have_been() {
    for (version, known) in [("0", true), ("1", true), ("2", false), ("1.5", false)] {
        let since: MapVersion = version.parse().unwrap();
        let mut maps = MockSeatMaps::new();
        maps.expect_map()
            .withf(move |schedule, seen| (*schedule, *seen) == (SHOW, Some(since)))
            .return_once(|_, _| Ok(Some(snapshot(SHOW, vec![seat(1, SeatStatus::Available)]))));
        let shown = looking(maps)
            .seats(SHOW, Some(since))
            .now_or_never()
            .unwrap();
        match shown {
            Ok(_) => assert!(known, "{version}"),
            Err(error) => {
                assert!(matches!(error, CatalogueError::UnknownVersion), "{error}");
                assert!(!known, "{version}");
            }
        }
    }
}

#[test]
fn rule_11_the_seats_of_a_day_are_those_of_its_schedules() {
    let other = |n| ScheduleId::new(Uuid::from_u128(n));
    let dates = [
        (other(5), NOW - Duration::MICROSECOND),
        (SHOW, NOW),
        (other(6), NOW + Duration::HOUR),
        (other(7), NOW + Duration::DAY),
    ];
    let mut maps = MockSeatMaps::new();
    maps.expect_dates()
        .withf(|concert| *concert == CONCERT)
        .returning(move |_| Ok(Some(dates.into())));
    maps.expect_map().returning(|schedule, _| {
        let seats = vec![seat(1, SeatStatus::Available)];
        Ok(Some(snapshot(schedule, seats)))
    });
    let service = looking(maps);
    let on = |day| service.seats_on(CONCERT, day).now_or_never().unwrap();
    let found = on(NOW..NOW + Duration::DAY).unwrap();
    let found: Vec<_> = found.iter().map(|found| found.map.schedule_id()).collect();
    assert_eq!(found, [SHOW, other(6)]);
    let later = NOW + Duration::days(2);
    let none = on(later..later + Duration::DAY);
    assert!(matches!(none, Err(CatalogueError::NoSeats)));
}

#[test]
fn rule_11_no_such_concert_is_said() {
    let mut maps = MockSeatMaps::new();
    maps.expect_dates().return_once(|_| Ok(None));
    let unknown = looking(maps).seats_on(CONCERT, NOW..NOW).now_or_never();
    assert!(matches!(
        unknown.unwrap(),
        Err(CatalogueError::ConcertNotFound)
    ));
}

#[test]
fn a_new_schedule_has_every_seat_of_its_plan_and_all_remain() {
    let mut store = MockCatalogueStore::new();
    store
        .expect_add_schedule()
        .withf(|_, new| new.seats.len() == 50 && new.seats[49].number.get() == 50)
        .return_once(|_, _| Ok(true));
    let added = service(store)
        .add_schedule(
            OPERATOR,
            CONCERT,
            NOW + Duration::DAY,
            None,
            SeatPlan::standard(),
        )
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(
        (added.total_seats, added.remaining_seats, added.sold_seats),
        (50, 50, 0)
    );
}

#[test]
fn a_plan_that_no_hall_can_have_is_refused() {
    let block = |from, to, price| SeatBlock {
        grade: ShortText::new("VIP").unwrap(),
        price: Money::won(price),
        from: SeatNumber::new(from).unwrap(),
        to: SeatNumber::new(to).unwrap(),
    };
    assert_eq!(SeatPlan::new(vec![]), Err(InvalidPlan::Empty));
    assert_eq!(
        SeatPlan::new(vec![block(2, 1, 1)]),
        Err(InvalidPlan::Backwards)
    );
    assert_eq!(
        SeatPlan::new(vec![block(1, 1, -1)]),
        Err(InvalidPlan::Price)
    );
    let overlap = vec![block(5, 9, 1), block(1, 5, 1)];
    assert_eq!(SeatPlan::new(overlap), Err(InvalidPlan::Overlap));
    let plan = SeatPlan::new(vec![block(3, 4, 2), block(1, 2, 1)]).unwrap();
    let seats: Vec<_> = plan
        .seats()
        .map(|(n, _, price)| (n.get(), price.get()))
        .collect();
    assert_eq!(seats, [(1, 1), (2, 1), (3, 2), (4, 2)]);
}

#[test]
fn a_text_is_kept_trimmed() {
    assert_eq!(ShortText::new(" VIP ").unwrap().as_str(), "VIP");
}
