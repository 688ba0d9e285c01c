//! What stands between a server and its database, and breaks on demand.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_postgres::config::Host;

mod frontend;

use frontend::Frontend;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Open connections end, and no new one is accepted.
    Refuse,
    /// Nothing gets through. What is sent is taken and never answered, on open connections and on
    /// new ones, and what was silent once stays silent: PostgreSQL is not told, either.
    BlackHole,
    /// Every connection, open or new, is reset.
    Reset,
    /// Everything arrives so much later, either way.
    Delay(Duration),
    /// A connection is reset when a `COMMIT` on it has been done, before the answer to it.
    CutCommit,
}

/// A TCP proxy before a PostgreSQL that listens at a Unix socket. It ends when dropped.
pub struct Proxy {
    address: SocketAddr,
    url: String,
    fault: watch::Sender<Fault>,
    cuts: Arc<AtomicUsize>,
    running: JoinHandle<()>,
}

impl Proxy {
    /// Stands before the database at `url`.
    pub async fn before(url: &str) -> Self {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let [Host::Unix(directory)] = config.get_hosts() else {
            panic!("{url} is not a Unix socket")
        };
        let socket = directory.join(format!(".s.PGSQL.{}", config.get_ports()[0]));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (user, name) = (config.get_user().unwrap(), config.get_dbname().unwrap());
        let (fault, watched) = watch::channel(Fault::None);
        let cuts = Arc::new(AtomicUsize::new(0));
        let running = tokio::spawn(listen(listener, socket, watched, cuts.clone()));
        Self {
            address,
            url: format!("postgres://{user}@{address}/{name}?sslmode=disable"),
            fault,
            cuts,
            running,
        }
    }

    /// The database's address, through the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on this goes wrong; returns when new connections meet it.
    pub async fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
        let refused = fault == Fault::Refuse;
        crate::eventually("the proxy has heard", || async {
            TcpStream::connect(self.address).await.is_err() == refused
        })
        .await;
    }

    /// How many connections were cut at their `COMMIT`.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Accepts, except while it refuses.
async fn listen(
    listener: TcpListener,
    socket: PathBuf,
    mut fault: watch::Receiver<Fault>,
    cuts: Arc<AtomicUsize>,
) {
    let address = listener.local_addr().unwrap();
    let mut listening = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let now = *fault.borrow_and_update();
        if now == Fault::Refuse {
            listening = None;
            fault.changed().await.unwrap();
            continue;
        }
        let listener = match listening.take() {
            Some(listener) => listener,
            None => TcpListener::bind(address).await.unwrap(),
        };
        tokio::select! {
            accepted = listener.accept() => {
                let client = accepted.unwrap().0;
                connections.spawn(serve(client, socket.clone(), fault.clone(), cuts.clone()));
            }
            _ = fault.changed() => {}
        }
        listening = Some(listener);
        while connections.try_join_next().is_some() {}
    }
}

/// Carries one connection until it ends or is broken.
async fn serve(
    mut client: TcpStream,
    socket: PathBuf,
    fault: watch::Receiver<Fault>,
    cuts: Arc<AtomicUsize>,
) {
    let mut database = UnixStream::connect(socket).await.unwrap();
    let (mut meets, breaks) = (fault.clone(), |fault: &Fault| {
        matches!(fault, Fault::Refuse | Fault::BlackHole | Fault::Reset)
    });
    let committed = tokio::select! {
        biased;
        _ = meets.wait_for(breaks) => false,
        committed = carry(&mut client, &mut database, &fault) => committed.unwrap_or(false),
    };
    if *fault.borrow() == Fault::BlackHole {
        return std::future::pending().await;
    }
    if committed {
        // What was sent is executed up to the end before the connection's end is noticed.
        let _ = database.shutdown().await;
        let _ = tokio::io::copy(&mut database, &mut tokio::io::sink()).await;
        cuts.fetch_add(1, Ordering::Relaxed);
    }
    let _ = client.set_zero_linger();
}

/// Carries both ways until one side ends (false), or until a `COMMIT` is to be cut off (true).
async fn carry(
    client: &mut TcpStream,
    database: &mut UnixStream,
    fault: &watch::Receiver<Fault>,
) -> io::Result<bool> {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_database, mut to_database) = database.split();
    let mut sent = Frontend::default();
    let forth = pump(&mut from_client, &mut to_database, fault, |data| {
        sent.commits(data) && *fault.borrow() == Fault::CutCommit
    });
    let back = pump(&mut from_database, &mut to_client, fault, |_| false);
    tokio::select! {
        biased;
        forth = forth => forth,
        back = back => back,
    }
}

/// Carries one way until the end (false), or until `last` has seen what was carried last (true).
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    fault: &watch::Receiver<Fault>,
    mut last: impl FnMut(&[u8]) -> bool,
) -> io::Result<bool> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(false);
        }
        let late = match *fault.borrow() {
            Fault::Delay(late) => late,
            _ => Duration::ZERO,
        };
        tokio::time::sleep(late).await;
        to.write_all(&buffer[..length]).await?;
        if last(&buffer[..length]) {
            return Ok(true);
        }
    }
}
