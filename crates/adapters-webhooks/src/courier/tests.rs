use super::*;
use domain::{
    clock::FixedClock,
    id::{EndpointId, EventId},
};
use std::{collections::VecDeque, sync::Mutex};
use time::macros::datetime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

/// A receiver that answers each request with the next of these, as it stands; nothing: never.
struct Receiver {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    async fn answering(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, mut answers) = (requests.clone(), VecDeque::from(answers.to_vec()));
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let request = read(&mut client).await;
                kept.lock().unwrap().push(request);
                match answers.pop_front() {
                    Some(answer) => client.write_all(answer.as_bytes()).await.unwrap(),
                    None => silent.push(client),
                }
            }
        });
        Self { url, requests }
    }
}

/// One request with a body of a known length.
async fn read(client: &mut TcpStream) -> String {
    let mut request = String::new();
    loop {
        let mut buffer = [0; 4096];
        let read = client.read(&mut buffer).await.unwrap();
        request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        let Some((head, body)) = request.split_once("\r\n\r\n") else {
            continue;
        };
        let length = header(head, "content-length").unwrap().parse().unwrap();
        if body.len() >= length {
            return request;
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

fn courier(allow_http: bool) -> HttpCourier {
    let timeout = Duration::from_millis(500);
    let settings = CourierSettings {
        timeout,
        allow_http,
    };
    let clock = Arc::new(FixedClock::at(NOON));
    HttpCourier::new(settings, clock, CancellationToken::new())
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint {
        id: EndpointId::new(Uuid::nil()),
        url: url.into(),
        kinds: None,
        secret: Secret::new([7; 32]),
        created_at: NOON,
    }
}

fn letter(position: u64) -> Letter {
    let event = Told {
        position,
        id: EventId::new(Uuid::from_u128(position.into())),
        kind: "reservation.held".into(),
        subject: Uuid::nil(),
        occurred_at: NOON,
        data: r#"{"amount":20000}"#.into(),
    };
    Letter { event, tries: 0 }
}

const OK: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
const ERROR: &str = "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_is_as_the_specification_says_and_its_signature_holds() {
    let receiver = Receiver::answering(&[OK]).await;
    let answers = courier(true)
        .deliver(&endpoint(&receiver.url), &[vec![letter(1)]])
        .await;
    assert_eq!(answers, [[Answer::Accepted]]);
    let requests = receiver.requests.lock().unwrap();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /events HTTP/1.1"), "{head}");
    let id = Uuid::from_u128(1).to_string();
    assert_eq!(header(head, "webhook-id"), Some(&*id));
    assert_eq!(header(head, "webhook-timestamp"), Some("1767268800"));
    assert_eq!(header(head, "content-type"), Some("application/json"));
    let other = standardwebhooks::Webhook::from_bytes(vec![7; 32]).unwrap();
    let signature = other.sign(&id, 1_767_268_800, body.as_bytes()).unwrap();
    assert_eq!(header(head, "webhook-signature"), Some(&*signature));
    let expected =
        r#"{"type":"reservation.held","timestamp":"2026-01-01T12:00:00Z","data":{"amount":20000}}"#;
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_train_stops_at_the_first_that_is_not_accepted() {
    let receiver = Receiver::answering(&[OK, ERROR]).await;
    let train = vec![letter(1), letter(2), letter(3)];
    let answers = courier(true)
        .deliver(&endpoint(&receiver.url), &[train])
        .await;
    let refused = Answer::Refused("HTTP 500 Internal Server Error".into());
    assert_eq!(answers, [[Answer::Accepted, refused]]);
    assert_eq!(receiver.requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn answers_mean_what_their_status_says() {
    for (answer, meaning) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "accepted"),
        ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", "410"),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            "redirects are not followed",
        ),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP 404",
        ),
        ("not HTTP at all", "invalid HTTP"),
    ] {
        let receiver = Receiver::answering(&[answer]).await;
        let answers = courier(true)
            .deliver(&endpoint(&receiver.url), &[vec![letter(1)]])
            .await;
        let told = answers[0][0].error().unwrap_or("accepted");
        assert!(told.contains(meaning), "{answer}: {told}");
    }
}

#[tokio::test]
async fn one_that_does_not_answer_or_is_not_there_has_not_accepted() {
    let silent = Receiver::answering(&[]).await;
    let trains = [vec![letter(1), letter(2)], vec![letter(3)]];
    let answers = courier(true).deliver(&endpoint(&silent.url), &trains).await;
    let refused = Answer::Refused("no answer within 500ms".into());
    assert_eq!(answers, [[refused.clone()], [refused]]);

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/secret", closed.local_addr().unwrap());
    drop(closed);
    let answers = courier(true)
        .deliver(&endpoint(&url), &[vec![letter(1)]])
        .await;
    let told = answers[0][0].error().unwrap();
    assert!(
        told.contains("refused") && !told.contains("secret"),
        "{told}"
    );
}

#[tokio::test]
async fn one_who_is_told_to_stop_leaves_the_rest_untried() {
    let silent = Receiver::answering(&[OK]).await;
    let courier = courier(true);
    let stop = async {
        while silent.requests.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
        courier.stop.cancel();
    };
    let (endpoint, trains) = (endpoint(&silent.url), [vec![letter(1), letter(2)]]);
    let delivery = courier.deliver(&endpoint, &trains);
    let (answers, ()) = futures_util::future::join(delivery, stop).await;
    assert_eq!(answers, [[Answer::Accepted]]);
}

#[tokio::test]
async fn only_public_https_is_allowed_unless_all_is() {
    let (strict, lax) = (courier(false), courier(true));
    let good = "https://receiver.example:8443/events?key=1";
    assert_eq!((strict.accepts(good), lax.accepts(good)), (Ok(()), Ok(())));
    for (url, word) in [
        ("http://receiver.example/", "https://"),
        ("https://127.0.0.1/", "not a public one"),
        ("https://[::1]:9/", "not a public one"),
        ("https://0x7f.1/", "not a public one"),
        ("https://169.254.169.254/latest", "not a public one"),
    ] {
        let BadUrl(why) = strict.accepts(url).unwrap_err();
        assert!(why.contains(word), "{url}: {why}");
        assert_eq!(lax.accepts(url), Ok(()), "{url}");
    }
    for (url, word) in [
        ("receiver.example", "a whole URL"),
        ("", "a whole URL"),
        ("ftp://receiver.example/", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https://user:word@receiver.example/", "neither a user"),
        ("https://receiver.example/#part", "nor a fragment"),
    ] {
        for courier in [&strict, &lax] {
            let BadUrl(why) = courier.accepts(url).unwrap_err();
            assert!(why.contains(word), "{url}: {why}");
        }
    }
    let longest = format!("https://a.example?{}", "x".repeat(1_982));
    assert_eq!(lax.accepts(&longest), Ok(()));
    assert!(lax.accepts(&format!("{longest}x")).is_err());
}

#[tokio::test]
async fn a_url_that_was_allowed_once_is_asked_again_before_it_is_used() {
    let receiver = Receiver::answering(&[OK]).await;
    let answers = courier(false)
        .deliver(&endpoint(&receiver.url), &[vec![letter(1)]])
        .await;
    let told = answers[0][0].error().unwrap();
    assert!(told.contains("not allowed"), "{told}");
    assert_eq!(receiver.requests.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn secrets_are_not_alike() {
    let courier = courier(false);
    let (one, two) = (courier.new_secret().unwrap(), courier.new_secret().unwrap());
    assert_ne!(one, two);
}
