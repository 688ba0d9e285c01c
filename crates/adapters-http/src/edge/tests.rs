use super::*;
use crate::testing::*;
use async_trait::async_trait;
use domain::{health::Readiness, storage::StorageError};
use std::{
    io,
    sync::{Arc, Mutex},
};

/// A port that never answers.
struct Stuck;

#[async_trait]
impl Readiness for Stuck {
    async fn check(&self) -> Result<(), String> {
        std::future::pending().await
    }
}

#[actix_web::test]
async fn rule_26_a_request_that_takes_too_long_is_told_to_try_again() {
    let mut fixture = Fixture::new();
    fixture.readiness = Arc::new(Stuck);
    fixture.settings.request_timeout = Duration::from_millis(1);
    let answer = fixture.ask(get("/health/ready").in_korean()).await;
    assert_eq!(answer.problem(), (503, "service_unavailable"));
    assert_eq!(
        answer.body["detail"],
        "서버 오류로 인해 요청을 처리할 수 없습니다"
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[actix_web::test]
async fn a_request_keeps_the_id_it_came_with_if_that_is_fit() {
    let longest = "x".repeat(64);
    for given in ["a", "req_1.2-3", &longest] {
        let request = get("/health/live").insert_header(("x-request-id", given));
        let answer = Fixture::new().ask(request).await;
        assert_eq!(answer.header("x-request-id"), Some(given));
    }
    let too_long = "x".repeat(65);
    for given in ["", "a b", "a\tb", "é", "<script>", &too_long] {
        let request = get("/health/live").insert_header(("x-request-id", given));
        let answer = Fixture::new().ask(request).await;
        assert_eq!(answer.header("x-request-id"), Some(&*id(1)), "{given}");
    }
}

#[actix_web::test]
async fn each_request_gets_an_id_of_its_own() {
    let answers = Fixture::new()
        .ask_all([get("/health/live"), get("/nowhere")])
        .await;
    assert_eq!(answers[0].header("x-request-id"), Some(&*id(1)));
    assert_eq!(answers[1].header("x-request-id"), Some(&*id(2)));
    assert_eq!(answers[1].body["request_id"], id(2));
}

#[actix_web::test]
async fn no_answer_is_stored_by_a_cache() {
    let requests = [get("/health/live"), get("/nowhere"), get("/v1/users/me")];
    for answer in Fixture::new().ask_all(requests).await {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[actix_web::test]
async fn every_answer_keeps_browsers_from_making_more_of_it() {
    let requests = [get("/health/live"), get("/nowhere"), get("/v1/users/me")];
    for answer in Fixture::new().ask_all(requests).await {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
    }
}

/// All that is logged while it lives.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn logged(fixture: Fixture, request: actix_web::test::TestRequest) -> String {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    fixture.ask(request).await;
    drop(guard);
    let bytes = captured.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn failing(error: &StorageError) -> Fixture {
    let mut fixture = Fixture::new();
    let error = error.clone();
    fixture
        .users
        .expect_me()
        .returning(move |_| Err(error.clone().into()));
    fixture
}

#[actix_web::test]
async fn a_failure_is_logged_once_with_its_causes_and_the_request_id() {
    let failures = [
        (
            StorageError::failed("no such column"),
            "ERROR",
            "no such column",
        ),
        (
            StorageError::unavailable("broken pipe"),
            " WARN",
            "broken pipe",
        ),
    ];
    for (error, level, cause) in failures {
        let log = logged(failing(&error), get("/v1/users/me").by_user()).await;
        let told: Vec<_> = log.lines().filter(|line| line.contains(cause)).collect();
        assert_eq!(told.len(), 1, "{log}");
        assert!(told[0].contains(level) && told[0].contains(&id(1)), "{log}");
    }
}

#[actix_web::test]
async fn a_request_is_one_line_in_the_log_and_tells_no_secret() {
    let token = tokens().access(USER, NOON).unwrap().token;
    let path = format!("/v1/users/{USER}/balance?secret=hunter2");
    let mut fixture = Fixture::new();
    fixture
        .balances
        .expect_balance()
        .returning(|_, _| Err(domain::balance::BalanceError::UserNotFound));
    let log = logged(fixture, get(&path).by_user()).await;
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("answered"))
        .collect();
    assert_eq!(lines.len(), 1, "{log}");
    for part in [
        "DEBUG",
        "method=GET",
        "route=\"/v1/users/{id}/balance\"",
        "status=404",
        &id(1),
    ] {
        assert!(lines[0].contains(part), "{part}: {log}");
    }
    assert!(
        !log.contains(&token) && !log.contains("hunter2") && !log.contains("Bearer"),
        "{log}"
    );
}
