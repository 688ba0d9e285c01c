//! The wall clock of one of two processes jumps while it runs. Nothing ends early or late: the
//! database's time decides, carried forward by the monotonic clock.

use std::{env, fs, path::PathBuf, time::Duration};

use system_tests::{Answer, App, eventually};
use time::{
    OffsetDateTime,
    format_description::well_known::{Rfc2822, Rfc3339},
};
use tokio_postgres::Client;

/// How long after its end something may still be answered as before: requests on a busy
/// machine. Microseconds, as all times here.
const LATE: i64 = 1_500_000;

/// Where `scripts/get-faketime.sh` finds or puts it.
fn library() -> PathBuf {
    let given = env::var_os("FAKETIME_LIBRARY").map(PathBuf::from);
    let fetched = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../.faketime/libfaketimeMT.so.1"
    );
    let of_system = fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok);
    let of_system = of_system.map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"));
    let rest = [
        "/usr/lib/faketime/libfaketimeMT.so.1",
        "/usr/lib64/faketime/libfaketimeMT.so.1",
    ];
    given
        .into_iter()
        .chain([fetched.into()])
        .chain(of_system)
        .chain(rest.map(PathBuf::from))
        .find(|library| library.is_file())
        .expect("libfaketime is missing: run scripts/get-faketime.sh")
}

/// A process whose wall clock can be stepped, after one whose clock is right.
struct Stepped {
    app: App,
    step: PathBuf,
}

impl Stepped {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let mut app = App::with(1, settings).await;
        let step = env::temp_dir().join(format!("boxoffice-clock-{}", app.servers[0].pid()));
        fs::write(&step, "+0").unwrap();
        let library = library();
        app.add_with(&[
            ("LD_PRELOAD", library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", step.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ])
        .await;
        Self { app, step }
    }

    /// Steps the second process's wall clock, and waits until it is seen in what it sends.
    async fn step(&self, seconds: i64) {
        let new = self.step.with_extension("new");
        fs::write(&new, format!("{seconds:+}")).unwrap();
        fs::rename(&new, &self.step).unwrap();
        eventually("the clock is stepped", || async {
            let [right, stepped] = [self.wall_clock(0).await, self.wall_clock(1).await];
            ((stepped - right).whole_seconds() - seconds).abs() < 30
        })
        .await;
    }

    /// What a process's wall clock says, by the `Date` of its answers.
    async fn wall_clock(&self, process: usize) -> OffsetDateTime {
        let live = format!("{}/health/live", self.app.url(process));
        let answer = Answer::of(self.app.http.get(live)).await;
        OffsetDateTime::parse(answer.headers["date"].to_str().unwrap(), &Rfc2822).unwrap()
    }
}

impl Drop for Stepped {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.step);
    }
}

/// The database's time, since 1970.
async fn now(database: &Client) -> i64 {
    let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    database.query_one(now, &[]).await.unwrap().get(0)
}

fn micros(rfc3339: &str) -> i64 {
    let time = OffsetDateTime::parse(rfc3339, &Rfc3339).unwrap();
    i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap()
}

/// Asks until the answer is no longer `still`, and fails the test when that was not at `end`.
async fn ends_in_time<F: Future<Output = bool>>(
    what: &str,
    database: &Client,
    end: i64,
    still: impl Fn() -> F,
) {
    loop {
        let asked = now(database).await;
        if still().await {
            assert!(
                asked < end + LATE,
                "{what} goes on {} µs after its end",
                asked - end
            );
        } else {
            let answered = now(database).await;
            assert!(
                answered >= end,
                "{what} is over {} µs early",
                end - answered
            );
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether a token is good at both processes; they agree, except about what ends between the questions.
async fn good_at(app: &App, process: usize, path: &str, token: &str) -> bool {
    let request = app.http.get(format!("{}{path}", app.url(process)));
    let answer = Answer::of(request.bearer_auth(token)).await;
    assert!([200, 401].contains(&answer.status), "{answer:?}");
    answer.status == 200
}

/// A token ends in time, at each process.
async fn token_ends_in_time(app: &App, path: &str, token: &str, until: &str) {
    let database = &app.database.client().await;
    for process in [0, 1] {
        let what = format!("{path} at process {process}");
        ends_in_time(&what, database, micros(until), || {
            good_at(app, process, path, token)
        })
        .await;
    }
}

/// A hold made at `maker` keeps others out, at both processes, as long as it lasts.
async fn hold_ends_in_time(app: &App, show: &str, seat: u32, maker: usize) {
    let (fan, rival) = (
        app.shopper(maker, 10_000).await,
        app.shopper(1 - maker, 0).await,
    );
    let there = fan.at(app.url(1 - maker));
    let database = &app.database.client().await;
    let held = fan.hold(show, &[seat], None).await;
    assert_eq!(held.status, 201, "{held:?}");
    let path = format!("/v1/reservations/{}", held.text("id"));
    assert_eq!(there.get(&path).await.body, held.body);
    let over = micros(held.text("held_until"));
    ends_in_time("a hold", database, over, || async {
        rival.hold(show, &[seat], None).await.status == 409
    })
    .await;
    assert_eq!(fan.get(&path).await.text("status"), "expired");
    // A hold is good for a payment at the other process as long as it lasts.
    let again = fan.hold(show, &[seat + 1], None).await;
    let paid = there.pay(again.text("id"), None).await;
    assert_eq!(paid.status, 201, "{paid:?}");
}

/// Everything is made at `maker`, and is the same at both until it ends.
async fn everything_ends_in_time(app: &App, show: &str, seat: u32, maker: usize) {
    let sign_up = app.http.post(format!("{}/v1/users", app.url(maker)));
    let user = Answer::of(sign_up.json(&serde_json::json!({"name": "Fan"}))).await;
    let (token, until) = (
        user.text("access_token"),
        user.text("access_token_expires_at"),
    );
    let mut fan = app.fan(maker).await;
    let admitted = fan.join().await;
    futures_util::join!(
        token_ends_in_time(app, "/v1/users/me", token, until),
        token_ends_in_time(
            app,
            "/v1/queue/tokens/me",
            &fan.queue_token,
            admitted.text("expires_at")
        ),
        hold_ends_in_time(app, show, seat, maker),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_clock_that_jumps_changes_nothing() {
    let settings = [
        ("HOLD_TTL", "2s"),
        ("ACTIVE_TTL", "8s"),
        ("ACCESS_TTL", "8s"),
        ("NO_SHOW_AFTER", "0s"),
    ];
    let stepped = Stepped::start(&settings).await;
    let app = &stepped.app;
    let show = &app.schedule(50).await;
    for (step, seat) in [(3_600, 1), (-3_600, 11)] {
        stepped.step(step).await;
        futures_util::join!(
            everything_ends_in_time(app, show, seat, 0),
            everything_ends_in_time(app, show, seat + 5, 1),
        );
    }
    app.assert_audit_clean().await;
}
