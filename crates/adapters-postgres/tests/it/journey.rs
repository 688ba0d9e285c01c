//! The whole way of SPEC §2 through the ports.

use domain::{queue::Standing, reservations::ReservationStatus};

use crate::fixture::{
    Fixture, SEAT_PRICE, charge, hold_request, join, pay_request, schedule, shopper, sign_up,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_fan_goes_the_whole_way() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 50).await;
    let pass = shopper(&process).await;
    charge(&process, pass.user_id, 50_000).await;

    let held = process
        .seats
        .hold(hold_request(pass, show, &[7, 8]))
        .await
        .unwrap()
        .value;
    let receipt = process
        .cashier
        .pay(pay_request(pass, held.id))
        .await
        .unwrap()
        .value;

    assert_eq!(receipt.amount.get(), 2 * SEAT_PRICE);
    assert_eq!(receipt.balance_after.get(), 50_000 - 2 * SEAT_PRICE);
    let paid = process
        .seats
        .find(held.id, pass.user_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        paid.status,
        ReservationStatus::Paid {
            payment_id: receipt.id
        }
    );
    assert_eq!(paid, receipt.reservation);
    process.line.refreshed().await;
    assert_eq!(
        process.line.standing(&pass, process.clock.now()),
        Standing::Ended
    );
    fixture.assert_audit_clean().await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_paying_the_same_user_can_queue_again() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let user = sign_up(&process).await;
    let first = join(&process, user).await;
    assert!(process.tokens.leave(first.token_id).await.unwrap());
    let second = join(&process, user).await;
    assert_eq!(second.ticket.get(), 2);
    fixture.assert_audit_clean().await;
}
