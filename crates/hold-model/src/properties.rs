//! What must always hold, and what must be possible, so that the model is not idle.

use stateright::Property;

use crate::{
    database::{BALANCE, Id, Reservation, SEATS, Seat, Status},
    world::{Sale, World},
};

/// No seat is in two live reservations.
pub const ONE_OWNER: &str = "no seat is in two live reservations";
/// Balances and paid amounts add up to what there was.
pub const MONEY: &str = "money is conserved";
/// Whatever was paid stays paid, and its seats its own, unless its owner gives it up.
pub const PAID_FOR_GOOD: &str = "a paid reservation never expires";
/// A hold that its client knows of lasts until it is paid, cancelled by its owner, or over.
pub const HOLD_KEPT: &str = "an acknowledged hold is never lost";
/// A seat whose hold was over is sold to somebody else.
pub const RESOLD: &str = "a seat is sold after a hold of somebody else";
/// What was given back for money is sold to somebody else.
pub const REFUNDED: &str = "a refunded seat is sold to somebody else";
/// A crash comes between a commit and its answer.
pub const CRASH_HID_A_COMMIT: &str = "a crash hides a commit";

/// All properties.
pub fn all() -> Vec<Property<Sale>> {
    vec![
        Property::always(ONE_OWNER, |_, world| one_owner(world)),
        Property::always(MONEY, |_, world| money(world)),
        Property::always(PAID_FOR_GOOD, |_, world| paid_for_good(world)),
        Property::always(HOLD_KEPT, |_, world| holds_kept(world)),
        Property::sometimes(RESOLD, |sale, world| sale.sold || resold(world)),
        Property::sometimes(REFUNDED, |sale, world| !sale.sold || resold_refund(world)),
        Property::sometimes(CRASH_HID_A_COMMIT, |_, world: &World| world.hidden_commit),
    ]
}

fn one_owner(world: &World) -> bool {
    let rows = || world.database.reservations.values();
    let live = |seat| rows().filter(move |r| r.is_live(world.now) && r.seats.contains(&seat));
    (0..SEATS).all(|seat| live(seat).count() <= 1)
}

fn money(world: &World) -> bool {
    let rows = world.database.reservations.values();
    let paid: i64 = rows
        .filter(|row| row.status == Status::Paid)
        .map(Reservation::amount)
        .sum();
    let balances = world.database.balances;
    let total: i64 = balances.iter().map(|_| BALANCE).sum();
    balances.iter().all(|balance| *balance >= 0) && balances.iter().sum::<i64>() + paid == total
}

fn paid_for_good(world: &World) -> bool {
    let told = world.clients.iter().flat_map(|client| &client.told_paid);
    let mut paid = world.ever_paid.iter().chain(told);
    paid.all(|id| is_sold(world, *id) || is_refunded(world, *id))
}

fn is_sold(world: &World, id: Id) -> bool {
    let row = world.database.reservations.get(&id);
    row.is_some_and(|row| {
        let mut seats = row.seats.iter().map(|seat| world.database.seats[*seat]);
        row.status == Status::Paid && seats.all(|seat| seat == Seat::Sold(id))
    })
}

fn is_refunded(world: &World, id: Id) -> bool {
    let row = world.database.reservations.get(&id);
    let gave_up = |row: &Reservation| world.clients[row.user].gave_up.contains(&id);
    row.is_some_and(|row| row.status == Status::Refunded && gave_up(row))
}

fn holds_kept(world: &World) -> bool {
    world.clients.iter().all(|client| {
        let mut told = client.told_held.iter();
        told.all(|id| {
            let Some(row) = world.database.reservations.get(id) else {
                return false;
            };
            let seats = row.seats.iter().map(|seat| world.database.seats[*seat]);
            match row.status {
                Status::Pending if world.now < row.until => seats
                    .into_iter()
                    .all(|seat| seat == Seat::Held(*id, row.until)),
                Status::Pending | Status::Expired => row.until <= world.now,
                Status::Paid => world.ever_paid.contains(id),
                Status::Cancelled | Status::Refunded => client.gave_up.contains(id),
            }
        })
    })
}

fn resold(world: &World) -> bool {
    let rows = || world.database.reservations.values();
    rows().filter(|row| row.status == Status::Paid).any(|paid| {
        let shares = |row: &&_| shares_a_seat(paid, row);
        rows()
            .filter(shares)
            .any(|row| row.status == Status::Expired && row.user != paid.user)
    })
}

fn resold_refund(world: &World) -> bool {
    let rows = || world.database.reservations.values();
    rows().filter(|row| row.status == Status::Paid).any(|paid| {
        let refunded = |row: &&_| shares_a_seat(paid, row);
        rows()
            .filter(refunded)
            .any(|row| row.status == Status::Refunded && row.user != paid.user)
    })
}

fn shares_a_seat(one: &Reservation, other: &Reservation) -> bool {
    one.seats.iter().any(|seat| other.seats.contains(seat))
}
