use super::*;
use crate::testing::{self, As, Fixture, NOON, USER, active, id, pass, tokens};
use actix_web::test::TestRequest;
use std::net::SocketAddr;
use uuid::Uuid;

fn rate(per_second: u32, burst: u32) -> Rate {
    let number = |n| NonZeroU32::new(n).unwrap();
    Rate {
        per_second: number(per_second),
        burst: number(burst),
    }
}

/// Users may do three things at once.
fn of_users() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.settings.rate_limits.user = Some(rate(1, 3));
    let error = || domain::users::UserError::NotFound;
    fixture.users.expect_me().returning(move |_| Err(error()));
    fixture.queue.expect_look().returning(|_| Ok(active()));
    fixture
}

/// An address may ask three times at once; 10.0.0.0/8 are proxies.
fn of_addresses() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.settings.rate_limits = RateLimits {
        address: Some(rate(2, 3)),
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        user: None,
    };
    fixture
}

fn get(path: &str) -> TestRequest {
    testing::get(path)
}

fn from(peer: &str, forwarded: &str) -> TestRequest {
    let peer: IpAddr = peer.parse().unwrap();
    let request = get("/health/live").peer_addr(SocketAddr::new(peer, 1_234));
    if forwarded.is_empty() {
        return request;
    }
    request.insert_header(("x-forwarded-for", forwarded))
}

#[actix_web::test]
async fn a_user_who_asks_too_often_is_told_when_to_ask_again_and_others_are_not_disturbed() {
    let other = UserId::new(Uuid::from_u128(0xc));
    let other = tokens().access(other, NOON).unwrap().token;
    let me = || get("/v1/users/me");
    let mut requests: Vec<_> = (0..4).map(|_| me().by_user()).collect();
    requests.extend([me().in_queue(), me().bearer(&other), me(), me().bearer("x")]);
    let answers = of_users().ask_all(requests).await;
    let told: Vec<_> = answers.iter().map(testing::Answer::problem).collect();
    let (served, refused) = ((404, "user_not_found"), (429, "too_many_requests"));
    // By either token it is the same user; who is nobody counts against nobody.
    let nobodys = [(401, "token_missing"), (401, "token_invalid")];
    assert_eq!(
        told[..6],
        [served, served, served, refused, refused, served]
    );
    assert_eq!(told[6..], nobodys);
    let fields = ["retry-after", "ratelimit-policy", "ratelimit"];
    let fields = fields.map(|name| answers[3].header(name).unwrap());
    assert_eq!(fields, ["1", "\"user\";q=3;w=3", "\"user\";r=0;t=1"]);
    assert_eq!(answers[0].header("ratelimit"), None);
}

#[actix_web::test]
async fn what_is_answered_from_memory_is_not_counted() {
    let look = || get("/v1/queue/tokens/me").in_queue();
    let mut requests: Vec<_> = (0..50).map(|_| look()).collect();
    requests.push(get("/v1/users/me").by_user());
    let answers = of_users().ask_all(requests).await;
    assert!(answers[..50].iter().all(|answer| answer.status == 200));
    assert_eq!(answers[50].problem(), (404, "user_not_found"));

    // Leaving is written to the database, whatever the path.
    let mut fixture = of_users();
    fixture.queue.expect_leave().returning(|_| Ok(()));
    let leave = || testing::delete("/v1/queue/tokens/me").in_queue();
    let answers = fixture.ask_all((0..4).map(|_| leave())).await;
    let told: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(told, [204, 204, 204, 429]);
}

#[actix_web::test]
async fn what_was_asked_is_forgotten_with_time() {
    let limits = Limits::new(&RateLimits {
        user: Some(rate(1_000, 2)),
        ..RateLimits::default()
    });
    let request = get("/v1/users/me").to_http_request();
    let ask = || limits.user(USER, &request);
    let counted = || limits.user.as_ref().unwrap().counts.len();
    assert!(ask().is_ok() && counted() == 1);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while counted() > 0 {
        limits.forget();
        assert!(std::time::Instant::now() < deadline, "still remembered");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(ask().is_ok() && ask().is_ok(), "as if they were new");
    assert_eq!(pass().user_id, USER);
}

#[actix_web::test]
async fn an_address_that_asks_too_often_is_refused_whatever_it_asks() {
    let mut requests: Vec<_> = (0..4).map(|_| from("192.0.2.1", "")).collect();
    requests.extend([from("192.0.2.2", ""), from("::ffff:192.0.2.1", "")]);
    let answers = of_addresses().ask_all(requests).await;
    let told: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(told, [200, 200, 200, 429, 200, 429]);
    assert_eq!(answers[3].problem(), (429, "too_many_requests"));
    assert_eq!(answers[3].header("x-request-id"), Some(&*id(4)));
    assert_eq!(
        answers[3].header("ratelimit-policy"),
        Some("\"address\";q=3;w=2")
    );
}

#[actix_web::test]
async fn only_a_trusted_proxy_may_say_for_whom_it_asks() {
    for (same, of_one) in [
        // (one address, at every request), or (another address at every request).
        (
            true,
            [
                from("192.0.2.1", "198.51.100.1"),
                from("192.0.2.1", "198.51.100.2"),
            ],
        ),
        (
            false,
            [
                from("10.0.0.1", "198.51.100.1"),
                from("10.0.0.1", "198.51.100.2"),
            ],
        ),
        (
            true,
            [
                from("10.0.0.1", "1.1.1.1, 198.51.100.1"),
                from("10.0.0.2", "2.2.2.2, 198.51.100.1"),
            ],
        ),
        (
            true,
            [
                from("10.0.0.1", "198.51.100.1, 10.9.9.9"),
                from("10.0.0.2", "198.51.100.1:99"),
            ],
        ),
        (true, [from("10.0.0.1", "unknown"), from("10.0.0.1", "")]),
        (true, [from("2001:db8::1", ""), from("2001:db8::2", "")]),
        (
            false,
            [from("2001:db8:0:1::1", ""), from("2001:db8:0:2::1", "")],
        ),
    ] {
        let limits = Limits::new(&of_addresses().settings.rate_limits);
        let [one, other] = of_one.map(|request| {
            let request = request.to_srv_request();
            let peer = request.peer_addr().unwrap().ip();
            network(limits.client(peer, request.headers()))
        });
        assert_eq!(one == other, same, "{one} {other}");
    }
}

#[actix_web::test]
async fn without_a_limit_nobody_is_refused() {
    let mut fixture = of_users();
    fixture.settings.rate_limits = RateLimits::default();
    let requests = (0..100).map(|_| get("/v1/users/me").by_user());
    let answers = fixture.ask_all(requests).await;
    assert!(answers.iter().all(|answer| answer.status == 404));
}
