use super::*;
use crate::testing::*;
use uuid::Uuid;

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
        Paging::<u64>::read(&request).unwrap().0.limit
    };
    assert_eq!(limit(""), 20);
    assert_eq!(limit("?limit=1"), 1);
    assert_eq!(limit("?limit=100"), 100);
}

#[test]
fn a_cursor_is_read_back_as_it_was_given() {
    fn after<C: Cursor>(cursor: &str) -> Option<C> {
        let request = get(&format!("/?cursor={cursor}")).to_http_request();
        Paging::read(&request).ok()?.0.after
    }
    let payment = PaymentId::new(Uuid::from_u128(7));
    assert_eq!(after(&id(7)), Some(payment));
    assert_eq!(after(&id(7).replace('-', "")), None::<PaymentId>);
    assert_eq!(after("12"), Some(12));
    for wrong in ["+12", "-1", "1.0", "1234567890123456789"] {
        assert_eq!(after::<u64>(wrong), None, "{wrong}");
    }
}

#[actix_web::test]
async fn the_next_page_is_linked() {
    let next = |next| async move {
        let mut fixture = Fixture::new().with_live_pass();
        fixture.reservations.expect_list().returning(move |_, _| {
            Ok(Page {
                items: Vec::new(),
                next,
            })
        });
        fixture
            .ask(get("/v1/reservations?limit=2").in_queue())
            .await
    };
    let answer = next(Some(ReservationId::new(Uuid::from_u128(7)))).await;
    let link = format!("<?limit=2&cursor={}>; rel=\"next\"", id(7));
    assert_eq!(answer.header("link"), Some(&*link));
    assert_eq!(answer.body["next_cursor"], id(7));
    let last = next(None).await;
    assert_eq!(last.header("link"), None);
    assert!(last.body["next_cursor"].is_null());
}
