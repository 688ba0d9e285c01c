//! Somebody who is sent events: a small HTTP server that verifies what it gets and misbehaves as it is told.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// With 204.
    Accept,
    /// With this status.
    Status(u16),
    /// Never.
    Silence,
    /// By closing the connection.
    Hang,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The header `webhook-id`: which event.
    pub id: String,
    /// The body, as JSON.
    pub event: Value,
    /// How it was answered.
    pub reply: Reply,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Delivery {
    /// What it is about: a reservation, or else a user.
    pub fn subject(&self) -> &str {
        subject(&self.event["data"])
    }

    /// Whether it is signed with `secret`, as another implementation of Standard Webhooks sees it.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let webhook = standardwebhooks::Webhook::new(secret).unwrap();
        webhook.verify(&self.body, &self.headers).is_ok()
    }
}

/// What an event with this data is about: a reservation, or else a user.
pub fn subject(data: &Value) -> &str {
    let reservation = data["reservation_id"].as_str();
    reservation.or(data["user_id"].as_str()).unwrap()
}

type Behaviour = Box<dyn FnMut(&str, &Value) -> Reply + Send>;

/// The server. It is gone when dropped.
pub struct Receiver {
    address: SocketAddr,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    behaviour: Arc<Mutex<Behaviour>>,
    serving: Option<JoinHandle<()>>,
}

impl Receiver {
    /// One that accepts everything.
    pub async fn start() -> Self {
        let mut receiver = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            deliveries: Arc::default(),
            behaviour: Arc::new(Mutex::new(Box::new(|_, _| Reply::Accept))),
            serving: None,
        };
        receiver.open().await;
        receiver
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    /// From now on each request, by its id and its event, is answered as `behaviour` says.
    pub fn behave(&self, behaviour: impl FnMut(&str, &Value) -> Reply + Send + 'static) {
        *self.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    /// Stops listening, and cuts every connection.
    pub async fn close(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }

    /// Listens, again where it was.
    pub async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let (deliveries, behaviour) = (self.deliveries.clone(), self.behaviour.clone());
        self.serving = Some(tokio::spawn(async move {
            let mut clients = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                clients.spawn(serve(client, deliveries.clone(), behaviour.clone()));
            }
        }));
    }

    /// All that came, in order.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.lock().unwrap().clone()
    }

    /// What it accepted, in order.
    pub fn accepted(&self) -> Vec<Delivery> {
        let mut deliveries = self.deliveries();
        deliveries.retain(|delivery| delivery.reply == Reply::Accept);
        deliveries
    }

    /// The ids of what it accepted.
    pub fn ids(&self) -> HashSet<String> {
        self.accepted()
            .into_iter()
            .map(|delivery| delivery.id)
            .collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

async fn serve(
    mut client: TcpStream,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    behaviour: Arc<Mutex<Behaviour>>,
) {
    while let Some((headers, body)) = read(&mut client).await {
        let event: Value = serde_json::from_slice(&body).unwrap();
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        let reply = behaviour.lock().unwrap()(&id, &event);
        deliveries.lock().unwrap().push(Delivery {
            id,
            event,
            reply,
            headers,
            body,
        });
        let status = match reply {
            Reply::Accept => 204,
            Reply::Status(status) => status,
            Reply::Silence => return std::future::pending().await,
            Reply::Hang => return,
        };
        let length = if status == 204 {
            ""
        } else {
            "Content-Length: 0\r\n"
        };
        let answer = format!("HTTP/1.1 {status} So\r\n{length}\r\n");
        if client.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The headers and the body of the next request, if one comes.
async fn read(client: &mut TcpStream) -> Option<(HeaderMap, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let headers = headers(std::str::from_utf8(&bytes[..end]).unwrap());
            let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                return Some((headers, bytes.split_off(end + 4)));
            }
        }
        if client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn headers(head: &str) -> HeaderMap {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let header = |(name, value): (&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    lines.map(header).collect()
}
