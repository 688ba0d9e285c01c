use crate::{
    server::{Door, Listeners, Parts, app, serve},
    testing::*,
};
use actix_web::{
    body::{BoxBody, MessageBody},
    http::header::HeaderMap,
    test::{TestRequest, call_service, init_service},
};
use domain::queue::{Queue, QueueStatus, QueueView, TokenRefusal, WaitingView};
use serde_json::{Value, json};
use std::{
    future::poll_fn,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::time::{Duration, Instant};

const PATH: &str = "/v1/queue/tokens/me/events";

/// What `look` answers, one after the other; the last one again and again.
fn looking(looks: &[Result<QueueView, TokenRefusal>]) -> Fixture {
    let looks = looks.to_vec();
    let next = AtomicUsize::new(0);
    let mut fixture = Fixture::new();
    fixture
        .queue
        .expect_look()
        .withf(|shown| *shown == pass())
        .returning(move |_| looks[next.fetch_add(1, Ordering::Relaxed).min(looks.len() - 1)]);
    fixture
}

fn place(ahead: u64) -> WaitingView {
    let QueueStatus::Waiting(place) = waiting().status else {
        panic!()
    };
    WaitingView { ahead, ..place }
}

#[allow(clippy::unnecessary_wraps, reason = "it is what `look` answers")]
fn waiting_at(place: WaitingView) -> Result<QueueView, TokenRefusal> {
    Ok(QueueView {
        status: QueueStatus::Waiting(place),
        ..waiting()
    })
}

fn behind(ahead: u64) -> Result<QueueView, TokenRefusal> {
    waiting_at(place(ahead))
}

/// A client who listens.
struct Listener {
    headers: HeaderMap,
    body: BoxBody,
    since: Instant,
}

impl Listener {
    async fn of(fixture: Fixture, request: TestRequest) -> Self {
        let service = init_service(app(Parts::new(fixture.api()).unwrap(), Door::Only)).await;
        let response = call_service(&service, request.to_request()).await;
        let response = response.map_into_boxed_body();
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        Self {
            headers,
            body: response.into_body(),
            since: Instant::now(),
        }
    }

    async fn at(fixture: Fixture) -> Self {
        Self::of(fixture, get(PATH).in_queue()).await
    }

    /// What is told next, and how many seconds after the beginning; nothing at the end.
    async fn hear(&mut self) -> Option<(u64, String)> {
        let told = poll_fn(|context| Pin::new(&mut self.body).poll_next(context)).await?;
        let told = String::from_utf8(told.unwrap().to_vec()).unwrap();
        Some((self.since.elapsed().as_secs(), told))
    }

    /// The next event: when, its id and its data.
    async fn event(&mut self) -> (u64, String, Value) {
        let (at, told) = self.hear().await.unwrap();
        let (id, data) = event(&told);
        (at, id, data)
    }
}

/// The id and the data of one event.
fn event(told: &str) -> (String, Value) {
    let lines: Vec<_> = told.lines().collect();
    let ["event: queue", id, data, ""] = lines[..] else {
        panic!("{told:?}")
    };
    let data = data.strip_prefix("data: ").unwrap();
    (
        id.strip_prefix("id: ").unwrap().to_owned(),
        serde_json::from_str(data).unwrap(),
    )
}

#[tokio::test(start_paused = true)]
async fn rule_6_one_who_listens_is_told_at_once_what_one_who_asks_is_told() {
    for view in [waiting(), active()] {
        let asked = looking(&[Ok(view)]).ask(get("/v1/queue/tokens/me").in_queue());
        let asked = asked.await.body;
        let mut listener = Listener::at(looking(&[Ok(view)])).await;
        let (at, told) = listener.hear().await.unwrap();
        let (retry, told) = told.split_once("\n\n").unwrap();
        assert_eq!((at, retry), (0, "retry: 2000"));
        assert_eq!(event(told).1, asked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_kept_by_nobody_on_its_way() {
    let headers = Listener::at(looking(&[behind(4)])).await.headers;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(headers.get(name).unwrap(), value);
    }
    assert!(headers.contains_key("x-request-id"));
}

#[tokio::test(start_paused = true)]
async fn rule_6_a_change_is_told_within_a_second() {
    let mut listener =
        Listener::at(looking(&[behind(4), behind(4), behind(2), Ok(active())])).await;
    listener.hear().await;
    let (at, _, data) = listener.event().await;
    assert_eq!(
        (at, &data["position"], &data["ahead"]),
        (2, &json!(3), &json!(2))
    );
    let (at, _, data) = listener.event().await;
    let expected = json!({
        "status": "active",
        "entered_at": "2026-01-01T11:59:00Z",
        "activated_at": "2026-01-01T12:00:00Z",
        "expires_at": "2026-01-01T12:05:00Z",
    });
    assert_eq!((at, data), (3, expected));
}

#[tokio::test(start_paused = true)]
async fn each_number_that_stands_for_the_place_is_a_change() {
    let total = WaitingView {
        total: 10,
        ..place(4)
    };
    let mut listener = Listener::at(looking(&[behind(4), waiting_at(total), behind(3)])).await;
    listener.hear().await;
    assert_eq!(listener.event().await.2["waiting_total"], 10);
    assert_eq!(listener.event().await.2["position"], 4);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_told_at_most_one_change_a_second() {
    let mut fixture = Fixture::new();
    let ahead = AtomicUsize::new(1_000_000);
    fixture
        .queue
        .expect_look()
        .returning(move |_| behind(ahead.fetch_sub(1, Ordering::Relaxed) as u64));
    let mut listener = Listener::at(fixture).await;
    listener.hear().await;
    for second in 1..=60 {
        assert_eq!(listener.event().await.0, second);
    }
}

#[tokio::test(start_paused = true)]
async fn while_nothing_changes_nothing_is_told_but_that_the_stream_is_alive() {
    // When to ask again and how long it may take change by themselves.
    let estimated = WaitingView {
        estimated_wait: None,
        poll_after: time::Duration::SECOND,
        ..place(4)
    };
    let mut looks = vec![behind(4), waiting_at(estimated)];
    looks.extend(vec![behind(4); 33]);
    looks.push(behind(3));
    let mut listener = Listener::at(looking(&looks)).await;
    listener.hear().await;
    let alive = |at| Some((at, ": keep-alive\n\n".to_owned()));
    assert_eq!(listener.hear().await, alive(15));
    assert_eq!(listener.hear().await, alive(30));
    assert_eq!(listener.event().await.0, 35);
    assert_eq!(listener.hear().await, alive(50), "15 s after the last word");
}

#[tokio::test(start_paused = true)]
async fn rule_5_the_last_event_tells_that_the_token_has_ended() {
    let cases = [
        // Given up or spent, before its time.
        (time::Duration::SECOND, "2026-01-01T12:00:01Z"),
        // Past its time.
        (time::Duration::HOUR, "2026-01-01T12:05:00Z"),
    ];
    for (later, expires_at) in cases {
        let fixture = looking(&[behind(0), Ok(active()), Err(TokenRefusal::Ended)]);
        let clock = fixture.clock.clone();
        let mut listener = Listener::at(fixture).await;
        listener.hear().await;
        listener.event().await;
        clock.advance(later);
        let expected = json!({
            "status": "expired",
            "entered_at": "2026-01-01T11:59:00Z",
            "expires_at": expires_at,
        });
        assert_eq!(listener.event().await, (2, "7-expired".into(), expected));
        assert_eq!(listener.hear().await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn rule_5_a_token_that_has_ended_already_has_no_stream() {
    let answer = looking(&[Err(TokenRefusal::Ended)]).ask(get(PATH).in_queue());
    let answer = answer.await;
    assert_eq!(answer.problem(), (401, "queue_token_expired"));
}

#[tokio::test(start_paused = true)]
async fn rule_5_one_who_shops_and_listens_is_there() {
    let seen = Arc::new(AtomicUsize::new(0));
    let mut fixture = looking(&[behind(0), behind(0), Ok(active())]);
    let count = seen.clone();
    fixture.queue.expect_saw().returning(move |user| {
        assert_eq!(user, USER);
        count.fetch_add(1, Ordering::Relaxed);
    });
    let mut listener = Listener::at(fixture).await;
    listener.hear().await;
    assert_eq!(listener.event().await.0, 2);
    assert_eq!(seen.load(Ordering::Relaxed), 2, "by the request, and now");
    assert_eq!(listener.hear().await.unwrap().0, 17);
    assert_eq!(seen.load(Ordering::Relaxed), 17, "every second");
}

#[tokio::test(start_paused = true)]
async fn what_a_client_has_seen_already_is_not_told_again() {
    for view in [waiting(), active()] {
        let mut before = Listener::at(looking(&[Ok(view)])).await;
        let (_, told) = before.hear().await.unwrap();
        let (id, _) = event(told.split_once("\n\n").unwrap().1);

        // Another process, which knows nothing but the line.
        let again = get(PATH).in_queue().insert_header(("last-event-id", id));
        let mut listener = Listener::of(looking(&[Ok(view), behind(1)]), again).await;
        assert_eq!(listener.hear().await, Some((0, "retry: 2000\n\n".into())));
        assert_eq!(listener.event().await.0, 1, "what is new is told");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_seen_something_else_is_told_at_once() {
    let other = QueueView {
        pass: domain::queue::Pass {
            ticket: domain::queue::Ticket::new(8),
            ..pass()
        },
        ..waiting()
    };
    for id in [
        super::id(&behind(5).unwrap()),
        super::id(&active()),
        super::id(&other),
        String::new(),
        "1".to_owned(),
        "7-waiting-4-9-".to_owned(),
    ] {
        let request = get(PATH).in_queue().insert_header(("last-event-id", id));
        let mut listener = Listener::of(looking(&[behind(4)]), request).await;
        let (_, told) = listener.hear().await.unwrap();
        assert_eq!(event(told.split_once("\n\n").unwrap().1).1["position"], 5);
    }
    let garbled = get(PATH).in_queue();
    let garbled = garbled.insert_header(("last-event-id", "ü".as_bytes()));
    let mut listener = Listener::of(looking(&[behind(4)]), garbled).await;
    assert!(listener.hear().await.unwrap().1.contains("event: queue"));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_requests_does_not_cut_a_stream() {
    let mut fixture = looking(&[behind(4)]);
    fixture.settings.request_timeout = Duration::from_millis(1);
    let mut listener = Listener::at(fixture).await;
    listener.hear().await;
    for minute in 1..=60 {
        let mut at = 0;
        while at < 60 * minute {
            at = listener.hear().await.unwrap().0;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_the_server_ends_a_stream_at_once_without_an_event() {
    let fixture = looking(&[behind(4)]);
    let stop = fixture.stop.clone();
    let mut listener = Listener::at(fixture).await;
    listener.hear().await;
    stop.cancel();
    assert_eq!(listener.hear().await, Some((0, ": stopping\n\n".into())));
    assert_eq!(listener.hear().await, None);
}

#[tokio::test]
async fn a_stream_is_let_go_when_its_client_is_gone() {
    let api = looking(&[behind(4)]).api();
    let queue: Arc<dyn Queue> = api.queue.clone();
    let stop = api.stop.clone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listeners = Listeners {
        public: listener,
        operator: None,
    };
    let server = serve(listeners, api).unwrap();
    let handle = server.handle();
    let running = tokio::spawn(server);

    let token = tokens().queue(&pass()).unwrap();
    let listen = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        .unwrap();
        let mut told = Vec::new();
        while !told.ends_with(b"}\n\n\r\n") {
            let mut some = [0; 512];
            let read = stream.read(&mut some).unwrap();
            assert_ne!(read, 0);
            told.extend_from_slice(&some[..read]);
        }
        stream
    };
    let mut streams = Vec::new();
    for _ in 0..2 {
        let listen = listen.clone();
        streams.push(tokio::task::spawn_blocking(listen).await.unwrap());
    }
    let held = Arc::strong_count(&queue);
    streams[0].shutdown(Shutdown::Write).unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while Arc::strong_count(&queue) >= held {
        assert!(Instant::now() < deadline, "the stream is still held");
        tokio::task::yield_now().await;
    }
    assert_eq!(Arc::strong_count(&queue), held - 1, "and no other one");

    stop.cancel();
    let rest = tokio::task::spawn_blocking(move || {
        let mut rest = String::new();
        streams[1].read_to_string(&mut rest).unwrap();
        rest
    });
    let rest = rest.await.unwrap();
    assert_eq!(rest, "C\r\n: stopping\n\n\r\n0\r\n\r\n", "and then the end");
    handle.stop(true).await;
    running.await.unwrap().unwrap();
}
