//! What is told when the server is ready: to programs on stdout, to people on stderr.

use std::{
    io::{Write, stdout},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    path::Path,
};

use adapters_http::Listeners;
use anyhow::Result;

use crate::{cli::Serve, keys::Secrets};

/// The words, prepared while there is something else to do.
pub struct Greeting {
    address: SocketAddr,
    for_the_operator: Option<SocketAddr>,
    for_people: String,
}

impl Greeting {
    /// Where to reach the server, where its data is, and what to try first.
    pub fn new(
        listeners: &Listeners,
        options: &Serve,
        data_dir: Option<&Path>,
        secrets: &Secrets,
    ) -> Result<Self> {
        let data = match (options.location.database_url(), data_dir) {
            (None, Some(path)) => {
                format!(
                    "{} (a private PostgreSQL, kept between runs)",
                    path.display()
                )
            }
            _ => "in the database that BOXOFFICE_DATABASE_URL names".to_owned(),
        };
        let key = match &secrets.operator_file {
            Some(path) => format!("in {}", path.display()),
            None => "as given in BOXOFFICE_OPERATOR_KEY".to_owned(),
        };
        let address = listeners.public.local_addr()?;
        let operator = listeners.operator.as_ref().map(TcpListener::local_addr);
        let for_the_operator = operator.transpose()?;
        let board = for_the_operator.unwrap_or(address);
        Ok(Self {
            address,
            for_the_operator,
            for_people: for_people(address, board, &data, &key),
        })
    }

    /// Tells it. That nobody may be listening is no reason to stop.
    pub fn show(&self) {
        let mut out = stdout().lock();
        let mut told = writeln!(out, "listening on http://{}", self.address);
        if let Some(address) = self.for_the_operator {
            told = told.and(writeln!(out, "for the operator on http://{address}"));
        }
        let _ = told.and_then(|()| out.flush());
        eprintln!("{}", self.for_people);
    }
}

fn for_people(address: SocketAddr, board: SocketAddr, data: &str, key: &str) -> String {
    let (here, board) = (reachable(address), reachable(board));
    format!(
        "  data          {data}\n  \
           operator key  {key}\n  \
           the shop      http://{here}/\n  \
           the board     http://{board}/operator\n  \
           now try       curl -X POST http://{here}/v1/users \
                         -H 'Content-Type: application/json' -d '{{\"name\": \"홍길동\"}}'\n  \
           to stop       Ctrl-C"
    )
}

/// An address that a client on this machine can use: "everywhere" is not one.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_where_everything_is_and_what_to_try() {
        let address = "0.0.0.0:8080".parse().unwrap();
        let board = "[::]:8081".parse().unwrap();
        let expected = "  data          /data
  operator key  in /data/operator.key
  the shop      http://127.0.0.1:8080/
  the board     http://[::1]:8081/operator
  now try       curl -X POST http://127.0.0.1:8080/v1/users -H 'Content-Type: application/json' \
                       -d '{\"name\": \"홍길동\"}'
  to stop       Ctrl-C";
        assert_eq!(
            for_people(address, board, "/data", "in /data/operator.key"),
            expected
        );
    }
}
