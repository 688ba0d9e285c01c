use super::*;
use crate::testing::{self, Fixture, settings};
use actix_web::{http::Method, test::TestRequest};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

fn only(public: TcpListener) -> Listeners {
    Listeners {
        public,
        operator: None,
    }
}

/// Says `text` to the server and hears it out.
async fn say(address: SocketAddr, text: &'static str) -> String {
    let talk = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    tokio::task::spawn_blocking(talk).await.unwrap()
}

#[tokio::test]
async fn a_server_answers_on_its_listener_until_it_is_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = serve(only(listener), Fixture::new().api()).unwrap();
    let handle = server.handle();
    let running = tokio::spawn(server);

    let get = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = say(address, get).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{\"status\":\"ok\"}"), "{answer}");

    let head = "HEAD /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = say(address, head).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "no body: {answer}");

    let large = "POST /v1/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
        Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n";
    let answer = say(address, large).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("body_too_large"), "{answer}");

    let two = "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello\
        GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = say(address, two).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(
        answer.ends_with("{\"status\":\"ok\"}"),
        "a body that nobody read: {answer}"
    );

    handle.stop(true).await;
    running.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn a_secret_that_is_too_short_keeps_the_server_from_starting() {
    let long = "x".repeat(32);
    for secrets in [&[][..], &["short"], &[&long, "short"]] {
        let mut api = Fixture::new().api();
        api.settings.token_secrets = secrets.iter().copied().map(Into::into).collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = serve(only(listener), api).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), "a token secret has at least 32 bytes");
    }
}

#[test]
fn settings_can_be_shown_without_their_secrets() {
    let shown = format!("{:?}", settings());
    assert!(!shown.contains(testing::SECRET), "{shown}");
    assert!(!shown.contains(testing::OPERATOR_KEY), "{shown}");
}

#[actix_web::test]
async fn the_operators_routes_can_be_apart_and_are_then_at_no_other_door() {
    let doors = [
        (Door::Only, [401, 401, 200, 200, 200]),
        (Door::Fans, [404, 401, 200, 404, 404]),
        (Door::Operator, [401, 404, 200, 200, 200]),
    ];
    for (door, expected) in doors {
        let requests = [
            "/v1/admin/queue",
            "/v1/users/me",
            "/health/live",
            "/operator",
            "/operator/main.js",
        ]
        .map(testing::get);
        let answers = Fixture::new().ask_at(door, requests).await;
        assert_eq!(
            answers
                .iter()
                .map(|answer| answer.status)
                .collect::<Vec<_>>(),
            expected,
            "{door:?}"
        );
    }
}

/// A request as a browser makes it for a script of this origin.
fn of_origin(request: TestRequest) -> TestRequest {
    request.insert_header(("origin", "https://tickets.example"))
}

#[actix_web::test]
async fn scripts_of_other_origins_are_let_in_only_when_they_are_named() {
    let ask = async |origin: Option<&str>, door| {
        let mut fixture = Fixture::new();
        fixture.settings.cors_origins = origin.map(str::to_owned).into_iter().collect();
        let preflight = testing::get("/v1/payments")
            .method(Method::OPTIONS)
            .insert_header(("access-control-request-method", "POST"))
            .insert_header((
                "access-control-request-headers",
                "authorization,idempotency-key",
            ));
        let requests = [
            of_origin(preflight),
            of_origin(testing::get("/v1/users/me")),
        ];
        let answers = fixture.ask_at(door, requests).await;
        let allowed = |answer: &testing::Answer| {
            answer
                .header("access-control-allow-origin")
                .map(str::to_owned)
        };
        let told = answers.iter().map(allowed).collect::<Vec<_>>();
        (answers[0].status, told, answers[1].problem().0)
    };
    let ours = Some("https://tickets.example".to_owned());
    let named = ask(ours.as_deref(), Door::Fans).await;
    assert_eq!(
        named,
        (200, vec![ours.clone(), ours.clone()], 401),
        "problems, too"
    );
    let (_, told, _) = ask(Some("https://other.example"), Door::Only).await;
    assert_eq!(told, [None, None]);
    for (origin, door) in [(None, Door::Only), (ours.as_deref(), Door::Operator)] {
        let (status, told, _) = ask(origin, door).await;
        assert_eq!(told, [None, None]);
        assert!([404, 204].contains(&status), "{status}");
    }
}
