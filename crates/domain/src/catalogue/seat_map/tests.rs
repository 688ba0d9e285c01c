use super::*;
use crate::{
    id::{ReservationId, SeatId},
    money::Money,
    seats::SeatNumber,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use time::{Duration, macros::datetime};
use uuid::Uuid;

const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
const SEATS: usize = 6;
const BY: ReservationId = ReservationId::new(Uuid::from_u128(9));

/// The stored seats of a schedule, as a database keeps them.
#[derive(Clone)]
struct Stored {
    version: u64,
    rows: Vec<SeatRow>,
}

impl Stored {
    fn new() -> Self {
        let row = |n: usize| SeatRow {
            seat: Seat {
                id: SeatId::new(Uuid::from_u128(n as u128)),
                number: SeatNumber::new(i64::try_from(n).unwrap()).unwrap(),
                grade: "R".into(),
                price: Money::won(1),
                status: SeatStatus::Available,
            },
            version: 0,
        };
        let rows = (1..=SEATS).map(row).collect();
        Self { version: 0, rows }
    }

    /// One transaction that writes the seats that `to` gives a new status.
    fn write(&mut self, to: impl Fn(usize, &Seat) -> Option<SeatStatus>) {
        let version = self.version + 1;
        for (at, row) in self.rows.iter_mut().enumerate() {
            if let Some(status) = to(at, &row.seat) {
                row.seat.status = status;
                row.version = version;
                self.version = version;
            }
        }
    }

    fn read(&self, known: Option<u64>) -> SeatsRead {
        let new = |row: &&SeatRow| known.is_none_or(|known| row.version > known);
        SeatsRead {
            schedule_id: ScheduleId::new(Uuid::from_u128(3)),
            starts_at: NOON,
            version: self.version,
            changed: self.rows.iter().filter(new).cloned().collect(),
        }
    }

    fn map(&self, now: OffsetDateTime) -> SeatMap {
        SeatMap::new(self.read(None), now)
    }
}

fn held(until: OffsetDateTime) -> SeatStatus {
    SeatStatus::Held { by: BY, until }
}

/// What a client has of a map: who has each seat.
fn view<'a>(seats: impl Iterator<Item = (&'a Seat, SeatStatus)>) -> BTreeMap<u32, SeatStatus> {
    seats
        .map(|(seat, status)| (seat.number.get(), status))
        .collect()
}

fn changed(map: &SeatMap, since: &str) -> Vec<u32> {
    view(map.changed_since(since.parse().unwrap()))
        .into_keys()
        .collect()
}

#[test]
fn a_read_of_nothing_new_at_the_instant_a_hold_ends_leaves_the_state_as_it_is() {
    let mut stored = Stored::new();
    stored.write(|at, _| (at == 1).then_some(held(NOON)));
    let map = stored.map(NOON);
    assert_eq!(map.next(stored.read(Some(stored.version)), NOON), None);
}

#[test]
fn a_write_of_the_schedule_alone_makes_a_new_state() {
    let mut stored = Stored::new();
    let before = stored.map(NOON);
    stored.version += 1;
    let after = before.next(stored.read(Some(before.version().writes)), NOON);
    assert_eq!(after.unwrap().version().writes, stored.version);
}

#[test]
fn rule_16_a_hold_that_ends_changes_the_map_without_a_write() {
    let mut stored = Stored::new();
    let end = NOON + Duration::SECOND;
    stored.write(|at, _| (at == 1).then_some(held(end)));
    let before = stored.map(end - Duration::MICROSECOND);
    assert_eq!(view(before.seats())[&2], held(end));
    assert_eq!((before.remaining(), before.total()), (5, 6));
    assert_eq!(before.version().to_string(), "1");

    let after = before.next(stored.read(Some(1)), end).unwrap();
    assert_eq!(view(after.seats())[&2], SeatStatus::Available);
    assert_eq!(after.remaining(), 6);
    assert_eq!(after.version().to_string(), "1.1767268801000000");
    assert_eq!(changed(&after, "1"), [2]);
    assert_eq!(changed(&after, "0"), [2]);
    let none: [u32; 0] = [];
    assert_eq!(changed(&after, "1.1767268801000000"), none);
}

#[test]
fn nothing_new_is_the_same_state() {
    let mut stored = Stored::new();
    let end = NOON + Duration::SECOND;
    stored.write(|at, _| (at == 1).then_some(held(end)));
    let map = stored.map(NOON);
    let unchanged = || stored.read(Some(1));
    assert_eq!(map.next(unchanged(), end - Duration::MICROSECOND), None);
    assert!(map.next(unchanged(), end).is_some());
}

