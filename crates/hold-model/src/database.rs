//! What is stored, and the writes of a transaction, as the adapters' SQL makes them.

use std::collections::BTreeMap;

/// How many seats there are.
pub const SEATS: usize = 2;
/// How many users there are.
pub const USERS: usize = 2;
/// What a seat costs, in won.
pub const PRICE: i64 = 10;
/// What each user has at the start, in won: enough for both seats, not for more.
pub const BALANCE: i64 = 20;

/// A reservation's number.
pub type Id = u8;

/// A seat's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Seat {
    /// Nobody's.
    #[default]
    Available,
    /// Held by a reservation until a time.
    Held(Id, u8),
    /// Sold to a reservation.
    Sold(Id),
}

impl Seat {
    fn by(self) -> Option<Id> {
        match self {
            Self::Available => None,
            Self::Held(by, _) | Self::Sold(by) => Some(by),
        }
    }
}

/// A reservation's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Its seats are held.
    Pending,
    /// Its seats are sold.
    Paid,
    /// Given up.
    Cancelled,
    /// Given up when it was paid, and the money is back.
    Refunded,
    /// Not paid in time.
    Expired,
}

/// A reservation's row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reservation {
    /// Whose.
    pub user: usize,
    /// Which seats.
    pub seats: Vec<usize>,
    /// Until when they are held.
    pub until: u8,
    /// How far it has come.
    pub status: Status,
}

impl Reservation {
    /// Whether it claims its seats at `now`.
    pub fn is_live(&self, now: u8) -> bool {
        match self.status {
            Status::Paid => true,
            Status::Pending => now < self.until,
            Status::Cancelled | Status::Refunded | Status::Expired => false,
        }
    }

    /// What it costs, in won.
    pub fn amount(&self) -> i64 {
        self.seats.iter().map(|_| PRICE).sum()
    }
}

/// One write of a transaction. Like the SQL they stand for, writes do not look again at what was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// A new reservation, and its seats held.
    Hold(Id, Reservation),
    /// A pending reservation ends as this, and the seats that are its own are given back.
    Release(Id, Status),
    /// A paid reservation is refunded, its seats are given back, and the owner has this much then.
    Refund(Id, i64),
    /// A reservation is paid, its seats are sold, and the payer has this much left.
    Sell(Id, i64),
}

/// All that is committed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Database {
    /// The seats.
    pub seats: [Seat; SEATS],
    /// The reservations.
    pub reservations: BTreeMap<Id, Reservation>,
    /// The balances of the users, in won.
    pub balances: [i64; USERS],
}

impl Default for Database {
    fn default() -> Self {
        Self {
            seats: [Seat::Available; SEATS],
            reservations: BTreeMap::new(),
            balances: [BALANCE; USERS],
        }
    }
}

impl Database {
    /// Commits the writes of one transaction.
    pub fn commit(&mut self, writes: Vec<Write>) {
        for write in writes {
            self.write(write);
        }
    }

    fn write(&mut self, write: Write) {
        match write {
            Write::Hold(id, reservation) => {
                for seat in &reservation.seats {
                    self.seats[*seat] = Seat::Held(id, reservation.until);
                }
                self.reservations.insert(id, reservation);
            }
            Write::Release(id, status) => {
                if let Some(row) = self.reservations.get_mut(&id)
                    && row.status == Status::Pending
                {
                    row.status = status;
                }
                for seat in &mut self.seats {
                    if seat.by() == Some(id) {
                        *seat = Seat::Available;
                    }
                }
            }
            Write::Refund(id, then) => {
                let Some(row) = self.reservations.get_mut(&id) else {
                    return;
                };
                row.status = Status::Refunded;
                self.balances[row.user] = then;
                // The statement asks nothing of the seats that it frees.
                for seat in &row.seats {
                    self.seats[*seat] = Seat::Available;
                }
            }
            Write::Sell(id, left) => {
                let Some(row) = self.reservations.get_mut(&id) else {
                    return;
                };
                row.status = Status::Paid;
                self.balances[row.user] = left;
                for seat in &row.seats {
                    // The statement changes the seat's status and not whose it is.
                    self.seats[*seat] = Seat::Sold(self.seats[*seat].by().unwrap_or(id));
                }
            }
        }
    }
}
