use super::*;
use crate::testing::*;
use metrics::with_local_recorder;
use metrics_exporter_prometheus::PrometheusBuilder;

/// What is told of these requests.
fn measured(requests: Vec<actix_web::test::TestRequest>) -> String {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&[1.0])
        .unwrap()
        .build_recorder();
    with_local_recorder(&recorder, || {
        actix_web::rt::System::new().block_on(Fixture::new().ask_all(requests))
    });
    recorder.handle().render()
}

#[test]
fn requests_are_counted_by_the_pattern_of_their_route() {
    let someone = format!("/v1/users/{}/balance", id(9));
    let told = measured(vec![
        get("/health/live"),
        get("/health/live"),
        get("/health/live").method(Method::HEAD),
        get("/health/live").method(Method::PUT),
        get(&someone),
        get("/nowhere/1"),
        get("/nowhere/2"),
    ]);
    let labels = [
        r#"route="/health/live",method="GET",status="200"} 2"#,
        r#"route="/health/live",method="HEAD",status="200"} 1"#,
        r#"route="/health/live",method="other",status="405"} 1"#,
        r#"route="/v1/users/{id}/balance",method="GET",status="401"} 1"#,
        r#"route="unmatched",method="GET",status="404"} 2"#,
    ];
    for labels in labels {
        let line = format!("boxoffice_http_requests_total{{{labels}\n");
        assert!(told.contains(&line), "{line}{told}");
    }
    let timed = r#"duration_seconds_count{route="/health/live",method="GET"} 2"#;
    assert!(told.contains(timed), "{told}");
    assert!(
        !told.contains("nowhere") && !told.contains(&id(9)),
        "{told}"
    );
}

#[test]
fn problems_are_counted_by_code() {
    let told = measured(vec![get("/v1/users/me"), get("/v1/users/me"), get("/x")]);
    for problem in [r#"{code="token_missing"} 2"#, r#"{code="not_found"} 1"#] {
        let line = format!("boxoffice_problems_total{problem}\n");
        assert!(told.contains(&line), "{line}{told}");
    }
}

#[test]
fn each_status_of_a_problem_is_told_apart() {
    for code in Code::ALL {
        let status = code.entry().status;
        assert_eq!(STATUSES[status_place(status)], status.as_str());
    }
    assert_eq!(STATUSES[status_place(StatusCode::IM_A_TEAPOT)], "other");
    for (place, method) in METHODS.iter().enumerate() {
        let method = method.parse().unwrap();
        assert_eq!(method_place(&method), place);
    }
}
