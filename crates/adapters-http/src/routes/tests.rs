use super::ALL;
use crate::testing::*;
use actix_web::http::Method;

/// Each route has a row in docs/routes.md, and the whole-system tests do what that says.
#[test]
fn who_may_do_what_is_written_of_every_route() {
    let page = include_str!("../../../../docs/routes.md");
    let written: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let routes = ALL.iter().map(|(method, path)| {
        let method = if *method == "read" { "get" } else { method };
        format!("{} {path}", method.to_uppercase())
    });
    assert_eq!(written, routes.collect::<Vec<_>>());
}

#[actix_web::test]
async fn an_unknown_path_is_not_found() {
    for path in [
        "/v1",
        "/v1/user",
        "/v1/users/",
        "/v1//users",
        "/v1/users/me/x",
        "/v1/%FF",
    ] {
        let answer = Fixture::new().ask(get(path).in_korean()).await;
        assert_eq!(answer.problem(), (404, "not_found"), "{path}");
        assert_eq!(answer.body["detail"], "요청한 경로를 찾을 수 없습니다");
    }
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let concert = format!("/v1/concerts/{}", id(1));
    let wrong = [
        ("PUT", "/v1/users".to_owned(), "POST, OPTIONS"),
        ("GET", "/v1/queue/tokens".to_owned(), "POST, OPTIONS"),
        (
            "PUT",
            "/v1/queue/tokens/me".to_owned(),
            "GET, HEAD, DELETE, OPTIONS",
        ),
        (
            "HEAD",
            "/v1/queue/tokens/me/events".to_owned(),
            "GET, OPTIONS",
        ),
        ("POST", "/v1/concerts".to_owned(), "GET, HEAD, OPTIONS"),
        ("DELETE", format!("{concert}/seats"), "GET, HEAD, OPTIONS"),
        (
            "PUT",
            "/v1/reservations".to_owned(),
            "GET, HEAD, POST, OPTIONS",
        ),
        (
            "PATCH",
            format!("/v1/reservations/{}", id(1)),
            "GET, HEAD, DELETE, OPTIONS",
        ),
        (
            "DELETE",
            "/v1/payments".to_owned(),
            "GET, HEAD, POST, OPTIONS",
        ),
        (
            "POST",
            "/v1/admin/queue".to_owned(),
            "GET, HEAD, PATCH, OPTIONS",
        ),
        ("TRACE", "/health/live".to_owned(), "GET, HEAD, OPTIONS"),
    ];
    for (method, path, allowed) in wrong {
        let method: Method = method.parse().unwrap();
        let answer = Fixture::new().ask(get(&path).method(method)).await;
        assert_eq!(answer.problem(), (405, "method_not_allowed"), "{path}");
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
}

#[actix_web::test]
async fn options_tells_the_methods_of_a_path_to_anyone() {
    let concert = format!("/v1/concerts/{}/seats", id(1));
    for (path, allowed) in [
        ("/v1/users", "POST, OPTIONS"),
        ("/v1/reservations", "GET, HEAD, POST, OPTIONS"),
        ("/v1/admin/queue", "GET, HEAD, PATCH, OPTIONS"),
        ("/v1/queue/tokens/me/events", "GET, OPTIONS"),
        (&concert, "GET, HEAD, OPTIONS"),
    ] {
        let asked = get(path).method(Method::OPTIONS);
        let answer = Fixture::new().ask(asked).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (204, Some(allowed))
        );
        assert!(answer.body.is_null(), "{answer:?}");
    }
}

#[actix_web::test]
async fn head_is_answered_like_get() {
    let answer = Fixture::new()
        .ask(get("/health/live").method(Method::HEAD))
        .await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn an_id_in_a_path_is_a_uuid() {
    let paths = [
        "/v1/reservations/1",
        "/v1/payments/x",
        "/v1/users/you/balance",
        "/v1/users/%FF/balance/entries",
    ];
    for path in paths {
        let answer = Fixture::new().ask(get(path).by_user()).await;
        assert_eq!(answer.problem(), (400, "invalid_request"), "{path}");
        assert_eq!(answer.body["errors"][0]["parameter"], "id", "{path}");
    }
    for path in [
        "/v1/concerts/1/schedules",
        "/v1/concerts/1/seats?date=2026-01-01",
        "/v1/schedules/1/seats",
    ] {
        let answer = Fixture::admitting().ask(get(path).in_queue()).await;
        assert_eq!(answer.problem(), (400, "invalid_request"), "{path}");
    }
}
