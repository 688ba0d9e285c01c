//! A client that costs little: one keep-alive connection, requests made beforehand, answers read no
//! further than needed. The generator shares its cores with what it measures, so it must be light.

mod answer;

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A request, ready to be sent.
#[derive(Clone)]
pub struct Request(Vec<u8>);

impl Request {
    /// `method` on `path` with a bearer token and a JSON body, either of which may be empty.
    pub fn new(method: &str, path: &str, token: &str, body: &str) -> Self {
        Self::with(method, path, token, body, "")
    }

    /// The same with more header lines, each ended by `\r\n`.
    pub fn with(method: &str, path: &str, token: &str, body: &str, more: &str) -> Self {
        let authorization = if token.is_empty() {
            String::new()
        } else {
            format!("authorization: Bearer {token}\r\n")
        };
        let content = if body.is_empty() && method != "POST" {
            String::new()
        } else {
            format!(
                "content-type: application/json\r\ncontent-length: {}\r\n",
                body.len()
            )
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: boxoffice\r\n{authorization}{content}{more}\r\n"
        );
        Self([head.as_bytes(), body.as_bytes()].concat())
    }
}

/// One keep-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where in the buffer the last body is.
    body: std::ops::Range<usize>,
}

impl Connection {
    /// Connects to `server`.
    pub async fn open(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server)
            .await
            .context("the server cannot be reached")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
            body: 0..0,
        })
    }

    /// Sends `request` and reads the whole answer; returns its status.
    pub async fn send(&mut self, request: &Request) -> Result<u16> {
        self.stream.write_all(&request.0).await?;
        self.buffer.clear();
        let (status, start, length) = loop {
            ensure!(
                self.stream.read_buf(&mut self.buffer).await? > 0,
                "the server hung up"
            );
            if let Some(head) = self.head()? {
                break head;
            }
        };
        while self.buffer.len() < start + length {
            ensure!(
                self.stream.read_buf(&mut self.buffer).await? > 0,
                "the server hung up"
            );
        }
        self.body = start..start + length;
        Ok(status)
    }

    /// The status, where the body starts and how long it is, once the head is there.
    fn head(&self) -> Result<Option<(u16, usize, usize)>> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(start) = response.parse(&self.buffer)? else {
            return Ok(None);
        };
        let length = response
            .headers
            .iter()
            .find(|h| h.name.eq_ignore_ascii_case("content-length"));
        let length = length.and_then(|h| std::str::from_utf8(h.value).ok()?.parse().ok());
        let status = response.code.unwrap_or(0);
        // A 304 tells the length of what it does not send.
        let length = length.filter(|_| status != 304);
        Ok(Some((status, start, length.unwrap_or(0))))
    }

    /// The last answer's body.
    pub fn body(&self) -> &[u8] {
        &self.buffer[self.body.clone()]
    }

    /// The last answer's body as JSON.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(self.body()).context("an answer is not JSON")
    }
}
