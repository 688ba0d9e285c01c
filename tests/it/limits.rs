//! How much one client can take: of requests, of bytes, of time.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use system_tests::{Answer, App, Fan, OPERATOR_KEY};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_asks_too_often_waits_and_nobody_else_does() {
    let settings = [("USER_RATE", "1"), ("USER_BURST", "10")];
    let app = App::with(1, &settings).await;
    let show = app.schedule(10).await;
    let (looping, other) = (app.shopper(0, 0).await, app.shopper(0, 0).await);
    let mut refused = None;
    for _ in 0..20 {
        let held = looping.hold(&show, &[1], None).await;
        if held.status == 429 {
            refused = Some(held);
            break;
        }
        let path = format!("/v1/reservations/{}", held.text("id"));
        Answer::of(looping.in_queue(Method::DELETE, &path)).await;
    }
    let refused = refused.expect("holding and cancelling went on and on");
    assert_eq!(refused.code(), "too_many_requests");
    let field = |name| refused.headers[name].to_str().unwrap();
    assert_eq!(field("ratelimit-policy"), r#""user";q=10;w=10"#);
    let wait: u64 = field("retry-after").parse().unwrap();
    assert_eq!(field("ratelimit"), format!(r#""user";r=0;t={wait}"#));

    // Places and seats are still told, and others are served.
    for path in [
        "/v1/queue/tokens/me",
        &format!("/v1/schedules/{show}/seats"),
    ] {
        for _ in 0..30 {
            assert_eq!(looping.get(path).await.status, 200, "{path}");
        }
    }
    assert_eq!(other.hold(&show, &[2], None).await.status, 201);
    system_tests::eventually("after the wait it goes on", || async {
        looping.get("/v1/users/me").await.status == 200
    })
    .await;
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_a_quick_fan_and_a_thousand_fans_of_one_address_meet_no_limit() {
    let app = App::start(1).await;
    let fan = app.shopper(0, 0).await;
    let clicks = (0..400).map(|_| fan.get("/v1/concerts"));
    for answer in futures_util::future::join_all(clicks).await {
        assert_eq!(answer.status, 200);
    }
    let crowd = futures_util::future::join_all((0..1_000).map(|_| app.fan(0))).await;
    assert_eq!(crowd.len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_limited_when_the_operator_says_so() {
    let settings = [
        ("ADDRESS_RATE", "1"),
        ("ADDRESS_BURST", "5"),
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    let app = App::with(1, &settings).await;
    let ask = async |client: &str| {
        let request = app.http.get(format!("{}/health/live", app.url(0)));
        let answer = Answer::of(request.header("X-Forwarded-For", client)).await;
        (answer.status, answer.code().to_owned())
    };
    for _ in 0..5 {
        assert_eq!(ask("192.0.2.1").await.0, 200);
    }
    let refused = (429, "too_many_requests".to_owned());
    assert_eq!(ask("192.0.2.1").await, refused);
    assert_eq!(ask("192.0.2.2").await.0, 200, "another client of the proxy");
}

/// Says `first`, then `more` four times a second, and hears the answer out; and how long that took.
async fn talk(app: &App, first: &[u8], more: &[u8]) -> (String, Duration) {
    let address = app.url(0).strip_prefix("http://").unwrap().to_owned();
    let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
    let begun = Instant::now();
    // The server may hang up before it has read everything.
    let _ = to.write_all(first).await;
    let dripping = async {
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            if more.is_empty() || to.write_all(more).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        heard = from.read_to_end(&mut answer) => drop(heard),
        () = dripping => {}
        () = tokio::time::sleep(Duration::from_secs(40)) => panic!("still open"),
    }
    (String::from_utf8(answer).unwrap(), begun.elapsed())
}

/// The settings of a server that gives nobody more than a second.
const HASTY: [(&str, &str); 3] = [
    ("REQUEST_TIMEOUT", "1s"),
    ("STATEMENT_TIMEOUT", "500ms"),
    ("LOCK_TIMEOUT", "300ms"),
];

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_hung_up_on() {
    let app = &App::with(1, &HASTY).await;
    let head = |request: &str| {
        format!("{request} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
    };
    let live = head("GET /health/live") + "\r\n";
    let sign_up = head("POST /v1/users") + "Content-Length: 1000\r\n\r\n{";
    let pay = head("POST /v1/payments") + "Content-Length: 1000\r\n\r\n{";
    let later = live.clone() + "GET /hea";
    let cases = [
        (
            "a head that never ends",
            "GET /health/live HTTP/1.1\r\n",
            "X: y\r\n",
            "",
            14,
        ),
        ("a head that stops", "GET /hea", "", "", 14),
        ("a later head that never ends", &later, "l", "200", 14),
        ("a body that never ends", &sign_up, " ", "400", 4),
        ("a body that stops", &sign_up, "", "400", 4),
        ("a body that nobody reads", &pay, " ", "401", 4),
    ];
    let talks = cases.map(|(what, first, more, status, within)| async move {
        let (answer, took) = talk(app, first.as_bytes(), more.as_bytes()).await;
        let got = answer.strip_prefix("HTTP/1.1 ").unwrap_or_default();
        let got = got.split(' ').next().unwrap();
        assert_eq!(got, status, "{what}: {answer}");
        assert!(took < Duration::from_secs(within), "{what}: {took:?}");
        answer
    });
    let answers = futures_util::future::join_all(talks).await;
    assert!(
        answers[3].contains("the body took too long to arrive"),
        "{}",
        answers[3]
    );
    let log = app.servers[0].log();
    let told: Vec<_> = log.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(told, [""; 0], "nobody can fill the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_may_rest_for_longer_than_a_client_may_be_slow() {
    let app = App::with(1, &HASTY).await;
    let address = app.url(0).strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Before the first request, as who connects beforehand does, and between two.
    for rest in [14, 14] {
        tokio::time::sleep(Duration::from_secs(rest)).await;
        let ask = b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(ask).await.unwrap();
        let mut answer = [0; 1_024];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200 "), "{read} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_requests_are_refused() {
    let app = &App::with(1, &[("LOG", "info")]).await;
    let fan = app.shopper(0, 0).await;
    let with = |header: String| format!("GET /health/live HTTP/1.1\r\nHost: x\r\n{header}\r\n");
    let many = "X: x\r\n".repeat(200);
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000));
    for (what, request, status) in [
        (
            "a large head",
            with(format!("X: {}\r\n", "x".repeat(200_000))),
            "431",
        ),
        ("many fields", with(many), "431"),
        ("a long path", long_path, "400"),
    ] {
        let (answer, _) = talk(app, request.as_bytes(), b"").await;
        // A head that is not read to its end may be answered by a reset alone.
        let told = answer.is_empty() || answer.starts_with(&format!("HTTP/1.1 {status} "));
        assert!(told, "{what}: {answer}");
    }
    let asked = |request: RequestBuilder| async { (Answer::of(request).await).status };
    let large = json!({"name": "x".repeat(17 * 1024)});
    let users = app.http.post(format!("{}/v1/users", app.url(0)));
    assert_eq!(asked(users.json(&large)).await, 413);
    for path in ["/v1/reservations", "/v1/payments", "/v1/concerts"] {
        for (limit, status) in [("100", 200), ("101", 400), ("0", 400), ("-1", 400)] {
            let request = fan.in_queue(Method::GET, &format!("{path}?limit={limit}"));
            assert_eq!(asked(request).await, status, "{path} {limit}");
        }
    }
    let key = "k".repeat(256);
    let held = fan
        .hold("0190b5f4-0000-7000-8000-000000000000", &[1], Some(&key))
        .await;
    assert_eq!((held.status, held.code()), (400, "invalid_request"));
    assert_eq!(app.fan(0).await.balance().await, 0, "it still serves");
    let log = app.servers[0].log();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_can_have_a_listener_apart() {
    let app = App::with(1, &[("ADMIN_LISTEN", "127.0.0.1:0")]).await;
    let apart = app.servers[0].operator_url.as_deref().unwrap();
    let ask = async |server: &str, path: &str| {
        let request = app.http.get(format!("{server}{path}"));
        Answer::of(request.bearer_auth(OPERATOR_KEY)).await.status
    };
    assert_eq!(ask(apart, "/v1/admin/queue").await, 200);
    assert_eq!(ask(app.url(0), "/v1/admin/queue").await, 404);
    assert_eq!(ask(apart, "/v1/users/me").await, 404);
    assert_eq!(ask(app.url(0), "/v1/users/me").await, 401);
    for server in [apart, app.url(0)] {
        assert_eq!(ask(server, "/health/ready").await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_token_is_in_the_log_however_much_is_logged() {
    let app = App::with(1, &[("LOG", "trace")]).await;
    let show = app.schedule(10).await;
    let mut fan: Fan = app.shopper(0, 30_000).await;
    let held = fan.hold(&show, &[1], Some("the-key")).await;
    for path in [
        "/v1/concerts",
        "/v1/users/me",
        &format!("/v1/schedules/{show}/seats"),
    ] {
        assert_eq!(fan.get(path).await.status, 200);
    }
    assert!(fan.listen(None).await.next().await.is_some());
    assert_eq!(fan.pay(held.text("id"), None).await.status, 201);
    let spent = fan.queue_token.clone();
    assert_eq!(fan.get("/v1/concerts").await.status, 401);
    let altered = fan.access_token.to_uppercase();
    let refused = app.http.get(format!("{}/v1/users/me", app.url(0)));
    assert_eq!(Answer::of(refused.bearer_auth(&altered)).await.status, 401);
    assert_eq!(fan.join().await.status, 201);

    let server = &app.servers[0];
    let id = held.headers["x-request-id"].to_str().unwrap();
    system_tests::eventually("the requests are in the log", || async {
        let log = server.log();
        log.contains(id) && log.matches("answered").count() >= 12
    })
    .await;
    let log = server.log();
    assert!(log.contains("TRACE"), "the control: everything is logged");
    let tokens = [&fan.access_token, &fan.queue_token, &spent, &altered];
    for token in tokens {
        // Not even its claims or its signature alone.
        for part in token.split('.').skip(1) {
            assert!(!log.contains(part), "{part}");
        }
    }
    for secret in [OPERATOR_KEY, system_tests::TOKEN_SECRET, "Bearer "] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
