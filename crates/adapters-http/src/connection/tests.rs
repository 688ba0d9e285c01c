use super::*;
use actix_web::{
    App, HttpResponse,
    dev::{Server, ServerHandle},
    web,
};
use futures_util::stream;
use std::net::{SocketAddr, TcpListener};
use tokio::{io::AsyncReadExt, time::Instant};

/// How long a client of the server may keep it waiting.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long a connection to it may rest.
const IDLE: Duration = Duration::from_secs(3);

/// More than the system's buffers of a connection take.
const LARGE: usize = 64 << 20;

/// A server that streams three parts at `/count`, fails after one at `/broken`, and has answers
/// that are no streams at `/whole`, `/late` and `/large`.
fn server() -> (SocketAddr, ServerHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let ok = |part: &'static str| Ok::<_, Infallible>(Bytes::from_static(part.as_bytes()));
    let count = move || {
        let parts = stream::iter([ok("one"), ok("two, and more"), ok("three")]);
        std::future::ready(HttpResponse::Ok().streaming(parts))
    };
    let broken = || {
        let failure = io::Error::other("no more");
        let parts = stream::iter([Ok(Bytes::from_static(b"one")), Err(failure)]);
        std::future::ready(HttpResponse::Ok().streaming(parts))
    };
    let whole = || std::future::ready(HttpResponse::Ok().body("whole"));
    let late = || async {
        tokio::time::sleep(PATIENCE / 2).await;
        HttpResponse::Ok().body("late")
    };
    let large = || std::future::ready(HttpResponse::Ok().body(vec![b'x'; LARGE]));
    let builder = Server::build().disable_signals().workers(1);
    let draining = builder.graceful_shutdown_signal();
    let factory = move || {
        let app = App::new()
            .route("/count", web::get().to(count))
            .route("/count", web::head().to(count))
            .route("/broken", web::get().to(broken))
            .route("/whole", web::get().to(whole))
            .route("/late", web::get().to(late))
            .route("/large", web::get().to(large));
        let patience = Patience {
            stuck: PATIENCE,
            idle: IDLE,
        };
        connections(app, draining.clone(), patience)
    };
    let server = builder.listen("test", listener, factory).unwrap().run();
    let handle = server.handle();
    tokio::spawn(server);
    (address, handle)
}

/// Says `text` and hears the answer out, without its date.
async fn say(text: &str) -> String {
    let (address, handle) = server();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    handle.stop(true).await;
    let lines = answer.split_inclusive("\r\n");
    lines.filter(|line| !line.starts_with("date: ")).collect()
}

const COUNTED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\
    content-type: application/octet-stream\r\n\r\n\
    3\r\none\r\nD\r\ntwo, and more\r\n5\r\nthree\r\n0\r\n\r\n";

#[tokio::test]
async fn a_stream_is_written_in_chunks_to_its_end() {
    let answer = say("GET /count HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(answer, COUNTED);
}

#[tokio::test]
async fn answers_before_a_stream_come_first_and_nothing_comes_after_it() {
    let ask = |path| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let all = ask("/whole") + &ask("/count") + &ask("/whole") + &ask("/count");
    let answer = say(&all).await;
    let (whole, counted) = answer.split_once("whole").unwrap();
    assert!(whole.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n"));
    assert_eq!(counted, COUNTED);
}

#[tokio::test]
async fn a_client_of_http_1_0_and_one_who_asks_for_the_head_are_served_too() {
    let answer = say("GET /count HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert!(!answer.contains("transfer-encoding"), "{answer}");
    assert!(
        answer.ends_with("\r\n\r\nonetwo, and morethree"),
        "{answer}"
    );
    let head = "HEAD /count HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = say(head).await;
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_stream_that_fails_has_no_proper_end() {
    let answer = say("GET /broken HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\n3\r\none\r\n"), "{answer}");
}

/// Both ends of a connection.
async fn connection() -> (TcpStream, TcpStream) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let (client, accepted) = tokio::join!(client, listener.accept());
    (client.unwrap(), accepted.unwrap().0)
}

fn body(parts: impl stream::Stream<Item = Result<Bytes, Infallible>> + 'static) -> Body {
    Body {
        parts: BoxBody::new(BodyStream::new(parts)),
        chunked: true,
    }
}

fn endless() -> Body {
    let part = || Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 16_384]));
    body(stream::repeat_with(part))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    let (client, stream) = connection().await;
    let error = pour(stream, endless()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    drop(client);
}

