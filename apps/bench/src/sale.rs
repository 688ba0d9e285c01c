//! The sale: holds, payments and charges beside what PostgreSQL does one transaction a request, and
//! how long a fan waits for a hold.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::{Args, ValueEnum, builder::RangedU64ValueParser};

use crate::{
    alone::Alone,
    chart::{self, Pair},
    journey,
    machine::machine,
    maps, overload,
    report::Report,
    say,
    stage::{self, ALONE, House, Stage, settle},
    statements,
};

mod act;
mod contest;
mod half_rate;
mod lone;
mod one_seat;
mod round;

use act::Act;
use contest::Contest;
use round::Size;

/// How much to measure.
#[derive(Args)]
pub struct Options {
    /// Measure these parts only, and write nothing unless told where
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME,NAME")]
    only: Vec<Part>,
    /// How many fans act in each round, up to 50,000
    #[arg(long, default_value_t = 30_000, value_parser = RangedU64ValueParser::<usize>::new().range(10..=50_000))]
    fans: usize,
    /// How often each measurement is repeated
    #[arg(long, default_value_t = 3, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    rounds: usize,
    /// How long each pgbench run lasts, in seconds
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Print which statements the time goes into; costs a little, so nothing is written unless told
    /// where
    #[arg(long)]
    statements: bool,
    /// Another setting of the server than the default, as in `LANE_BATCH=64`; nothing is written then
    /// unless told where
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// How many connections the loads have; nothing is written with another number unless told where
    #[arg(long, default_value_t = CONNECTIONS, value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    connections: usize,
    /// Where to write the results, and the chart beside them [default: docs/bench/sale.md]
    #[arg(long)]
    output: Option<PathBuf>,
}

impl Options {
    fn size(&self) -> Size {
        Size {
            fans: self.fans,
            connections: self.connections,
        }
    }

    fn parts(&self) -> Vec<Part> {
        let wanted = |part: &Part| self.only.is_empty() || self.only.contains(part);
        let all = Part::value_variants().iter().copied();
        all.filter(wanted).collect()
    }

    /// What is not the whole, or was slowed down, does not replace what is written already.
    fn file(&self) -> Option<&Path> {
        let usual = self.only.is_empty()
            && !self.statements
            && self.set.is_empty()
            && self.connections == CONNECTIONS;
        let default = usual.then_some(Path::new("docs/bench/sale.md"));
        self.output.as_deref().or(default)
    }
}

/// The parts of the benchmark, in the order in which they are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Holds on one schedule of 50,000 seats, beside pgbench
    Hot,
    /// Holds spread over 100 schedules, beside pgbench
    Spread,
    /// Payments, beside pgbench
    Payments,
    /// Charges, beside pgbench
    Charges,
    /// One seat that 10,000 want at once
    OneSeat,
    /// Latency of holds at half the rate that `hot` reaches
    HalfRate,
    /// Latency of a hold that is alone on the server
    Lone,
    /// Seat maps while their seats are sold, beside GET /health/live
    Maps,
    /// The whole journey of fans, through a queue that works
    Journey,
    /// Five times the holds that can be made
    Overload,
    // A new part gets its name here, the number of its bounds below, and a line in `Sale::measure`.
}

