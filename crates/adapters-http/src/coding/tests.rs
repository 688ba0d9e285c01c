use super::*;
use crate::testing::*;
use actix_web::test::TestRequest;

fn accepted(line: &str) -> Option<&'static str> {
    let request = TestRequest::default().insert_header(("accept-encoding", line));
    Accepted::of(&request.to_http_request()).0.map(Coding::name)
}

#[test]
fn a_client_gets_the_coding_that_it_likes_best() {
    for (line, coding) in [
        ("gzip", Some("gzip")),
        ("gzip, deflate, br, zstd", Some("zstd")),
        ("zstd;q=0.5, gzip", Some("gzip")),
        ("*", Some("zstd")),
        ("*;q=0.5, zstd;q=0", Some("gzip")),
        ("identity, *;q=0.1", None),
        ("identity;q=0.2, gzip;q=0.3", Some("gzip")),
        ("identity", None),
        ("br", None),
        ("gzip;q=0", None),
        ("", None),
    ] {
        assert_eq!(accepted(line), coding, "{line}");
    }
    assert_eq!(
        Accepted::of(&TestRequest::default().to_http_request()).0,
        None
    );
}

fn page(coding: &str) -> TestRequest {
    get("/problems").insert_header(("accept-encoding", coding))
}

#[actix_web::test]
async fn a_large_answer_is_compressed_and_its_tag_is_another_one() {
    let mut tags = Vec::new();
    for coding in ["zstd", "gzip", "identity"] {
        let answer = Fixture::new().ask(page(coding)).await;
        assert_eq!(answer.status, 200);
        let said = answer.header("content-encoding");
        assert_eq!(said, (coding != "identity").then_some(coding));
        let vary = answer.header("vary").unwrap();
        assert!(vary.contains("Accept-Encoding"), "{vary}");
        let tag = answer.header("etag").unwrap().to_owned();
        let again = Fixture::new()
            .ask(page("zstd").insert_header(("if-none-match", tag.as_str())))
            .await;
        assert_eq!((again.status, again.header("etag")), (304, Some(&*tag)));
        assert!(again.header("vary").unwrap().contains("Accept-Encoding"));
        tags.push(tag);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "{tags:?}");
}

#[actix_web::test]
async fn a_small_answer_stays_as_it_is() {
    let request = get("/health/live").insert_header(("accept-encoding", "gzip"));
    let answer = Fixture::new().ask(request).await;
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.body["status"], "ok");
}

#[actix_web::test]
async fn what_is_compressed_is_what_was_there() {
    for coding in Coding::ALL {
        let plain = Bytes::from("all seats ".repeat(1_000));
        let packed = coding.pack(plain.clone()).await.unwrap();
        assert!(packed.len() < plain.len() / 10);
        let start: &[u8] = match coding {
            Coding::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
            Coding::Gzip => &[0x1f, 0x8b],
        };
        assert!(packed.starts_with(start));
    }
}
