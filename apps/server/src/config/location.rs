//! Which database, and where files are kept.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::{
    Refusal,
    values::{duration, path, secret, secret_file},
};

/// Which database, and where files are kept.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Database and files")]
pub struct Location {
    /// The database to use.
    #[arg(
        long,
        help = "The PostgreSQL database to use, as postgres://USER:PASSWORD@HOST:5432/DATABASE. \
                Without it the server runs a private PostgreSQL of its own in the data directory",
        env = "BOXOFFICE_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        value_parser = secret()
    )]
    database_url: Option<SecretString>,

    /// A file that the database's URL is in, in place of the URL itself.
    #[arg(
        long,
        help = "A file that the URL is in, in place of the URL itself",
        env = "BOXOFFICE_DATABASE_URL_FILE",
        value_name = "FILE",
        value_parser = secret_file
    )]
    database_url_file: Option<SecretString>,

    /// Where files are kept.
    #[arg(
        long,
        help = "Where the private database and the key files are kept [default: \
                $XDG_DATA_HOME/boxoffice or ~/.local/share/boxoffice, for root \
                /var/lib/boxoffice]",
        env = "BOXOFFICE_DATA_DIR",
        value_name = "DIRECTORY",
        value_parser = path()
    )]
    data_dir: Option<PathBuf>,

    /// How long to wait for a connection to the database
    #[arg(
        long,
        env = "BOXOFFICE_CONNECT_TIMEOUT",
        value_name = "DURATION",
        default_value = "1500ms",
        value_parser = duration("10ms", "10m")
    )]
    pub connect_timeout: Duration,
}

impl Location {
    /// The database's URL; nothing (and so a private one) when it is missing or empty.
    pub fn database_url(&self) -> Option<&SecretString> {
        let mut given = [&self.database_url, &self.database_url_file]
            .into_iter()
            .flatten();
        given.find(|url| !url.expose_secret().is_empty())
    }

    /// The data directory, if one was named.
    pub fn data_dir(&self) -> Option<&PathBuf> {
        self.data_dir
            .as_ref()
            .filter(|path| !path.as_os_str().is_empty())
    }

    /// Refuses what is not a URL, without a word of it: there may be a password in it.
    pub fn check(&self) -> Result<(), Refusal> {
        let is_url = |url: &SecretString| {
            let url = url.expose_secret();
            url.starts_with("postgres://") || url.starts_with("postgresql://")
        };
        if self.database_url().is_none_or(is_url) {
            return Ok(());
        }
        Err(Refusal::new(
            "the database URL (--database-url or BOXOFFICE_DATABASE_URL) is not understood: write \
             postgres://USER:PASSWORD@HOST:5432/DATABASE",
        ))
    }
}
