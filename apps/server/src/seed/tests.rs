use domain::{
    catalogue::{
        CatalogueStore, Concert, MockCatalogueStore, MockSeatMaps, NewSchedule, ShortText,
    },
    clock::FixedClock,
    id::{ConcertId, CountingIds},
    page::Page,
};
use std::{collections::BTreeSet, sync::Mutex};
use time::{
    OffsetDateTime,
    macros::{datetime, offset},
};

use super::*;

const NOW: OffsetDateTime = datetime!(2026-05-01 12:00 UTC);

fn catalogue(store: impl CatalogueStore + 'static) -> CatalogueService {
    let clock = Arc::new(FixedClock::at(NOW));
    let maps = Arc::new(MockSeatMaps::new());
    let ids = Arc::new(CountingIds::default());
    CatalogueService::new(Arc::new(store), maps, clock, ids)
}

fn with_concerts(items: Vec<Concert>) -> MockCatalogueStore {
    let mut store = MockCatalogueStore::new();
    store
        .expect_concerts()
        .return_once(|_| Ok(Page { items, next: None }));
    store
}

#[test]
fn the_programme_is_a_dozen_concerts_with_several_dates_each() {
    let shows = programme::shows(NOW).unwrap();
    assert_eq!(shows.len(), 12);
    assert!(shows.iter().all(|show| show.dates.len() >= 2));
    let titles: BTreeSet<_> = shows.iter().map(|show| show.title.as_str()).collect();
    assert_eq!(titles.len(), 12);
    let korean = |title: &&&str| title.chars().any(|c| ('가'..='힣').contains(&c));
    let korean = titles.iter().filter(korean).count();
    assert!((4..=8).contains(&korean), "{korean} Korean titles");
}

#[test]
fn dates_are_on_korean_evenings_of_the_coming_weeks_and_in_order() {
    for hour in 0..48 {
        let now = NOW + time::Duration::hours(hour);
        for show in programme::shows(now).unwrap() {
            assert!(show.dates.is_sorted());
            for date in show.dates {
                assert!(date > now && date < now + time::Duration::weeks(8));
                assert!((17..=20).contains(&date.to_offset(offset!(+9)).hour()));
            }
        }
    }
}

#[test]
fn there_is_one_arena_of_20_000_seats_and_several_clubs_of_50() {
    let shows = programme::shows(NOW).unwrap();
    let sizes: Vec<_> = shows.iter().map(|show| show.plan.seats().count()).collect();
    assert_eq!(sizes.iter().filter(|size| **size == 20_000).count(), 1);
    assert!(sizes.iter().filter(|size| **size == 50).count() >= 5);
    let arena = shows
        .iter()
        .find(|show| show.plan.seats().count() == 20_000)
        .unwrap();
    assert_eq!(arena.sales_open_at, None);
    let seats: Vec<_> = arena.plan.seats().collect();
    let seat = |n: usize| (seats[n - 1].1.as_str(), seats[n - 1].2.get());
    assert_eq!([seat(1), seat(2_000)], [("VIP", 198_000); 2]);
    assert_eq!([seat(2_001), seat(8_000)], [("R", 165_000); 2]);
    assert_eq!([seat(8_001), seat(14_000)], [("S", 132_000); 2]);
    assert_eq!([seat(14_001), seat(20_000)], [("A", 99_000); 2]);
}

#[test]
fn sales_of_one_concert_open_later_but_before_it_is_played() {
    let shows = programme::shows(NOW).unwrap();
    let later: Vec<_> = shows
        .iter()
        .filter(|show| show.sales_open_at.is_some())
        .collect();
    assert_eq!(later.len(), 1);
    let opens = later[0].sales_open_at.unwrap();
    assert!(opens > NOW && opens < later[0].dates[0]);
}

#[test]
fn the_same_day_gives_the_same_programme() {
    let dates = |now| {
        let shows = programme::shows(now).unwrap();
        shows
            .into_iter()
            .flat_map(|show| show.dates)
            .collect::<Vec<_>>()
    };
    assert_eq!(dates(NOW), dates(NOW + time::Duration::HOUR));
}

#[tokio::test]
async fn an_empty_database_gets_all_of_it() {
    let mut store = with_concerts(vec![]);
    let concerts: Arc<Mutex<BTreeSet<ConcertId>>> = Arc::default();
    let known = concerts.clone();
    store
        .expect_add_concert()
        .times(12)
        .returning(move |_, concert| {
            known.lock().unwrap().insert(concert.id);
            Ok(())
        });
    store
        .expect_add_schedule()
        .returning(move |_, new: NewSchedule| {
            Ok(concerts.lock().unwrap().contains(&new.schedule.concert_id))
        });
    let shows = programme::shows(NOW).unwrap();
    let seats = |show: &Show| show.dates.len() as u64 * show.plan.seats().count() as u64;
    let expected = Sown {
        concerts: 12,
        dates: shows.iter().map(|show| show.dates.len()).sum(),
        seats: shows.iter().map(seats).sum(),
    };
    let sown = sow(&catalogue(store), shows).await.unwrap();
    assert_eq!(sown, Some(expected));
}

#[tokio::test]
async fn a_database_with_concerts_is_left_alone() {
    let text = ShortText::new("있던 공연").unwrap();
    let id = ConcertId::new(uuid::Uuid::from_u128(1));
    let store = with_concerts(vec![Concert {
        id,
        title: text.clone(),
        venue: text,
    }]);
    let shows = programme::shows(NOW).unwrap();
    let sown = sow(&catalogue(store), shows).await.unwrap();
    assert_eq!(sown, None);
}
