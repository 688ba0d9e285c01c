//! What each fan is going to do: drawn once, before anyone arrives, the same for the same seed.

use std::time::Duration;

use clap::Args;
use load_client::dice::Dice;
use serde::Serialize;

/// How many of a hundred fans do what.
#[derive(Args, Clone, Copy, Debug, Serialize)]
#[command(next_help_heading = "Of a hundred fans, how many …")]
pub struct Shares {
    /// … lose patience and leave the queue
    #[arg(long, default_value_t = 5, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub leave: u8,
    /// … close the page while they wait, so that their turn comes and nobody is there
    #[arg(long, default_value_t = 2, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub vanish: u8,
    /// … hold seats and let the hold run out
    #[arg(long, default_value_t = 5, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub expire: u8,
    /// … have too little money when they pay
    #[arg(long, default_value_t = 5, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub poor: u8,
    /// … click twice on everything
    #[arg(long, default_value_t = 10, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub double: u8,
    /// … look at the seat map and choose their seats
    #[arg(long, default_value_t = 25, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub by_hand: u8,
    /// … look at the seat map and name three choices
    #[arg(long, default_value_t = 20, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub choices: u8,
}

impl Shares {
    /// Refuses shares of which more than all fans would be needed.
    pub fn check(self) -> anyhow::Result<()> {
        let sum = |shares: &[u8]| shares.iter().map(|share| u16::from(*share)).sum::<u16>();
        for (names, shares) in [
            (
                "--leave, --vanish, --expire and --poor",
                &[self.leave, self.vanish, self.expire, self.poor][..],
            ),
            ("--by-hand and --choices", &[self.by_hand, self.choices]),
        ] {
            let sum = sum(shares);
            anyhow::ensure!(
                sum <= 100,
                "{names} are {sum} % together: make them 100 % at most"
            );
        }
        Ok(())
    }
}

/// How a fan's evening ends, if the seats last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// They pay.
    Pays,
    /// They leave the queue after so long, unless it is their turn before.
    Leaves(Duration),
    /// They are gone after so long in the queue, without a word.
    Vanishes(Duration),
    /// They hold seats until the hold is over, and may try to pay all the same.
    LetsExpire {
        /// Whether they try.
        comes_late: bool,
    },
    /// They cannot pay at first.
    IsPoor {
        /// Whether they charge what is missing, or give up.
        finds_money: bool,
    },
}

/// How a fan gets to seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Asks for the best ones.
    Best {
        /// Of a certain grade.
        graded: bool,
    },
    /// Chooses some on the seat map.
    ByHand,
    /// Chooses three times some, the dearest wish first.
    Choices,
}

/// How many times a fan thinks on the way.
pub const THOUGHTS: usize = 5;

/// What one fan is going to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fan {
    /// When they come, from the opening on.
    pub arrives: Duration,
    /// How it ends.
    pub ending: Ending,
    /// How they choose.
    pub way: Way,
    /// How many seats they want, 1 to 4.
    pub seats: usize,
    /// Whether they click twice.
    pub clicks_twice: bool,
    /// How long they think before each step.
    pub thinks: [Duration; THOUGHTS],
    /// Where in the hall they look, and the like.
    pub luck: u64,
}

/// What so many fans do who arrive over so long, in the order of their arrival.
pub fn draw(seed: u64, fans: usize, over: Duration, shares: Shares) -> Vec<Fan> {
    let mut dice = Dice::new(seed);
    let mut plan: Vec<_> = (0..fans).map(|_| fan(&mut dice, over, shares)).collect();
    plan.sort_by_key(|fan| fan.arrives);
    plan
}

fn fan(dice: &mut Dice, over: Duration, shares: Shares) -> Fan {
    Fan {
        arrives: arrival(dice, over),
        ending: ending(dice, shares),
        way: way(dice, shares),
        seats: [1, 1, 2, 2, 2, 2, 2, 3, 4, 4][dice.roll(10)],
        clicks_twice: dice.roll(100) < usize::from(shares.double),
        thinks: std::array::from_fn(|_| between(dice, 300, 2_500)),
        luck: dice.roll(usize::MAX) as u64,
    }
}

/// A quarter is there after a thirtieth of the time, half of them after a sixth; then come fewer and
/// fewer until the end.
fn arrival(dice: &mut Dice, over: Duration) -> Duration {
    over.mul_f64(unit(dice).powf(2.5))
}

fn ending(dice: &mut Dice, shares: Shares) -> Ending {
    let mut draw = dice.roll(100);
    let mut falls = |share: u8| {
        let within = draw < usize::from(share);
        draw = draw.wrapping_sub(usize::from(share));
        within
    };
    if falls(shares.leave) {
        Ending::Leaves(between(dice, 2_000, 15_000))
    } else if falls(shares.vanish) {
        Ending::Vanishes(between(dice, 1_000, 10_000))
    } else if falls(shares.expire) {
        Ending::LetsExpire {
            comes_late: dice.roll(2) == 0,
        }
    } else if falls(shares.poor) {
        Ending::IsPoor {
            finds_money: dice.roll(2) == 0,
        }
    } else {
        Ending::Pays
    }
}

fn way(dice: &mut Dice, shares: Shares) -> Way {
    let (draw, by_hand) = (dice.roll(100), usize::from(shares.by_hand));
    if draw < by_hand {
        Way::ByHand
    } else if draw < by_hand + usize::from(shares.choices) {
        Way::Choices
    } else {
        Way::Best {
            graded: dice.roll(2) == 0,
        }
    }
}

/// From 0 to 1, without 1.
pub fn unit(dice: &mut Dice) -> f64 {
    const SIDES: u32 = 1 << 24;
    let drawn = dice.roll(SIDES as usize);
    f64::from(u32::try_from(drawn).unwrap_or(0)) / f64::from(SIDES)
}

fn between(dice: &mut Dice, from: usize, to: usize) -> Duration {
    Duration::from_millis((from + dice.roll(to - from)) as u64)
}

#[cfg(test)]
mod tests;
