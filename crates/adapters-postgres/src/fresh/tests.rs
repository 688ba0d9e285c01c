use super::*;
use domain::clock::FixedClock;
use futures_util::future::join_all;
use std::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering},
};
use time::macros::datetime;

const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
const MS: Duration = Duration::from_millis(1);

/// Counts its reads: the value is the number of the read, and there are only values of even keys.
#[derive(Default)]
struct Counting {
    reads: AtomicU32,
    /// How long a read takes.
    slow: Mutex<Duration>,
    away: Mutex<bool>,
}

struct Counted(Arc<Counting>);

impl Source for Counted {
    type Key = u32;
    type Value = u32;

    async fn read(
        &self,
        key: u32,
        before: Option<u32>,
        _: OffsetDateTime,
    ) -> Result<Option<u32>, StorageError> {
        let number = self.0.reads.fetch_add(1, Ordering::Relaxed) + 1;
        let slow = *self.0.slow.lock().unwrap();
        let away = *self.0.away.lock().unwrap();
        tokio::time::sleep(slow).await;
        if away {
            return Err(StorageError::unavailable("away"));
        }
        assert!(before.is_none_or(|before| before < number));
        Ok(key.is_multiple_of(2).then_some(number))
    }
}

struct Fixture {
    source: Arc<Counting>,
    clock: Arc<FixedClock>,
    fresh: Fresh<Counted>,
    tasks: Tasks,
}

impl Fixture {
    fn new() -> Self {
        let (source, tasks) = (Arc::<Counting>::default(), Tasks::default());
        let clock = Arc::new(FixedClock::at(NOON));
        let fresh = Fresh::start(Counted(source.clone()), clock.clone(), &tasks);
        Self {
            source,
            clock,
            fresh,
            tasks,
        }
    }

    /// One whose reads take so many milliseconds.
    fn slow(millis: u32) -> Self {
        let fixture = Self::new();
        *fixture.source.slow.lock().unwrap() = millis * MS;
        fixture
    }

    async fn get(&self) -> u32 {
        self.try_get().await.unwrap().unwrap()
    }

    async fn try_get(&self) -> Result<Option<u32>, StorageError> {
        self.fresh.get(2, |_| true).await
    }

    fn reads(&self) -> u32 {
        self.source.reads.load(Ordering::Relaxed)
    }
}

async fn pass(millis: u32) {
    tokio::time::sleep(millis * MS).await;
}

