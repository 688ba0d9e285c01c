use super::*;
use crate::id::CountingIds;
use futures_util::FutureExt;
use time::macros::datetime;
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
const DIGEST: KeyDigest = KeyDigest([7; 32]);

fn name(name: &str) -> ShortText {
    ShortText::new(name).unwrap()
}

fn by(by: Authority) -> Operator {
    let request_id = Some("r-1".to_owned());
    Operator { by, request_id }
}

fn named() -> Authority {
    Authority::Key {
        id: OperatorKeyId::new(Uuid::from_u128(9)),
        name: name("door"),
    }
}

fn service(store: MockOperatorStore) -> OperatorService {
    OperatorService::new(Arc::new(store), Arc::new(CountingIds::default()))
}

fn made(new: NewKey) -> OperatorKey {
    OperatorKey {
        id: new.id,
        name: new.name,
        created_at: NOW,
    }
}

#[test]
fn the_root_key_makes_keys() {
    let mut store = MockOperatorStore::new();
    store
        .expect_add_key()
        .withf(|operator, new| operator.name() == ROOT && new.digest == DIGEST)
        .returning(|_, new| Ok(Some(made(new))));
    let key = service(store)
        .add_key(by(Authority::Root), name("door"), DIGEST)
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(key.name, name("door"));
}

#[test]
fn no_other_key_makes_or_revokes_keys() {
    for authority in [named(), Authority::Command("boxoffice seed")] {
        let service = service(MockOperatorStore::new());
        let made = service.add_key(by(authority.clone()), name("x"), DIGEST);
        let made = made.now_or_never().unwrap();
        assert!(matches!(made, Err(KeyError::RootOnly)));
        let revoked = service.revoke_key(by(authority), OperatorKeyId::new(Uuid::nil()));
        let revoked = revoked.now_or_never().unwrap();
        assert!(matches!(revoked, Err(KeyError::RootOnly)));
    }
}

#[test]
fn no_two_live_keys_have_the_same_name_and_none_that_of_the_root_key() {
    let mut store = MockOperatorStore::new();
    store.expect_add_key().returning(|_, _| Ok(None));
    let service = service(store);
    for taken in ["door", "root", "Root"] {
        let made = service.add_key(by(Authority::Root), name(taken), DIGEST);
        let made = made.now_or_never().unwrap();
        assert!(matches!(made, Err(KeyError::NameTaken)), "{taken}");
    }
}

#[test]
fn revoking_what_is_no_live_key_is_told() {
    let mut store = MockOperatorStore::new();
    store.expect_revoke_key().returning(|_, _| Ok(false));
    let revoked = service(store)
        .revoke_key(by(Authority::Root), OperatorKeyId::new(Uuid::nil()))
        .now_or_never();
    assert!(matches!(revoked.unwrap(), Err(KeyError::NotFound)));
}

#[test]
fn a_key_is_known_by_its_digest() {
    let mut store = MockOperatorStore::new();
    store.expect_find_key().returning(|digest| {
        let key = OperatorKey {
            id: OperatorKeyId::new(Uuid::from_u128(9)),
            name: name("door"),
            created_at: NOW,
        };
        Ok((digest == DIGEST).then_some(key))
    });
    let service = service(store);
    let identify = |digest| service.identify(digest).now_or_never().unwrap().unwrap();
    assert_eq!(identify(DIGEST), Some(named()));
    assert_eq!(identify(KeyDigest([8; 32])), None);
}

#[test]
fn live_keys_and_the_log_are_those_of_the_store() {
    let new = |id| NewKey {
        id: OperatorKeyId::new(Uuid::from_u128(id)),
        name: name("door"),
        digest: DIGEST,
    };
    let mut store = MockOperatorStore::new();
    store
        .expect_keys()
        .returning(move || Ok(vec![made(new(1)), made(new(2))]));
    store.expect_log().returning(|page| {
        Ok(Page {
            items: Vec::new(),
            next: page.after,
        })
    });
    let service = service(store);
    let keys = service.keys().now_or_never().unwrap().unwrap();
    assert_eq!(keys.len(), 2);
    let page = PageRequest {
        after: Some(7),
        limit: 5,
    };
    let log = service.log(page).now_or_never().unwrap().unwrap();
    assert_eq!(log.next, Some(7));
}

#[test]
fn the_log_names_the_key_or_the_command() {
    assert_eq!(by(Authority::Root).name(), "root");
    assert_eq!(by(Authority::Root).key_id(), None);
    assert_eq!(by(named()).name(), "door");
    let id = OperatorKeyId::new(Uuid::from_u128(9));
    assert_eq!(by(named()).key_id(), Some(id));
    let command = Operator::command("boxoffice seed");
    assert_eq!((command.name(), command.key_id()), ("boxoffice seed", None));
}

#[test]
fn a_change_tells_only_what_is_different() {
    let change = Change::new(Action::QueueChanged)
        .of("concert_id", Uuid::nil())
        .set("title", "Spring")
        .changed("capacity", 1_u32, 2_u32)
        .changed("paused", true, true)
        .changed("sales_open_at", None::<OffsetDateTime>, NOW);
    assert_eq!(change.action.name(), "queue.changed");
    assert_eq!(change.subject, [("concert_id", Uuid::nil())]);
    assert_eq!(
        change.details,
        [
            ("title", None, Fact::Text("Spring".to_owned())),
            ("capacity", Some(Fact::Number(1)), Fact::Number(2)),
            ("sales_open_at", Some(Fact::Nothing), Fact::Time(NOW)),
        ]
    );
}
