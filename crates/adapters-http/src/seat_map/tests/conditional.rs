//! Entity tags: whoever has the state already is told so.

use super::*;

#[actix_web::test]
async fn each_answer_has_a_tag_of_its_own() {
    let later = NOON + Duration::milliseconds(200);
    let mut tags = std::collections::BTreeMap::new();
    for snapshot in [mixed(), mixed_at(later), mixed_at(END)] {
        for query in [
            "",
            "?status=available",
            "?status=held",
            "?since=1",
            "?since=2",
        ] {
            for korean in [false, true] {
                let request = get(&path(query)).in_queue();
                let request = if korean { request.in_korean() } else { request };
                let answer = fixture(snapshot.clone()).ask(request).await;
                assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
                let tag = answer.header("etag").unwrap().to_owned();
                assert!(tag.starts_with('"') && tag.ends_with('"'), "strong: {tag}");
                tags.insert(tag, answer.body);
            }
        }
    }
    assert_eq!(tags.len(), 3 * 5 * 2);
}

#[actix_web::test]
async fn whoever_has_the_state_is_told_so_until_it_changes() {
    let later = NOON + Duration::milliseconds(200);
    let shown = vec![mixed(), mixed_at(later), mixed_at(later), mixed_at(END)];
    let first = fixture(mixed()).ask(get(&path("")).in_queue()).await;
    let tag = first.header("etag").unwrap();
    let requests = [
        asking("", tag),
        asking("", &format!("W/{tag}")),
        asking("", &format!("\"other\", {tag}")),
        asking("", tag),
    ];
    let answers = fixture_of(shown).ask_all(requests).await;
    for same in &answers[..3] {
        assert_eq!((same.status, &same.body), (304, &Value::Null));
        assert_eq!(same.header("etag"), Some(tag));
        assert_eq!(
            same.header("vary"),
            Some("Accept-Language, Accept-Encoding")
        );
        assert_eq!(same.header("cache-control"), Some("private, no-cache"));
    }
    assert_eq!(answers[3].status, 200, "the hold has ended");
    assert_ne!(answers[3].header("etag"), Some(tag));
}

#[actix_web::test]
async fn whoever_has_another_form_of_the_state_does_not_have_this_one() {
    let first = fixture(mixed()).ask(get(&path("")).in_queue()).await;
    let tag = first.header("etag").unwrap();
    for request in [
        asking("?status=held", tag),
        asking("?since=3", tag),
        asking("", tag).in_korean(),
        asking("", "\"\""),
        asking("", "nonsense"),
    ] {
        assert_eq!(fixture(mixed()).ask(request).await.status, 200);
    }
    assert_eq!(fixture(mixed()).ask(asking("", "*")).await.status, 304);
}

#[actix_web::test]
async fn rule_9_a_tag_opens_nothing() {
    let request = get(&path("")).insert_header(("if-none-match", "*"));
    let answer = Fixture::new().ask(request).await;
    assert_eq!(answer.problem(), (401, "token_missing"));
}

#[actix_web::test]
async fn the_tag_of_a_date_is_that_of_all_its_maps() {
    let sold = SeatStatus::Sold { by: BY };
    let (one, more) = (read(&[sold], NOON), read(&[sold, sold], NOON));
    let later = read(&[sold], NOON + Duration::SECOND);
    let dates = [
        vec![one.clone()],
        vec![one.clone(), one.clone()],
        vec![one.clone(), more.clone()],
        vec![more, one.clone()],
        vec![later],
    ];
    let path = format!("/v1/concerts/{}/seats?date=2026-01-01", id(1));
    let mut tags = Vec::new();
    for maps in dates {
        let mut fixture = Fixture::admitting();
        let seats_on = fixture.catalogue.expect_seats_on();
        seats_on.returning(move |_, _| Ok(maps.clone()));
        let first = tags.first().cloned().unwrap_or_default();
        let known = get(&path)
            .in_queue()
            .insert_header(("if-none-match", first));
        let answers = fixture.ask_all([get(&path).in_queue(), known]).await;
        tags.push(answers[0].header("etag").unwrap().to_owned());
        let same = tags.len() == 5;
        assert_eq!(answers[1].status, if same { 304 } else { 200 });
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 5);
}

#[actix_web::test]
async fn a_large_map_is_compressed_once_for_all_who_ask_for_the_same_read() {
    let snapshot = read(&[SeatStatus::Available; 100], NOON);
    let packed = async |request: TestRequest, coding| {
        let request = request.insert_header(("accept-encoding", coding));
        let answer = fixture(snapshot.clone()).ask(request).await;
        assert_eq!(answer.header("content-encoding"), Some(coding));
        let tag = answer.header("etag").unwrap().to_owned();
        assert!(tag.ends_with(&format!("-{coding}\"")), "{tag}");
        assert_eq!(
            answer.header("vary"),
            Some("Accept-Language, Accept-Encoding")
        );
        tag
    };
    let zstd = packed(get(&path("")).in_queue(), "zstd").await;
    let gzip = packed(get(&path("")).in_queue(), "gzip").await;
    assert_ne!(zstd, gzip);
    let again = fixture(snapshot.clone()).ask(asking("", &zstd)).await;
    assert_eq!((again.status, again.header("etag")), (304, Some(&*zstd)));

    let tag = Tag {
        state: "state".into(),
        moment: "1".into(),
    };
    let pack = async |text: &'static str| {
        let mut body = Pieces::default();
        body.push(text);
        view::packed(&snapshot, &tag, crate::coding::Coding::Gzip, body).await
    };
    let first = pack("first").await.unwrap();
    let second = pack("second").await.unwrap();
    assert_eq!(first, second, "what was compressed is kept");
}