#[test]
fn a_process_whose_clock_is_ahead_does_not_mislead_one_whose_clock_is_behind() {
    let mut stored = Stored::new();
    let end = NOON + Duration::SECOND;
    stored.write(|at, _| (at == 1).then_some(held(end)));
    let (ahead, behind) = (stored.map(end), stored.map(NOON));
    assert!(behind.may_have_been(ahead.version()));
    assert_eq!(changed(&behind, &ahead.version().to_string()), [2]);
}

#[test]
fn a_version_that_cannot_have_been_is_known_as_such() {
    let mut stored = Stored::new();
    stored.write(|at, _| (at == 1).then_some(held(NOON + Duration::SECOND)));
    let map = stored.map(NOON);
    for (version, may) in [
        ("0", true),
        ("0.5", true),
        ("1", true),
        ("1.1767268801000000", true),
        ("1.1767268801000001", false),
        ("2", false),
    ] {
        assert_eq!(
            map.may_have_been(version.parse().unwrap()),
            may,
            "{version}"
        );
    }
}

#[derive(Clone, Debug)]
enum Event {
    Hold(usize, i64),
    GiveBack(usize),
    Sell(usize),
    Sweep,
    Pass(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..SEATS, 1..20_i64).prop_map(|(seat, ttl)| Event::Hold(seat, ttl)),
        1 => (0..SEATS).prop_map(Event::GiveBack),
        2 => (0..SEATS).prop_map(Event::Sell),
        1 => Just(Event::Sweep),
        4 => (1..8_i64).prop_map(Event::Pass),
    ]
}

fn happen(event: &Event, stored: &mut Stored, now: &mut OffsetDateTime) {
    let at_now = *now;
    match *event {
        Event::Hold(seat, ttl) => stored.write(|at, old| {
            let until = at_now + Duration::seconds(ttl);
            (at == seat && old.is_free(at_now)).then_some(held(until))
        }),
        Event::GiveBack(seat) => stored.write(|at, old| {
            (at == seat && end_of_hold(old).is_some()).then_some(SeatStatus::Available)
        }),
        Event::Sell(seat) => stored.write(|at, old| {
            let live = end_of_hold(old).is_some_and(|end| end > at_now);
            (at == seat && live).then_some(SeatStatus::Sold { by: BY })
        }),
        Event::Sweep => stored.write(|_, old| {
            let over = end_of_hold(old).is_some_and(|end| end <= at_now);
            over.then_some(SeatStatus::Available)
        }),
        Event::Pass(seconds) => *now += Duration::seconds(seconds),
    }
}

proptest! {
    #[test]
    fn changes_put_in_place_give_the_new_map(
        events in proptest::collection::vec((event(), -3..=0_i64), 0..24),
    ) {
        let (mut stored, mut now) = (Stored::new(), NOON);
        let mut followed = stored.map(now);
        let mut states = vec![followed.clone()];
        for (event, behind) in events {
            happen(&event, &mut stored, &mut now);
            let read = stored.read(Some(followed.version().writes));
            followed = followed.next(read, now).unwrap_or(followed);
            prop_assert_eq!(&followed, &stored.map(now), "followed or read whole");
            states.push(followed.clone());
            // Another process sees the same seats and another time.
            states.push(stored.map(now + Duration::seconds(behind)));
        }
        for old in &states {
            for new in &states {
                let same = old.version() == new.version();
                if same {
                    prop_assert_eq!(view(old.seats()), view(new.seats()));
                    prop_assert_eq!(new.changed_since(old.version()).count(), 0);
                }
                if new.may_have_been(old.version()) {
                    let mut patched = view(old.seats());
                    patched.extend(view(new.changed_since(old.version())));
                    prop_assert_eq!(patched, view(new.seats()));
                }
            }
        }
    }

    #[test]
    fn the_counts_are_those_of_the_seats(events in proptest::collection::vec(event(), 0..40)) {
        let (mut stored, mut now) = (Stored::new(), NOON);
        for event in events {
            happen(&event, &mut stored, &mut now);
            let map = stored.map(now);
            let free = stored.rows.iter().filter(|row| row.seat.is_free(now));
            prop_assert_eq!(map.remaining(), free.count());
        }
    }
}