#[tokio::test]
async fn a_client_that_is_gone_is_noticed_while_there_is_nothing_to_write() {
    let (mut client, stream) = connection().await;
    client.write_all(b"nothing that matters").await.unwrap();
    drop(client);
    pour(stream, body(pending())).await.unwrap();
}

/// Talks to a server: says `first`, then each `pause` a letter more, until it hangs up. Tells what
/// it said, and after how long it hung up.
async fn drip(first: &str, pause: Duration) -> (String, Duration) {
    let (address, handle) = server();
    let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
    let begun = Instant::now();
    to.write_all(first.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let talk = async {
        loop {
            tokio::time::sleep(pause).await;
            if to.write_all(b"x").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        heard = from.read_to_string(&mut answer) => drop(heard),
        () = talk => {}
        () = tokio::time::sleep(25 * PATIENCE) => panic!("still open after {first:?}"),
    }
    handle.stop(false).await;
    (answer, begun.elapsed())
}

const WHOLE: &str = "GET /whole HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn a_later_request_that_comes_letter_by_letter_is_given_up() {
    let stops = 5 * PATIENCE / 2;
    for (first, pause) in [(WHOLE, PATIENCE / 30), (WHOLE, stops)] {
        let (answer, took) = drip(first, pause).await;
        assert!(answer.ends_with("whole"), "{answer}");
        assert!(took < IDLE, "{took:?}");
    }
}

#[tokio::test]
async fn a_first_request_that_comes_letter_by_letter_or_not_at_all_is_given_up() {
    for (first, least) in [("GET /w", Duration::ZERO), ("", IDLE)] {
        let (answer, took) = drip(first, 100 * PATIENCE).await;
        assert_eq!(answer, "");
        assert!((least..least + IDLE).contains(&took), "{first:?}: {took:?}");
    }
}

#[tokio::test]
async fn what_is_left_of_a_last_read_rests_no_longer_than_nothing() {
    for begun in ["", "GET /w"] {
        let (answer, took) = drip(&format!("{WHOLE}{begun}"), 100 * PATIENCE).await;
        assert!(answer.ends_with("whole"), "{answer}");
        assert!((IDLE..2 * IDLE).contains(&took), "{begun:?}: {took:?}");
    }
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    let (address, handle) = server();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let ask = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    stream.readable().await.unwrap();
    tokio::time::sleep(8 * PATIENCE).await;
    let (mut answer, mut part) = (0, vec![0; 1 << 20]);
    // What the system has kept is there; the rest never comes.
    while let Ok(read) = stream.read(&mut part).await {
        answer += read;
        if read == 0 {
            break;
        }
    }
    assert!((1..LARGE).contains(&answer), "{answer}");
    handle.stop(false).await;
}

#[tokio::test]
async fn those_who_ask_now_and_then_and_wait_for_late_answers_are_served() {
    let (address, handle) = server();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whole requests at any moment between two looks, and the last answer is read slowly.
    for path in ["/whole", "/late", "/late", "/late", "/late", "/whole"] {
        let ask = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with(&path[1..]) {
            let mut part = [0; 1_024];
            let read = stream.read(&mut part).await.unwrap();
            assert!(read > 0, "{answer}");
            answer += std::str::from_utf8(&part[..read]).unwrap();
        }
        // Long enough that somebody with a request would be given up.
        let rest = if path == "/whole" { 3 } else { 0 };
        tokio::time::sleep(rest * PATIENCE + PATIENCE / 3).await;
    }
    stream
        .write_all(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let (mut answer, mut part) = (0, vec![0; 1 << 20]);
    loop {
        let read = stream.read(&mut part).await.unwrap();
        if read == 0 {
            break;
        }
        answer += read;
        tokio::time::sleep(PATIENCE / 30).await;
    }
    assert!(answer > LARGE, "{answer}");
    handle.stop(true).await;
}
