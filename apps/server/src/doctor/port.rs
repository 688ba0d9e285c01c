//! The addresses that a server would listen at.

use std::{io::ErrorKind, net::TcpListener};

use super::finding::Finding;
use crate::{config::Listening, ready::ask};

const CHOOSE: &str = "choose another address with --listen, or stop what listens there";

/// What there is to say of the addresses.
pub async fn look(listening: &Listening) -> Vec<Finding> {
    let mut found = vec![public(&listening.listen).await];
    if !listening.admin_listen.is_empty() {
        found.push(operator(&listening.admin_listen));
    }
    found
}

async fn public(address: &str) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::good(address, "free"),
        Err(error) if error.kind() == ErrorKind::AddrInUse => occupied(address).await,
        Err(error) => Finding::bad(address, error, CHOOSE),
    }
}

fn operator(address: &str) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::good(address, "free, for the operator"),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            Finding::good(address, "in use, for the operator")
        }
        Err(error) => Finding::bad(address, error, CHOOSE.replace("--listen", "--admin-listen")),
    }
}

/// Somebody listens there already: a server of ours?
async fn occupied(address: &str) -> Finding {
    match ask(address).await {
        Some(200) => Finding::good(address, "a server answers there, and is ready"),
        Some(503) => Finding::bad(
            address,
            "a server answers there, but is not ready",
            "see its log, and whether it reaches its database",
        ),
        _ => Finding::bad(address, "something else listens there", CHOOSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_is_free_or_taken_by_something_else() {
        assert!(!public("127.0.0.1:0").await.is_bad());
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        // Whoever connects is sent away.
        let gone = std::thread::spawn(move || drop(taken.accept()));
        let found = public(&address).await;
        gone.join().unwrap();
        assert!(
            found.is_bad() && found.told.contains("something else"),
            "{found:?}"
        );
        assert!(public("256.0.0.1:80").await.is_bad());
    }
}
