//! Signing up.

use domain::{id::UserId, users::User, users::UserName};
use futures_util::future::join_all;

use crate::fixture::{Fixture, NOON, balance, id, sign_up};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_found_in_every_process_as_they_signed_up() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let user = User {
        id: UserId::new(id()),
        name: UserName::new("김 하나").unwrap(),
        created_at: NOON,
    };
    here.users.add(user.clone()).await.unwrap();
    assert_eq!(there.users.find(user.id).await.unwrap(), Some(user));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_has_an_empty_balance() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let user = sign_up(&process).await;
    assert_eq!(balance(&process, user).await, 0);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_is_not_found() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    sign_up(&process).await;
    let nobody = UserId::new(id());
    assert_eq!(process.users.find(nobody).await.unwrap(), None);
    assert_eq!(process.ledger.find(nobody).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_sign_up_at_once() {
    let fixture = Fixture::new().await;
    let processes = fixture.processes().await;
    let users = join_all((0..300).map(|n| sign_up(&processes[n % 2]))).await;
    let found = join_all(users.iter().map(|user| processes[0].users.find(*user))).await;
    assert!(found.into_iter().all(|user| user.unwrap().is_some()));
    assert_eq!(fixture.number("SELECT count(*) FROM balances").await, 300);
    fixture.assert_audit_clean().await;
}
