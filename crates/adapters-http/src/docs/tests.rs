use crate::testing::*;

#[actix_web::test]
async fn the_page_and_its_parts_are_in_the_program() {
    let page = Fixture::new().ask(get("/docs")).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let html = page.body.as_str().unwrap();
    let links = html
        .split(['=', '>', ' ', '\n'])
        .filter(|word| word.starts_with('/'));
    let links: Vec<_> = links.filter(|link| link.starts_with("/docs/")).collect();
    assert_eq!(links.len(), super::FILES.len() + 1);
    for link in links {
        let part = Fixture::new().ask(get(link)).await;
        assert_eq!(part.status, 200, "{link}");
        assert_eq!(part.header("x-content-type-options"), Some("nosniff"));
    }
    assert!(!html.contains("http"), "it asks nobody else: {html}");
}

#[actix_web::test]
async fn the_page_runs_its_own_scripts_and_no_others() {
    let page = Fixture::new().ask(get("/docs")).await;
    let policy = page.header("content-security-policy").unwrap();
    for part in [
        "default-src 'none'",
        "script-src 'self';",
        "connect-src 'self'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    let html = page.body.as_str().unwrap();
    assert!(
        !html.contains("<script>"),
        "no script is in the page itself"
    );
}

#[actix_web::test]
async fn what_is_no_part_of_the_page_is_not_found() {
    for path in ["/docs/", "/docs/x", "/docs/index.html", "/docs/..%2f"] {
        let answer = Fixture::new().ask(get(path)).await;
        assert_eq!(answer.problem(), (404, "not_found"), "{path}");
    }
}