impl Part {
    /// How many bounds it checks.
    #[allow(clippy::match_same_arms, reason = "one line a kind of part")]
    const fn bounds(self) -> usize {
        match self {
            Self::OneSeat => 0,
            Self::Hot | Self::Spread | Self::Payments | Self::Charges => 1,
            Self::HalfRate | Self::Lone | Self::Maps | Self::Journey => 1,
            Self::Overload => 6,
        }
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Connections of each load.
const CONNECTIONS: usize = 256;
/// The schedules that spread holds go to.
const SPREAD: usize = 100;
/// The server runs with its default configuration but for this: everyone is admitted at once, for
/// the queue has a benchmark of its own.
const SETTINGS: [(&str, &str); 1] = [("CAPACITY", "1000000")];

/// What all parts work with.
struct Sale<'a> {
    stage: &'a Stage,
    alone: &'a Alone,
    options: &'a Options,
    report: Report,
    /// For the chart.
    pairs: Vec<Pair>,
    /// Holds a second on one hot schedule, once measured.
    hot_rate: Option<f64>,
}

/// Runs what is wanted, prints it and writes it down; whether all bounds held.
pub async fn run(options: Options) -> Result<bool> {
    let started = Instant::now();
    let parameters: &[_] = if options.statements {
        &statements::PARAMETERS
    } else {
        &[]
    };
    let stage = Stage::set_with(parameters).await?;
    let machine = machine(&stage.client().await?).await?;
    say(&format!("{machine}\n"));
    let alone = stage::alone(&stage).await?;
    let mut sale = Sale {
        stage: &stage,
        alone: &alone,
        options: &options,
        report: Report::with_bounds(Part::value_variants().iter().map(|p| p.bounds()).sum()),
        pairs: Vec::new(),
        hot_rate: None,
    };
    for part in options.parts() {
        sale.measure(part).await?;
    }
    sale.finish(&machine, started.elapsed())
}

impl<'a> Sale<'a> {
    async fn measure(&mut self, part: Part) -> Result<()> {
        let alone = self.alone;
        let contest = |name, act, script, bound| Contest {
            name,
            act,
            script,
            bound,
        };
        let contest = match part {
            Part::Hot => contest("holds, one schedule", Act::HOT, alone.hold(1), 10.0),
            Part::Spread => {
                let act = Act::Holds { schedules: SPREAD };
                contest("holds, 100 schedules", act, alone.hold(SPREAD), 3.5)
            }
            Part::Payments => contest("payments", Act::Payments, alone.pay(), 5.0),
            Part::Charges => contest("charges", Act::Charges, alone.charge(), 6.0),
            Part::OneSeat => return one_seat::measure(self).await,
            Part::HalfRate => return half_rate::measure(self).await,
            Part::Lone => return lone::measure(self).await,
            Part::Maps | Part::Journey => return self.in_the_shop(part).await,
            Part::Overload => {
                return overload::measure(&overload::Options::default(), &mut self.report).await;
            }
        };
        contest.measure(self).await
    }

    async fn in_the_shop(&mut self, part: Part) -> Result<()> {
        let server = self.stage.server(&self.settings()).await?;
        let report = &mut self.report;
        if part == Part::Maps {
            maps::measure(self.stage, &server, &maps::Options::default(), report).await
        } else {
            journey::measure(self.stage, &server, &journey::Options::default(), report).await
        }
    }

    fn settings(&self) -> Vec<(&str, &str)> {
        let more = self
            .options
            .set
            .iter()
            .map(|(name, value)| (&**name, &**value));
        SETTINGS.into_iter().chain(more).collect()
    }

    /// A server of its own for one round.
    async fn house(&self) -> Result<House<'a>> {
        House::open(self.stage, &self.settings()).await
    }

    /// Leaves pgbench's database as it should be before a measurement.
    async fn settle_alone(&self) -> Result<()> {
        settle(&self.stage.client_of(ALONE).await?).await
    }

    /// Prints and writes everything; whether all bounds held.
    fn finish(&mut self, machine: &str, took: Duration) -> Result<bool> {
        let took = took.as_secs();
        let took = format!("{} min {} s", took / 60, took % 60);
        self.report.figure("the whole run took", took);
        say("");
        self.report.print();
        if let Some(file) = self.options.file() {
            self.write(file, machine)?;
            say(&format!("\nwritten to {}", file.display()));
        }
        say(&format!("\n{}", self.report.verdict()));
        Ok(self.report.held())
    }

    fn write(&self, file: &Path, machine: &str) -> Result<()> {
        let picture = file.with_extension("svg");
        let name = picture.file_name().unwrap_or_default().to_string_lossy();
        let intro = if self.pairs.is_empty() {
            machine.to_owned()
        } else {
            format!("{machine}\n\n![Successes a second, beside pgbench]({name})")
        };
        let (title, notes) = ("The sale", include_str!("sale/notes.md"));
        self.report.write(file, title, &intro, notes)?;
        if !self.pairs.is_empty() {
            std::fs::write(picture, chart::svg("Successes a second", &self.pairs))?;
        }
        Ok(())
    }
}
