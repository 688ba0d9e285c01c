//! The queue, listened to: `GET /v1/queue/tokens/me/events`.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, App, Event, Events, Fan, eventually};

/// One shops at a time, and the next one comes soon.
const ONE_BY_ONE: &[(&str, &str)] = &[("CAPACITY", "1"), ("ADMISSION_INTERVAL", "100ms")];

async fn leave(fan: &Fan) {
    let left = Answer::of(fan.in_queue(Method::DELETE, "/v1/queue/tokens/me")).await;
    assert_eq!(left.status, 204, "{left:?}");
}

/// A new fan in the line.
async fn waiting(app: &App) -> Fan {
    let mut fan = app.fan(0).await;
    assert_eq!(fan.join().await.body["status"], "waiting");
    fan
}

fn place(event: &Event) -> (&Value, &Value) {
    (&event.data["status"], &event.data["position"])
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_6_one_who_listens_sees_the_line_move_then_their_turn_then_its_end() {
    let app = App::with(2, ONE_BY_ONE).await;
    let first = app.shopper(0, 0).await;
    let (second, third) = (waiting(&app).await, waiting(&app).await);

    let mut events = third.at(app.url(1)).listen(None).await;
    let is = |name| events.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(is("content-type"), "text/event-stream");
    assert_eq!(is("cache-control"), "no-store");
    let event = events.next().await.unwrap();
    assert_eq!(event.name, "queue");
    assert_eq!(place(&event), (&json!("waiting"), &json!(2)));
    let asked = third.get("/v1/queue/tokens/me").await.body;
    assert_eq!(event.data, asked);

    leave(&second).await;
    let event = events.next().await.unwrap();
    assert_eq!(place(&event), (&json!("waiting"), &json!(1)));

    leave(&first).await;
    let event = events.next().await.unwrap();
    assert_eq!(place(&event), (&json!("active"), &Value::Null));
    assert!(event.data["activated_at"].is_string());

    leave(&third).await;
    let event = events.next().await.unwrap();
    assert_eq!(place(&event), (&json!("expired"), &Value::Null));
    assert_eq!(event.data["entered_at"], asked["entered_at"]);
    assert!(events.next().await.is_none(), "and that was the last one");

    let path = "/v1/queue/tokens/me/events";
    let again = third.at(app.url(1)).get(path).await;
    assert_eq!((again.status, again.code()), (401, "queue_token_expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_a_payment_is_the_last_event() {
    let app = App::start(2).await;
    let show = app.schedule(1).await;
    let fan = app.shopper(0, 10_000).await;
    let mut events = fan.at(app.url(1)).listen(None).await;
    assert_eq!(events.next().await.unwrap().data["status"], "active");
    let held = fan.hold(&show, &[1], None).await;
    assert_eq!(fan.pay(held.text("id"), None).await.status, 201);
    assert_eq!(events.next().await.unwrap().data["status"], "expired");
    assert!(events.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_one_who_shops_and_listens_is_not_silent() {
    let app = App::with(
        1,
        &[("NO_SHOW_AFTER", "3s"), ("ADMISSION_INTERVAL", "100ms")],
    )
    .await;
    let listening = app.shopper(0, 0).await;
    let mut events = listening.listen(None).await;
    assert_eq!(events.next().await.unwrap().data["status"], "active");
    // Two who are silent, one after the other: far longer than one may be.
    for gone in 1..=2 {
        app.shopper(0, 0).await;
        eventually("the silent one is no show", || async {
            let board = app
                .operator(Method::GET, "/v1/admin/queue", &json!({}))
                .await;
            board.number("no_shows") == gone
        })
        .await;
    }
    leave(&listening).await;
    assert_eq!(events.next().await.unwrap().data["status"], "expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_comes_back_to_another_process_is_told_only_what_is_new() {
    let app = App::with(2, ONE_BY_ONE).await;
    let first = app.shopper(0, 0).await;
    let second = waiting(&app).await;
    let seen = second.listen(None).await.next().await.unwrap();
    let mut events = second.at(app.url(1)).listen(Some(&seen.id)).await;
    leave(&first).await;
    assert_eq!(events.next().await.unwrap().data["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_told_stop_ends_streams_at_once_and_another_process_goes_on() {
    let mut app = App::with(2, ONE_BY_ONE).await;
    let first = app.shopper(0, 0).await;
    let second = waiting(&app).await;
    let mut streams = join_all((0..50).map(|_| second.listen(None))).await;
    let seen = join_all(streams.iter_mut().map(Events::next)).await;

    let stopping = app.servers.remove(0);
    let told = Instant::now();
    let (status, rest) = futures_util::join!(
        stopping.stop(),
        join_all(streams.iter_mut().map(Events::next)),
    );
    let took = told.elapsed();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(rest.iter().all(Option::is_none), "no event: {rest:?}");

    let id = &seen[0].as_ref().unwrap().id;
    let mut events = second.at(app.url(0)).listen(Some(id)).await;
    leave(&first.at(app.url(0))).await;
    assert_eq!(events.next().await.unwrap().data["status"], "active");
}

/// What streams cost, and how many of them the server can have.
#[cfg(target_os = "linux")]
mod many {
    use super::*;
    use std::process::Command;
    use system_tests::Server;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    const STREAMS: usize = 2_000;
    /// What SPEC's issue allows for a stream.
    const BUDGET: usize = 10 * 1_024;

    /// Lets this process have as many connections as it takes; a server does that by itself.
    fn allow_open_files() {
        let limits = Command::new("prlimit")
            .args(["--pid", &std::process::id().to_string()])
            .args(["--nofile", "--raw", "--noheadings", "--output", "HARD"])
            .output()
            .unwrap();
        let hard = String::from_utf8(limits.stdout).unwrap();
        let raised = Command::new("prlimit")
            .args(["--pid", &std::process::id().to_string()])
            .arg(format!("--nofile={0}:{0}", hard.trim()))
            .status();
        assert!(raised.unwrap().success(), "a limit of {hard}");
    }

    /// Bytes of memory that the process uses.
    fn memory(server: &Server) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse::<usize>().unwrap() * 1_024
    }

    /// A stream without the buffers of a client, read up to its first event.
    async fn open(fan: &Fan, server: &Server) -> TcpStream {
        let address = server.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /v1/queue/tokens/me/events HTTP/1.1\r\nHost: {address}\r\n\
             Authorization: Bearer {}\r\n\r\n",
            fan.queue_token
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut told = Vec::new();
        while !told.ends_with(b"}\n\n\r\n") {
            assert_ne!(stream.read_buf(&mut told).await.unwrap(), 0);
        }
        assert!(told.starts_with(b"HTTP/1.1 200 OK\r\n"));
        stream
    }

    async fn open_many(fan: &Fan, server: &Server, count: usize) -> Vec<TcpStream> {
        let mut streams = Vec::new();
        while streams.len() < count {
            streams.extend(join_all((0..50).map(|_| open(fan, server))).await);
        }
        streams
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_open_stream_costs_less_than_10_kib() {
        allow_open_files();
        let mut app = App::with(1, ONE_BY_ONE).await;
        let first = app.shopper(0, 0).await;
        let second = waiting(&app).await;
        let server = app.servers.remove(0);
        // What is needed for the first ones is no part of the price.
        let mut streams = open_many(&second, &server, 200).await;
        let before = memory(&server);
        streams.extend(open_many(&second, &server, STREAMS).await);
        let each = memory(&server).saturating_sub(before) / STREAMS;
        eprintln!("{each} bytes of memory each");
        assert!(each < BUDGET, "{each} bytes each");

        leave(&first).await;
        let told = join_all(streams.iter_mut().map(|stream| async {
            let mut told = Vec::new();
            while !told.ends_with(b"}\n\n\r\n") {
                assert_ne!(stream.read_buf(&mut told).await.unwrap(), 0);
            }
            String::from_utf8(told).unwrap()
        }));
        let told = tokio::time::timeout(Duration::from_secs(20), told).await;
        let active = |told: &String| told.contains(r#""status":"active""#);
        assert!(told.unwrap().iter().all(active), "everyone is told");
        assert!(server.stop().await.success());
    }
}
