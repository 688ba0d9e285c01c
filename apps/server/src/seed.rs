//! `boxoffice seed`: a dozen concerts to try things out on.

mod programme;
mod venues;

use std::{
    io::{Write, stdout},
    process::ExitCode,
    sync::Arc,
};

use adapters_postgres::{Database, PgCatalogue, PgClock, PgSeatMaps, Turn};
use anyhow::{Context, Result};
use domain::{
    catalogue::{Catalogue, CatalogueService},
    clock::Clock,
    operators::Operator,
    page::PageRequest,
};

use self::programme::Show;
use crate::{
    config::Location,
    database::{self, Opened, unreachable},
    ids::UuidV7Ids,
    migrate::migrate,
    progress::Progress,
};

/// Who adds the concerts, in the log.
const SEEDER: Operator = Operator::command("boxoffice seed");

/// Runs the command.
pub async fn run(location: &Location) -> Result<ExitCode> {
    let opened = Opened::for_command(location).await?;
    let sown = database::with(opened, async |database| {
        migrate(&database).await?;
        fill(&database).await
    });
    let told = match sown.await? {
        Some(sown) => sown.to_string(),
        None => "there are concerts already: nothing was changed".to_owned(),
    };
    writeln!(
        stdout(),
        "{told}\nnow try   boxoffice serve   (unless it runs already)"
    )?;
    Ok(ExitCode::SUCCESS)
}

/// What was added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sown {
    concerts: usize,
    dates: usize,
    seats: u64,
}

impl std::fmt::Display for Sown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            concerts,
            dates,
            seats,
        } = self;
        write!(
            f,
            "added {concerts} concerts on {dates} dates with {seats} seats"
        )
    }
}

/// Fills the database unless there are concerts already.
pub async fn fill(database: &Database) -> Result<Option<Sown>> {
    // Two servers that start on an empty database at once must not both fill it.
    let _turn = Turn::take(database).await.map_err(unreachable)?;
    let clock: Arc<dyn Clock> = Arc::new(PgClock::ask(database).await.map_err(unreachable)?);
    let maps = PgSeatMaps::new(database, &clock);
    let store = Arc::new(PgCatalogue::new(
        database.clone(),
        maps.clone(),
        clock.clone(),
    ));
    let ids = Arc::new(UuidV7Ids::new(clock.clone()));
    let shows = programme::shows(clock.now())?;
    let catalogue = CatalogueService::new(store, maps, clock, ids);
    sow(&catalogue, shows).await
}

async fn sow(catalogue: &dyn Catalogue, shows: Vec<Show>) -> Result<Option<Sown>> {
    let any = PageRequest {
        after: None,
        limit: 1,
    };
    if !catalogue.concerts(any).await?.items.is_empty() {
        return Ok(None);
    }
    let mut sown = Sown::default();
    let (of, progress) = (shows.len(), Progress::of("adding concerts"));
    for show in shows {
        let title = show.title.as_str();
        progress.show(format!(
            "adding concerts {:>2}/{of}  {title}",
            sown.concerts + 1
        ));
        add(catalogue, show, &mut sown)
            .await
            .context("the concerts could not be added")?;
    }
    Ok(Some(sown))
}

async fn add(catalogue: &dyn Catalogue, show: Show, sown: &mut Sown) -> Result<()> {
    let Show {
        title,
        venue,
        dates,
        sales_open_at,
        plan,
    } = show;
    let concert = catalogue.add_concert(SEEDER, title, venue).await?;
    sown.concerts += 1;
    for starts_at in dates {
        let plan = plan.clone();
        let added = catalogue
            .add_schedule(SEEDER, concert.id, starts_at, sales_open_at, plan)
            .await?;
        sown.dates += 1;
        sown.seats += u64::from(added.total_seats);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
