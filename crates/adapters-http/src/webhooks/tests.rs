use super::*;
use crate::testing::*;
use domain::events::{BadUrl, Endpoint};
use serde_json::{Value, json};

const SECRET: &str = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

fn report(kinds: Option<Vec<EventKind>>) -> EndpointReport {
    EndpointReport {
        endpoint: Endpoint {
            id: EndpointId::new(Uuid::from_u128(1)),
            url: "https://receiver.example/events".into(),
            kinds,
            secret: Secret::new([7; 32]),
            created_at: NOON,
        },
        disabled_at: None,
        failures: 0,
        last_error: None,
        position: 5,
        oldest_undelivered: None,
        waiting: 0,
        dead: 0,
    }
}

fn shown_as(events: &Value) -> Value {
    json!({
        "id": id(1), "url": "https://receiver.example/events", "events": events,
        "state": "active", "created_at": "2026-01-01T12:00:00Z", "position": 5,
        "oldest_undelivered": null, "waiting": 0, "dead": 0, "failures": 0, "last_error": null,
    })
}

const ALL: &str = "/v1/admin/webhooks";

fn one() -> String {
    format!("{ALL}/{}", id(1))
}

#[actix_web::test]
async fn an_endpoint_is_registered_and_its_secret_shown() {
    let mut fixture = Fixture::new();
    fixture.events.expect_register().returning(|_, url, kinds| {
        assert_eq!(url, "https://receiver.example/events");
        Ok(report(kinds))
    });
    let body = |events| json!({"url": "https://receiver.example/events", "events": events});
    let paid = json!(["reservation.paid", "reservation.paid"]);
    let requests = [paid, Value::Null].map(|events| post(ALL, body(events)).by_operator());
    let answers = fixture.ask_all(requests).await;
    for (answer, events) in answers
        .iter()
        .zip([json!(["reservation.paid"]), Value::Null])
    {
        assert_eq!(answer.status, 201);
        assert_eq!(answer.header("location"), Some(&*one()));
        let mut expected = shown_as(&events);
        expected["secret"] = SECRET.into();
        assert_eq!(answer.body, expected);
    }
}

#[actix_web::test]
async fn what_cannot_be_registered_is_told_where_and_why() {
    let url = "https://receiver.example/events";
    for (body, pointer, word) in [
        (json!({"url": "ftp://x"}), "/url", "no"),
        (json!({"url": url, "events": []}), "/events", "at least one"),
        (
            json!({"url": url, "events": ["queue.admitted", "x"]}),
            "/events/1",
            "reservation.held, reservation.paid",
        ),
        (json!({"events": null}), "", "missing field `url`"),
    ] {
        let mut fixture = Fixture::new();
        let register = fixture.events.expect_register();
        register.returning(|_, url, kinds| match kinds {
            Some(kinds) if kinds.is_empty() => Err(RegisterError::NoKinds),
            _ if url.starts_with("https") => Ok(report(None)),
            _ => Err(BadUrl("no".into()).into()),
        });
        let answer = fixture.ask(post(ALL, &body).by_operator()).await;
        assert_eq!(answer.problem(), (422, "invalid_request"), "{body}");
        let fault = &answer.body["errors"][0];
        assert_eq!(fault["pointer"], pointer, "{body}");
        assert!(fault["detail"].as_str().unwrap().contains(word), "{fault}");
    }
}

#[actix_web::test]
async fn endpoints_are_shown_with_how_they_fare_and_without_their_secret() {
    let mut fixture = Fixture::new();
    let (failing, gone) = (
        EndpointReport {
            failures: 3,
            last_error: Some("HTTP 500".into()),
            oldest_undelivered: Some(NOON),
            waiting: 2,
            dead: 1,
            ..report(None)
        },
        EndpointReport {
            disabled_at: Some(NOON),
            ..report(None)
        },
    );
    let all = vec![report(None), failing.clone(), gone];
    fixture
        .events
        .expect_endpoints()
        .returning(move || Ok(all.clone()));
    fixture
        .events
        .expect_endpoint()
        .returning(move |_| Ok(failing.clone()));
    let requests = [ALL, &one()].map(|path| get(path).by_operator());
    let answers = fixture.ask_all(requests).await;
    let items = answers[0].body["items"].as_array().unwrap();
    assert_eq!(items[0], shown_as(&Value::Null));
    assert_eq!(items[2]["state"], "disabled");
    let mut expected = shown_as(&Value::Null);
    expected["state"] = "failing".into();
    expected["failures"] = 3.into();
    expected["last_error"] = "HTTP 500".into();
    expected["oldest_undelivered"] = "2026-01-01T12:00:00Z".into();
    expected["waiting"] = 2.into();
    expected["dead"] = 1.into();
    assert_eq!((&items[1], &answers[1].body), (&expected, &expected));
}

#[actix_web::test]
async fn an_endpoint_is_removed_and_letters_are_redelivered() {
    let mut fixture = Fixture::new();
    fixture.events.expect_remove().returning(|_, _| Ok(()));
    let redeliver = fixture.events.expect_redeliver();
    redeliver.returning(|_, _, event| Ok(if event.is_some() { 1 } else { 3 }));
    let path = format!("{}/redeliver", one());
    let requests = [
        delete(&one()),
        post(&path, json!({})),
        post(&path, json!({"event_id": id(2)})),
    ];
    let answers = fixture.ask_all(requests.map(As::by_operator)).await;
    assert_eq!((answers[0].status, &answers[0].body), (204, &Value::Null));
    for (answer, redelivered) in answers[1..].iter().zip([3, 1]) {
        assert_eq!(answer.status, 202);
        assert_eq!(answer.body, json!({"redelivered": redelivered}));
    }
}

#[actix_web::test]
async fn what_is_not_there_is_told() {
    let mut fixture = Fixture::new();
    let missing = || Err(WebhookError::NotFound);
    fixture
        .events
        .expect_endpoint()
        .returning(move |_| missing());
    fixture
        .events
        .expect_remove()
        .returning(|_, _| Err(WebhookError::NotFound));
    let redeliver = fixture.events.expect_redeliver();
    redeliver.returning(|_, _, event| {
        Err(match event {
            None => RedeliverError::NotFound,
            Some(_) => RedeliverError::NoLetter,
        })
    });
    let path = format!("{}/redeliver", one());
    let requests = [
        get(&one()),
        delete(&one()),
        post(&path, json!({})),
        post(&path, json!({"event_id": id(2)})),
    ];
    let answers = fixture.ask_all(requests.map(As::by_operator)).await;
    let codes: Vec<_> = answers.iter().map(Answer::problem).collect();
    let webhook = (404, "webhook_not_found");
    let expected = [webhook, webhook, webhook, (404, "dead_letter_not_found")];
    assert_eq!(codes, expected);
}
