use super::*;
use crate::testing::*;

#[actix_web::test]
async fn a_page_that_cannot_be_is_refused_and_told_why() {
    let wrong = [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=%FF", "cursor"),
        ("offset=5", "offset"),
        ("limit=5&page", "page"),
    ];
    let lists = [
        "/v1/reservations".to_owned(),
        "/v1/payments".to_owned(),
        format!("/v1/users/{USER}/balance/entries"),
    ];
    for list in lists {
        for (query, parameter) in wrong {
            let answer = Fixture::new()
                .ask(get(&format!("{list}?{query}")).by_user())
                .await;
            assert_eq!(answer.problem(), (400, "invalid_request"), "{list} {query}");
            assert_eq!(
                answer.body["errors"][0]["parameter"], parameter,
                "{list} {query}"
            );
        }
    }
    let answer = Fixture::admitting()
        .ask(get("/v1/concerts?limit=0").in_queue())
        .await;
    assert_eq!(answer.problem(), (400, "invalid_request"));
}

#[test]
fn a_page_has_20_items_unless_1_to_100_are_asked_for() {
    let limit = |query: &str| {
        let request = get(&format!("/{query}")).to_http_request();
        Paging::read(&request).unwrap().by_number().unwrap().limit
    };
    assert_eq!(limit(""), 20);
    assert_eq!(limit("?limit=1"), 1);
    assert_eq!(limit("?limit=100"), 100);
}

#[test]
fn a_cursor_is_read_back_as_it_was_given() {
    let paging = |cursor: &str| {
        let request = get(&format!("/?cursor={cursor}")).to_http_request();
        Paging::read(&request).unwrap()
    };
    let after = paging(&id(7)).by_id(|id| id).unwrap().after;
    assert_eq!(after, Some(Uuid::from_u128(7)));
    assert_eq!(paging("12").by_number().unwrap().after, Some(12));
}
