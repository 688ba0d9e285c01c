//! The server and pgbench at the same thing, in turn.

use anyhow::Result;

use super::{
    Sale,
    act::Act,
    round::{self, Round, round},
};
use crate::{
    chart::Pair,
    cpu::Cpu,
    pgbench::{self, Rates},
    say,
    stage::ALONE,
    stats::{Spread, median, number},
};

/// At which numbers of clients pgbench is tried.
const CLIENTS: [u32; 3] = [8, 16, 32];

/// Two ways to do the same, side by side.
pub struct Contest {
    /// What is done.
    pub name: &'static str,
    /// How the server is asked to do it.
    pub act: Act,
    /// How pgbench does it.
    pub script: String,
    /// How many times as much the server has to do.
    pub bound: f64,
}

/// One repetition: first the server, then pgbench.
struct Repetition {
    ours: Round,
    alone: Rates,
}

impl Repetition {
    fn ratio(&self) -> f64 {
        self.ours.outcome.rate() / self.alone.best().1
    }
}

impl Contest {
    /// Measures both sides in turn and reports the medians.
    pub async fn measure(&self, sale: &mut Sale<'_>) -> Result<()> {
        say(&format!("{} ...", self.name));
        let rounds = sale.options.rounds;
        let mut repetitions = Vec::new();
        for number in 1..=rounds {
            let repetition = self.repeat(sale, number == rounds).await?;
            tell(number, &repetition);
            repetitions.push(repetition);
        }
        self.report(sale, &repetitions);
        Ok(())
    }

    async fn repeat(&self, sale: &Sale<'_>, last: bool) -> Result<Repetition> {
        let options = sale.options;
        let house = sale.house().await?;
        round::warm_up(&house, self.act, options.size()).await?;
        let ours = round(&house, self.act, options.size(), last && options.statements).await?;
        house.close().await?;

        sale.settle_alone().await?;
        let (stage, script) = (sale.stage, &self.script);
        pgbench::rates(stage, ALONE, script, &CLIENTS[1..2], 1).await?;
        let alone = pgbench::rates(stage, ALONE, script, &CLIENTS, options.seconds).await?;
        Ok(Repetition { ours, alone })
    }

    fn report(&self, sale: &mut Sale<'_>, all: &[Repetition]) {
        let (name, report) = (self.name, &mut sale.report);
        let ours = Spread::of(all.iter().map(|one| one.ours.outcome.rate()));
        let alone = Spread::of(all.iter().map(|one| one.alone.best().1));
        let ratio = Spread::of(all.iter().map(Repetition::ratio));
        let p99 = Spread::of(
            all.iter()
                .map(|one| one.ours.outcome.percentile(99.0).as_secs_f64() * 1e3),
        );
        report.figure(&format!("{name}: Boxoffice, a second"), format!("{ours}"));
        let clients: Vec<_> = all
            .iter()
            .map(|one| one.alone.best().0.to_string())
            .collect();
        let label = format!("  pgbench, a second, with {} clients", clients.join(", "));
        report.figure(&label, format!("{alone}"));
        let label = format!("  {name} beside pgbench");
        report.at_least_as(&label, format!("{ratio:.2}"), ratio.median, self.bound);
        report.figure("  p99 at full load, ms", format!("{p99:.1}"));
        if let Some(cpu) = all.iter().map(cpu).collect::<Option<Vec<_>>>() {
            report.figure("  CPU seconds per 10,000", cpu_text(&cpu));
        }
        if self.act.is_hot() {
            sale.hot_rate = Some(ours.median);
        }
        sale.pairs.push(Pair {
            name: name.to_owned(),
            alone: alone.median,
            ours: ours.median,
            ratio: ratio.median,
        });
    }
}

fn tell(repetition: usize, one: &Repetition) {
    let outcome = &one.ours.outcome;
    let (rate, ratio) = (number(outcome.rate(), 0), number(one.ratio(), 2));
    let (p99, alone) = (outcome.percentile(99.0).as_millis(), one.alone.text());
    say(&format!(
        "  {repetition}: Boxoffice {rate} a second, p99 {p99} ms; pgbench {alone}; {ratio} times"
    ));
}

/// CPU seconds per 10,000 successes of the server, of PostgreSQL and of the generator.
fn cpu(one: &Repetition) -> Option<[f64; 3]> {
    let Cpu {
        server,
        postgres,
        generator,
    } = one.ours.cpu?;
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let successes = one.ours.outcome.successes as f64;
    Some([server, postgres, generator].map(|used| used.as_secs_f64() * 10_000.0 / successes))
}

/// The medians, and the generator's share of all.
fn cpu_text(all: &[[f64; 3]]) -> String {
    let [server, postgres, generator] =
        [0, 1, 2].map(|which| number(median(all.iter().map(|one| one[which])), 2));
    let share = median(
        all.iter()
            .map(|one| one[2] / one.iter().sum::<f64>() * 100.0),
    );
    format!("server {server}, PostgreSQL {postgres}, generator {generator} ({share:.0} %)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_told_by_its_medians_and_the_generator_s_share() {
        let text = cpu_text(&[[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [9.0, 9.0, 2.0]]);
        assert_eq!(text, "server 0.60, PostgreSQL 0.30, generator 0.20 (10 %)");
    }
}
