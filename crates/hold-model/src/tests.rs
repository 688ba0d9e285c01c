use stateright::{Checker, HasDiscoveries, Model};

use super::*;

fn check(sale: Sale) -> impl Checker<Sale> {
    let stop = HasDiscoveries::AnyFailures;
    sale.checker()
        .threads(2)
        .finish_when(stop)
        .spawn_bfs()
        .join()
}

#[test]
fn in_every_state_of_the_sale_all_promises_are_kept() {
    let checked = check(Sale::default());
    println!("{} states", checked.unique_state_count());
    checked.assert_properties();
    assert!(checked.is_done(), "every state was looked at");
}

#[test]
fn in_every_state_after_a_payment_that_can_be_refunded_all_promises_are_kept() {
    let checked = check(Sale {
        sold: true,
        ..Sale::default()
    });
    println!("{} states", checked.unique_state_count());
    checked.assert_properties();
    assert!(checked.is_done(), "every state was looked at");
}

#[test]
fn control_without_the_schedules_lock_a_seat_is_given_to_two() {
    let sale = Sale {
        locks: false,
        requests: 1,
        ..Sale::default()
    };
    check(sale).assert_any_discovery(ONE_OWNER);
}

#[test]
fn control_a_server_that_answers_before_its_commit_loses_a_hold_in_a_crash() {
    let sale = Sale {
        answers_after_commit: false,
        requests: 1,
        ..Sale::default()
    };
    check(sale).assert_any_discovery(HOLD_KEPT);
}