#[tokio::test(start_paused = true)]
async fn however_many_ask_at_once_there_is_one_read() {
    let fixture = Fixture::slow(10);
    let answers = join_all((0..10_000).map(|_| fixture.get())).await;
    assert!(answers.iter().all(|answer| *answer == 1));
    assert_eq!(fixture.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_value_that_is_asked_for_all_the_time() {
    let fixture = Fixture::slow(10);
    fixture.get().await;
    let begun = Instant::now();
    for _ in 0..1_000 {
        let asked = Instant::now();
        fixture.get().await;
        assert_eq!(asked.elapsed(), Duration::ZERO);
        pass(10).await;
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
    assert!((48..=52).contains(&fixture.reads()), "{}", fixture.reads());
}

#[tokio::test(start_paused = true)]
async fn nobody_asks_and_nothing_is_read() {
    let fixture = Fixture::new();
    fixture.get().await;
    pass(30_000).await;
    assert_eq!(fixture.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_bound_is_read_again_first() {
    let fixture = Fixture::slow(10);
    assert_eq!(fixture.get().await, 1);
    pass(291).await;
    // The age counts from before the read, which took ten of these milliseconds.
    assert_eq!(fixture.get().await, 2);
}

#[tokio::test(start_paused = true)]
async fn within_the_bound_the_old_value_is_the_answer() {
    let fixture = Fixture::slow(10);
    assert_eq!(fixture.get().await, 1);
    pass(290).await;
    assert_eq!(fixture.get().await, 1);
    pass(10).await;
    assert_eq!(fixture.get().await, 2, "read in the background");
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_does_not_take_an_old_value_for_new() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get().await, 1);
    fixture.clock.advance(time::Duration::milliseconds(301));
    assert_eq!(fixture.get().await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_slower_than_the_bound_answers_those_who_came_before_it() {
    let fixture = Fixture::slow(1_000);
    let late = async {
        pass(301).await;
        fixture.get().await
    };
    assert_eq!(futures_util::join!(fixture.get(), late), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_told_change_is_seen_by_the_next_question() {
    let fixture = Fixture::slow(1);
    fixture.get().await;
    for told in 2..20 {
        pass(1).await;
        fixture.fresh.changed(2);
        pass(1).await;
        assert_eq!(fixture.get().await, told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_began_before_a_change_does_not_pass_for_having_seen_it() {
    let fixture = Fixture::slow(10);
    let told = async {
        pass(5).await;
        fixture.fresh.changed(2);
        fixture.get().await
    };
    assert_eq!(futures_util::join!(fixture.get(), told), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_changes_a_second_do_not_make_a_thousand_reads() {
    let fixture = Fixture::slow(2);
    fixture.get().await;
    for _ in 0..10_000 {
        fixture.fresh.changed(2);
        let asked = Instant::now();
        let next = pass(1);
        futures_util::join!(fixture.get(), next);
        assert!(asked.elapsed() <= 5 * MS, "nobody waits for long");
    }
    // Twenty at once and twenty a second, besides those that age asks for.
    assert!(fixture.reads() < 330, "{}", fixture.reads());
}

#[tokio::test(start_paused = true)]
async fn who_has_seen_something_newer_gets_a_new_read_once() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get().await, 1);
    pass(1).await;
    let newer = fixture.fresh.get(2, |value| *value >= 2).await;
    assert_eq!(newer.unwrap(), Some(2));
    pass(1).await;
    let absurd = fixture.fresh.get(2, |_| false).await;
    assert_eq!(absurd.unwrap(), Some(3), "what there is, then");
}

#[tokio::test(start_paused = true)]
async fn absurd_wishes_are_fulfilled_at_a_bounded_rate() {
    let fixture = Fixture::new();
    fixture.get().await;
    let begun = Instant::now();
    for _ in 0..200 {
        pass(1).await;
        fixture.fresh.get(2, |_| false).await.unwrap();
    }
    assert!(begun.elapsed() > Duration::from_secs(8));
}

#[tokio::test(start_paused = true)]
async fn rule_26_a_database_that_is_away_is_told_when_the_value_is_too_old() {
    let fixture = Fixture::new();
    fixture.get().await;
    *fixture.source.away.lock().unwrap() = true;
    pass(300).await;
    assert_eq!(fixture.get().await, 1);
    pass(1).await;
    for _ in 0..1_000 {
        let away = fixture.try_get().await;
        assert!(matches!(away, Err(StorageError::Unavailable(_))));
    }
    assert!(fixture.reads() < 25, "not a try for each of them");
    *fixture.source.away.lock().unwrap() = false;
    pass(1_000).await;
    fixture.get().await;
}

#[tokio::test(start_paused = true)]
async fn rule_26_a_read_that_hung_does_not_fail_those_who_came_long_after_it_began() {
    let fixture = Fixture::slow(1_000);
    *fixture.source.away.lock().unwrap() = true;
    let come_after = async |millis| {
        pass(millis).await;
        fixture.try_get().await
    };
    let heal = async {
        pass(100).await;
        *fixture.source.away.lock().unwrap() = false;
    };
    let (first, soon, late, ()) =
        tokio::join!(come_after(0), come_after(300), come_after(301), heal);
    assert!(matches!(first, Err(StorageError::Unavailable(_))));
    assert!(matches!(soon, Err(StorageError::Unavailable(_))));
    assert_eq!(late.unwrap(), Some(2), "read again for this one");
}

#[tokio::test(start_paused = true)]
async fn a_read_outlives_those_who_asked_for_it() {
    let fixture = Fixture::slow(10);
    assert!(tokio::time::timeout(5 * MS, fixture.get()).await.is_err());
    pass(6).await;
    assert_eq!(fixture.get().await, 1);
    assert_eq!(fixture.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asks_for_is_forgotten_and_what_there_is_not_soon() {
    let fixture = Fixture::new();
    fixture.get().await;
    for key in 0..1_000 {
        assert_eq!(
            fixture.fresh.get(2 * key + 1, |_| true).await.unwrap(),
            None
        );
    }
    fixture.fresh.get(1, |_| true).await.unwrap();
    assert_eq!(
        fixture.reads(),
        1_001,
        "it is known for a moment what is not"
    );
    pass(2_000).await;
    assert_eq!(fixture.fresh.count(), 1);
    pass(57_000).await;
    fixture.get().await;
    pass(57_000).await;
    assert_eq!(fixture.fresh.count(), 1);
    pass(5_000).await;
    assert_eq!(fixture.fresh.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_the_read_that_is_under_way() {
    let fixture = Fixture::slow(10);
    assert!(tokio::time::timeout(MS, fixture.get()).await.is_err());
    let begun = Instant::now();
    fixture.tasks.stop.cancel();
    fixture.tasks.tracker.close();
    fixture.tasks.tracker.wait().await;
    assert_eq!(begun.elapsed(), 9 * MS);
}
