use crate::{problem::Code, testing::*};

async fn page(path: &str, language: &str) -> (Answer, String) {
    let request = get(path).insert_header(("accept-language", language));
    let answer = Fixture::new().ask(request).await;
    let html = answer.body.as_str().unwrap_or_default().to_owned();
    (answer, html)
}

#[actix_web::test]
async fn rule_27_every_problem_has_a_page_that_its_type_points_to() {
    for code in Code::ALL {
        let entry = code.entry();
        let (answer, html) = page(&format!("/problems/{}", entry.code), "en").await;
        assert_eq!(answer.status, 200, "{}", entry.code);
        for text in [
            entry.english,
            entry.korean,
            "What to do",
            "어떻게 하면 되나",
        ] {
            assert!(html.contains(text), "{text} in {html}");
        }
        // A text whose backticks do not pair would leave the rest of the page in code.
        let count = |tag| html.matches(tag).count();
        assert_eq!(count("<code>"), count("</code>"), "{html}");
        assert!(!html.contains('`'), "{html}");
    }
}

#[actix_web::test]
async fn rule_27_the_language_of_the_client_comes_first() {
    let (english, first) = page("/problems/seat_unavailable", "en").await;
    assert!(first.find("What happened") < first.find("무슨 일이 있었나"));
    assert!(first.contains("<html lang=en>"));
    let (_, first) = page("/problems/seat_unavailable", "ko-KR,ko").await;
    assert!(first.find("무슨 일이 있었나") < first.find("What happened"));
    assert!(first.contains("<html lang=ko>"));
    assert_eq!(
        english.header("vary"),
        Some("Accept-Language, Accept-Encoding")
    );
    assert_eq!(
        english.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = english.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
}

#[actix_web::test]
async fn the_list_has_a_link_to_each_page() {
    let (answer, html) = page("/problems", "ko").await;
    assert_eq!(answer.status, 200);
    for code in Code::ALL {
        let entry = code.entry();
        assert!(html.contains(&format!("href=/problems/{}>", entry.code)));
        assert!(html.contains(entry.korean));
    }
}

#[actix_web::test]
async fn a_code_that_does_not_exist_has_no_page() {
    for path in ["/problems/no_such_code", "/problems/Seat_Unavailable"] {
        let (answer, _) = page(path, "en").await;
        assert_eq!(answer.problem(), (404, "not_found"), "{path}");
    }
}
