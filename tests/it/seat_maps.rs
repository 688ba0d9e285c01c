//! Seat maps over two server processes, followed by their changes while a sale goes on.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
    time::{Duration, Instant},
};

use futures_util::{future::join_all, join};
use reqwest::{
    Method, StatusCode,
    header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY},
};
use serde_json::Value;
use system_tests::{Answer, App, Fan, eventually};

/// How many seats are on sale: enough for some to stay free while others are fought for.
const SEATS: u32 = 60;
/// How long the sale goes on: several holds long.
const SALE: Duration = Duration::from_secs(4);

/// What a client shows: the status of each seat.
type View = BTreeMap<u64, String>;

/// Which view each version has been seen to have, by anyone and from any process.
type Seen = Mutex<HashMap<String, View>>;

fn seats(answer: &Answer) -> View {
    let seat = |seat: &Value| {
        let status = seat["status"].as_str().unwrap().to_owned();
        (seat["number"].as_u64().unwrap(), status)
    };
    let seats = answer.body["seats"].as_array().unwrap();
    seats.iter().map(seat).collect()
}

/// Someone who looks at the seats of a schedule.
struct Watcher {
    fans: Vec<Fan>,
    path: String,
    asked: usize,
    view: View,
    version: String,
}

impl Watcher {
    async fn new(app: &App, show: &str) -> Self {
        let fan = app.shopper(0, 0).await;
        Self {
            fans: (0..app.servers.len()).map(|n| fan.at(app.url(n))).collect(),
            path: format!("/v1/schedules/{show}/seats"),
            asked: 0,
            view: View::new(),
            version: String::new(),
        }
    }

    /// Asks the next process in turn for everything.
    async fn look(&mut self) {
        self.asked += 1;
        let fan = &self.fans[self.asked % self.fans.len()];
        let answer = fan.get(&self.path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.view = seats(&answer);
        answer.text("version").clone_into(&mut self.version);
    }

    /// Asks the next process in turn for what has changed, whichever process told the version.
    async fn follow(&mut self) {
        self.asked += 1;
        let fan = &self.fans[self.asked % self.fans.len()];
        let path = format!("{}?since={}", self.path, self.version);
        let answer = fan.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.view.extend(seats(&answer));
        answer.text("version").clone_into(&mut self.version);
        let free = self.view.values().filter(|status| *status == "available");
        assert_eq!(
            answer.number("remaining_seats"),
            i64::try_from(free.count()).unwrap()
        );
    }

    /// Follows until `end`, and now and then looks at everything; what a version shows is always the
    /// same.
    async fn watch(&mut self, end: Instant, seen: &Seen) -> usize {
        let mut states = 0;
        while Instant::now() < end {
            let before = self.version.clone();
            if self.asked.is_multiple_of(7) {
                self.look().await;
            } else {
                self.follow().await;
            }
            states += usize::from(before != self.version);
            let mut seen = seen.lock().unwrap();
            let first = seen
                .entry(self.version.clone())
                .or_insert_with(|| self.view.clone());
            assert_eq!(*first, self.view, "version {}", self.version);
        }
        states
    }
}

/// Holds seats one after the other and lets most holds go or lapse; pays the last one.
async fn shop(app: &App, show: &str, number: usize, end: Instant) {
    let fan = app.shopper(number, 100_000).await;
    let mut last = None;
    for turn in 0.. {
        let seat = u32::try_from((number * 5 + turn * 11) % 50).unwrap() + 1;
        let held = fan.hold(show, &[seat], None).await;
        if held.status == 201 {
            let id = held.text("id").to_owned();
            if turn % 3 == 0 {
                let path = format!("/v1/reservations/{id}");
                let cancelled = Answer::of(fan.in_queue(Method::DELETE, &path)).await;
                assert!([200, 410].contains(&cancelled.status), "{cancelled:?}");
            } else {
                last = Some(id);
            }
        }
        if Instant::now() >= end {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    if let Some(last) = last {
        let paid = fan.pay(&last, None).await;
        assert!([201, 410].contains(&paid.status), "{paid:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watchers_who_follow_the_changes_of_a_sale_have_what_others_read_whole() {
    let app = App::with(2, &[("HOLD_TTL", "1s"), ("SWEEP_INTERVAL", "2s")]).await;
    let show = app.schedule(SEATS).await;
    let mut watchers = Vec::new();
    for _ in 0..4 {
        let mut watcher = Watcher::new(&app, &show).await;
        watcher.look().await;
        watchers.push(watcher);
    }
    let (end, seen) = (Instant::now() + SALE, Seen::default());
    let (app, show, seen) = (&app, &show, &seen);
    let shopping = join_all((0..8).map(|number| shop(app, show, number, end)));
    let watching = join_all(watchers.iter_mut().map(|watcher| watcher.watch(end, seen)));
    let (_, states) = join!(shopping, watching);
    assert!(states.iter().all(|states| *states > 10), "{states:?}");
    let lapses = seen
        .lock()
        .unwrap()
        .keys()
        .filter(|version| version.contains('.'))
        .count();
    assert!(lapses > 0, "some holds have ended by themselves");

    let deadline = Instant::now() + Duration::from_secs(10);
    for watcher in &mut watchers {
        while watcher.view.values().any(|status| status == "held") {
            assert!(Instant::now() < deadline, "every hold comes to its end");
            watcher.follow().await;
        }
        let followed = watcher.view.clone();
        for _ in 0..2 {
            watcher.look().await;
            // One process may be a moment behind the other.
            while watcher.view != followed {
                assert!(Instant::now() < deadline, "{followed:?}");
                watcher.look().await;
            }
        }
    }
    let mut everyone = watchers.iter().map(|watcher| &watcher.view);
    assert!(everyone.all(|view| *view == watchers[0].view));
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_map_is_told_so_by_any_process_until_it_changes() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let fan = app.shopper(0, 0).await;
    let path = format!("/v1/schedules/{show}/seats");
    let first = fan.get(&path).await;
    let tag = first.headers[ETAG].to_str().unwrap().to_owned();
    assert!(tag.starts_with('"'), "a strong one: {tag}");
    assert_eq!(first.headers[CACHE_CONTROL], "private, no-cache");
    let again = async |process| {
        let request = fan.at(app.url(process)).in_queue(Method::GET, &path);
        let answer = request.header(IF_NONE_MATCH, &tag).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.unwrap();
        (status, headers, body)
    };
    for process in 0..2 {
        let (status, headers, body) = again(process).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(headers[ETAG], tag);
        assert_eq!(headers[VARY], "Accept-Language, Accept-Encoding");
    }

    assert_eq!(fan.hold(&show, &[17], None).await.status, 201);
    let (status, headers, body) = again(0).await;
    assert_eq!(status, StatusCode::OK, "at once, where it was held");
    assert_ne!(headers[ETAG], tag);
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["seats"][16]["status"], "held");
    let again = &again;
    eventually("the other process knows", || async {
        again(1).await.0 == StatusCode::OK
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_no_process_can_have_told_is_refused() {
    let app = App::start(1).await;
    let show = app.schedule(5).await;
    let fan = app.shopper(0, 0).await;
    for since in ["1", "0.1767268801000000", "x"] {
        let path = format!("/v1/schedules/{show}/seats?since={since}");
        let answer = fan.get(&path).await;
        assert_eq!((answer.status, answer.code()), (400, "invalid_request"));
        assert_eq!(answer.body["errors"][0]["parameter"], "since");
    }
}
