//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::plan::Shares;

/// Rehearses an opening night.
///
/// Thousands of fans come, queue, shop and pay as people do. Then the database is audited, and one HTML
/// file tells how it went. The exit code is 0 only if every error was a problem of the API, everyone was
/// let in in the order in which they came, and the audit is clean.
///
/// Without --url it starts a PostgreSQL and a server of its own, which are gone afterwards.
#[derive(Clone, Debug, Parser)]
#[command(name = "boxoffice-rush", version)]
pub struct Options {
    /// How many fans come [default: 20000; with --rehearse one for each seat, at most 20000]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub fans: Option<u32>,

    /// How long they keep coming, half of them in the first sixth of it
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = humantime::parse_duration)]
    pub over: Duration,

    /// What the fans' plans are drawn from: the same seed, the same plans
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    pub seed: u64,

    /// The title or the id of the concert they come for [default: the one with the most seats]
    #[arg(long, value_name = "CONCERT")]
    pub concert: Option<String>,

    /// A running server to rehearse on, as http://HOST:PORT. It really sells its seats
    #[arg(long, value_name = "URL", conflicts_with = "rehearse")]
    pub url: Option<String>,

    /// The database of that server, to audit it; with --rehearse, where the concert is copied from
    #[arg(
        long,
        value_name = "URL",
        env = "BOXOFFICE_DATABASE_URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,

    /// With --url: do without the audit
    #[arg(long, requires = "url")]
    pub no_audit: bool,

    /// Copy this concert (title, key or id) from --database-url into a scratch database, play its
    /// opening there with several capacities, and propose one
    #[arg(long, value_name = "CONCERT", requires = "database_url")]
    pub rehearse: Option<String>,

    /// With --rehearse: the capacities to try [default: a 20th, a 10th and a 5th of the fans]
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        requires = "rehearse"
    )]
    pub capacities: Vec<u32>,

    /// Where to write the report
    #[arg(long, value_name = "FILE", default_value = "boxoffice-rush.html")]
    pub report: PathBuf,

    /// How many connections the fans share at most
    #[arg(long, value_name = "NUMBER", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub connections: u32,

    /// How the own server is set.
    #[command(flatten)]
    pub own: Own,

    /// What fans do.
    #[command(flatten)]
    pub shares: Shares,
}

/// How the own server is set.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "The server that is started without --url")]
pub struct Own {
    /// How many may shop at once
    #[arg(long, value_name = "NUMBER", default_value_t = 2_500)]
    pub capacity: u32,

    /// How many are let in a second at most
    #[arg(long, value_name = "NUMBER", default_value_t = 350)]
    pub batch: u32,

    /// How long a hold lasts: short, so that some run out during the rehearsal
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    pub hold_ttl: Duration,

    /// After how much silence a place goes to the next: short, likewise
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = humantime::parse_duration)]
    pub no_show_after: Duration,
}

impl Own {
    /// As variables of the server.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let time = |time: Duration| {
            humantime::format_duration(time)
                .to_string()
                .replace(' ', "")
        };
        vec![
            ("CAPACITY", self.capacity.to_string()),
            ("ADMISSION_BATCH", self.batch.to_string()),
            ("HOLD_TTL", time(self.hold_ttl)),
            ("NO_SHOW_AFTER", time(self.no_show_after)),
            ("LOG", "warn".to_owned()),
        ]
    }
}

impl Options {
    /// Refuses what makes no sense.
    pub fn check(&self) -> Result<()> {
        self.shares.check()?;
        ensure!(
            self.url.is_none() || self.database_url.is_some() || self.no_audit,
            "name the server's database with --database-url, so that it can be audited, or say --no-audit"
        );
        ensure!(
            self.capacities.iter().all(|capacity| *capacity > 0),
            "a capacity of 0 lets nobody in: name --capacities of 1 and more"
        );
        Ok(())
    }

    /// How many come, if it was not said.
    pub fn fans_or(&self, usual: usize) -> usize {
        self.fans.map_or(usual, |fans| fans as usize)
    }
}

/// The address in a URL.
pub async fn address(url: &str) -> Result<SocketAddr> {
    let rest = url.strip_prefix("http://").with_context(|| {
        format!("{url} is not http://HOST:PORT: rehearse on the server itself, not behind TLS")
    })?;
    let host = rest.split('/').next().unwrap_or(rest);
    let host = match host.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_ok() => host.to_owned(),
        _ => format!("{host}:80"),
    };
    let mut found = tokio::net::lookup_host(&host)
        .await
        .with_context(|| format!("{host} cannot be found"))?;
    found
        .next()
        .with_context(|| format!("{host} has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(arguments: &[&str]) -> Result<Options> {
        let all = ["boxoffice-rush"]
            .into_iter()
            .chain(arguments.iter().copied());
        let options = Options::try_parse_from(all)?;
        options.check()?;
        Ok(options)
    }

    #[test]
    fn whoever_names_a_server_names_its_database_or_does_without_the_audit() {
        let url = ["--url", "http://127.0.0.1:8080"];
        assert!(typed(&url).unwrap_err().to_string().contains("--no-audit"));
        assert!(typed(&[&url[..], &["--no-audit"]].concat()).is_ok());
        assert!(typed(&[&url[..], &["--database-url", "postgres://x"]].concat()).is_ok());
        assert!(typed(&[&url[..], &["--rehearse", "x"]].concat()).is_err());
    }

    #[test]
    fn settings_are_written_as_the_server_reads_them() {
        let options = typed(&["--hold-ttl", "1m 30s"]).unwrap();
        let settings = options.own.settings();
        assert!(settings.contains(&("HOLD_TTL", "1m30s".to_owned())));
    }

    #[tokio::test]
    async fn an_address_is_read_from_a_url() {
        let found = address("http://127.0.0.1:8080/").await.unwrap();
        assert_eq!(found, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(address("http://127.0.0.1").await.unwrap().port(), 80);
        assert!(address("https://127.0.0.1").await.is_err());
    }
}
