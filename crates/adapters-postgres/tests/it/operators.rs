//! Operators' keys, and the log of what operators change.

use adapters_postgres::Adapters;
use domain::{
    catalogue::ShortText,
    id::OperatorKeyId,
    operators::{Authority, KeyDigest, LogEntry, NewKey, Operator, OperatorKey},
    page::PageRequest,
    queue::PolicyChange,
};
use futures_util::future::join_all;
use time::Duration;

use crate::{
    fixture::{Fixture, NOON, concert, id, new_schedule},
    support::until,
};

fn root() -> Operator {
    Operator {
        by: Authority::Root,
        request_id: Some("r-1".to_owned()),
    }
}

fn new(name: &str, digest: u8) -> NewKey {
    NewKey {
        id: OperatorKeyId::new(id()),
        name: ShortText::new(name).unwrap(),
        digest: KeyDigest([digest; 32]),
    }
}

async fn add(process: &Adapters, key: NewKey) -> Option<OperatorKey> {
    process.operators.add_key(root(), key).await.unwrap()
}

async fn known(process: &Adapters, digest: u8) -> Option<OperatorKey> {
    let found = process.operators.find_key(KeyDigest([digest; 32])).await;
    found.unwrap()
}

/// The log, newest first.
pub async fn log(process: &Adapters) -> Vec<LogEntry> {
    let all = PageRequest {
        after: None,
        limit: 100,
    };
    process.operators.log(all).await.unwrap().items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_known_at_once_where_it_was_made_and_soon_everywhere_until_it_is_revoked() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    assert_eq!(known(&here, 1).await, None);
    assert_eq!(known(&there, 1).await, None);
    let key = add(&here, new("door", 1)).await.unwrap();
    assert_eq!(key.created_at, NOON);
    assert_eq!(known(&here, 1).await.as_ref(), Some(&key));
    until("the other process knows the key", async || {
        known(&there, 1).await.is_some()
    })
    .await;
    assert_eq!(
        there.operators.keys().await.unwrap(),
        std::slice::from_ref(&key)
    );

    assert!(here.operators.revoke_key(root(), key.id).await.unwrap());
    assert_eq!(known(&here, 1).await, None);
    let revoked = std::time::Instant::now();
    until("the other process has forgotten the key", async || {
        known(&there, 1).await.is_none()
    })
    .await;
    assert!(revoked.elapsed() < std::time::Duration::from_secs(5));
    assert_eq!(here.operators.keys().await.unwrap(), []);
    assert!(!here.operators.revoke_key(root(), key.id).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_make_a_key_of_one_name_at_once_one_succeeds() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let tries = (0..20).map(|digest| {
        let process = if digest % 2 == 0 { &here } else { &there };
        add(process, new("door", digest))
    });
    let made: Vec<_> = join_all(tries).await.into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert_eq!(log(&here).await.len(), 1, "one change, one entry");
    // The name is free again when the key is revoked.
    let revoked = there.operators.revoke_key(root(), made[0].id).await;
    assert!(revoked.unwrap());
    assert!(add(&here, new("door", 99)).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_by_an_operator_is_in_the_log_newest_first() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let key = add(&process, new("door", 1)).await.unwrap();
    let door = Operator {
        by: Authority::Key {
            id: key.id,
            name: key.name.clone(),
        },
        request_id: Some("r-2".to_owned()),
    };
    fixture.clock.advance(Duration::MINUTE);
    let concert = concert(&process, "봄의 소리").await;
    let schedule = new_schedule(concert.id, 3, NOON + Duration::DAY);
    let schedule_id = schedule.schedule.id;
    let added = process.catalogue.add_schedule(door.clone(), schedule);
    assert!(added.await.unwrap());
    let change = PolicyChange {
        capacity: Some(7),
        paused: Some(false),
        ..PolicyChange::default()
    };
    let changed = process.tokens.change_policy(door, change).await;
    changed.unwrap().unwrap();
    process.operators.revoke_key(root(), key.id).await.unwrap();

    let entries = log(&process).await;
    let told: Vec<_> = entries
        .iter()
        .map(|e| (e.action.as_str(), e.operator.as_str(), e.details.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("operator_key.revoked", "root", r#"{"name": "door"}"#),
            (
                "queue.changed",
                "door",
                r#"{"capacity": {"to": 7, "from": 1000}}"#
            ),
            (
                "schedule.created",
                "door",
                r#"{"starts_at": "2026-01-02T12:00:00Z", "total_seats": 3, "sales_open_at": null}"#
            ),
            (
                "concert.created",
                "a test",
                r#"{"title": "봄의 소리", "venue": "Venue"}"#
            ),
            ("operator_key.created", "root", r#"{"name": "door"}"#),
        ]
    );
    assert_eq!(
        entries[2].subject,
        format!(
            r#"{{"concert_id": "{}", "schedule_id": "{schedule_id}"}}"#,
            concert.id
        )
    );
    assert_eq!((entries[1].key_id, entries[0].key_id), (Some(key.id), None));
    assert_eq!(entries[1].request_id.as_deref(), Some("r-2"));
    assert_eq!(entries[3].request_id, None);
    assert_eq!(
        (entries[4].at, entries[3].at),
        (NOON, NOON + Duration::MINUTE)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_done_is_not_in_the_log() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let nowhere = new_schedule(domain::id::ConcertId::new(id()), 3, NOON);
    let added = process.catalogue.add_schedule(root(), nowhere).await;
    assert!(!added.unwrap());
    let absurd = PolicyChange {
        admission_batch: Some(0),
        ..PolicyChange::default()
    };
    let changed = process.tokens.change_policy(root(), absurd).await;
    changed.unwrap().unwrap_err();
    let unknown = OperatorKeyId::new(id());
    let revoked = process.operators.revoke_key(root(), unknown).await;
    assert!(!revoked.unwrap());
    assert_eq!(log(&process).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_page_by_page() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    for title in ["a", "b", "c", "d", "e"] {
        concert(&process, title).await;
    }
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { after, limit: 2 };
        let page = process.operators.log(page).await.unwrap();
        pages.push(page.items.len());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [2, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_never_changed_not_even_by_whoever_has_the_database() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    concert(&process, "a").await;
    let client = fixture.test_database.client().await;
    for tampering in [
        "UPDATE admin_log SET operator = 'nobody'",
        "DELETE FROM admin_log",
        "TRUNCATE admin_log",
    ] {
        let refused = client.batch_execute(tampering).await.unwrap_err();
        let refused = refused.as_db_error().unwrap().message();
        assert!(refused.contains("never changed"), "{tampering}: {refused}");
    }
    assert_eq!(log(&process).await.len(), 1);
}
