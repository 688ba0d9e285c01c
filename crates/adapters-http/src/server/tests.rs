use super::*;
use crate::testing::{Fixture, settings};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

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
    let server = serve(listener, Fixture::new().api()).unwrap();
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
        let error = serve(listener, api).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), "a token secret has at least 32 bytes");
    }
}

#[test]
fn settings_can_be_shown_without_their_secrets() {
    let shown = format!("{:?}", settings());
    assert!(!shown.contains(crate::testing::SECRET), "{shown}");
    assert!(!shown.contains(crate::testing::OPERATOR_KEY), "{shown}");
}
