//! Balances.

use clap::Args;
use domain::{balance::ChargeRules, money, reservations::RefundRules};

use super::{
    Refusal,
    values::{OrNever, duration_or_never, signed, whole},
};

/// Far beyond any balance, and still far from what 64 bits can hold.
const MOST: i64 = 1_000_000_000_000_000;

/// Balances.
#[derive(Debug, Args)]
#[command(next_help_heading = "Balances")]
pub struct Money {
    /// The most that one charge adds to a balance, in won
    #[arg(
        long,
        env = "BOXOFFICE_MAX_CHARGE",
        value_name = "WON",
        default_value = "10000000",
        value_parser = whole(1..=MOST)
    )]
    max_charge: i64,

    /// The most that a balance may be, in won
    #[arg(
        long,
        env = "BOXOFFICE_MAX_BALANCE",
        value_name = "WON",
        default_value = "1000000000",
        value_parser = whole(1..=MOST)
    )]
    max_balance: i64,

    /// How long before a show starts its paid reservations can last be cancelled for the money; never
    /// refunds nothing. A date that the operator cancels is refunded in any case
    #[arg(
        long,
        env = "BOXOFFICE_REFUND_UNTIL",
        value_name = "DURATION",
        default_value = "0s",
        value_parser = duration_or_never("0s", "365d")
    )]
    refund_until: OrNever,
}

impl Money {
    /// The limits of charges.
    pub fn rules(&self) -> ChargeRules {
        ChargeRules {
            max_charge: money::Money::won(self.max_charge),
            max_balance: money::Money::won(self.max_balance),
        }
    }

    /// Until when paid reservations can be given back.
    pub fn refund_rules(&self) -> RefundRules {
        RefundRules {
            until: self.refund_until.0.map(signed),
        }
    }

    /// Refuses a charge that no balance could take.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.max_charge <= self.max_balance {
            return Ok(());
        }
        Err(Refusal::new(format!(
            "one charge may be up to {} won, but a balance only up to {}: lower --max-charge or \
             raise --max-balance",
            self.max_charge, self.max_balance
        )))
    }
}
