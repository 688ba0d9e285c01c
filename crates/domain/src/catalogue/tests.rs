use super::*;
use crate::{clock::FixedClock, id::CountingIds, id::ReservationId, seats::SeatNumber};
use futures_util::FutureExt;
use time::{Duration, macros::datetime};
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
const CONCERT: ConcertId = ConcertId::new(Uuid::from_u128(1));
const SHOW: ScheduleId = ScheduleId::new(Uuid::from_u128(2));

fn service(store: MockCatalogueStore) -> CatalogueService {
    let clock = Arc::new(FixedClock::at(NOW));
    CatalogueService::new(Arc::new(store), clock, Arc::new(CountingIds::default()))
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

fn store_with_seats(seats: Option<Vec<Seat>>) -> MockCatalogueStore {
    let mut store = MockCatalogueStore::new();
    let map = |seats| SeatMap {
        schedule_id: SHOW,
        starts_at: NOW,
        seats,
    };
    store
        .expect_seat_maps()
        .return_once(move |_| Ok(seats.map(map).into_iter().collect()));
    store
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
    for seats in [None, Some(vec![])] {
        let map = service(store_with_seats(seats))
            .seats(SHOW)
            .now_or_never()
            .unwrap();
        assert!(matches!(map, Err(CatalogueError::NoSeats)));
    }
}

#[test]
fn rule_16_a_hold_that_is_over_shows_as_available() {
    let by = ReservationId::new(Uuid::from_u128(7));
    let held = |until| SeatStatus::Held { by, until };
    let live = held(NOW + Duration::SECOND);
    let seats = vec![
        seat(1, held(NOW)),
        seat(2, live),
        seat(3, SeatStatus::Sold { by }),
    ];
    let map = service(store_with_seats(Some(seats)))
        .seats(SHOW)
        .now_or_never()
        .unwrap()
        .unwrap();
    let status: Vec<_> = map.seats.iter().map(|seat| seat.status).collect();
    assert_eq!(
        status,
        [SeatStatus::Available, live, SeatStatus::Sold { by }]
    );
    assert_eq!(map.remaining(), 1);
}

#[test]
fn a_new_schedule_has_every_seat_of_its_plan_and_all_remain() {
    let mut store = MockCatalogueStore::new();
    store
        .expect_add_schedule()
        .withf(|new| new.seats.len() == 50 && new.seats[49].number.get() == 50)
        .return_once(|_| Ok(true));
    let added = service(store)
        .add_schedule(CONCERT, NOW + Duration::DAY, None, SeatPlan::standard())
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
