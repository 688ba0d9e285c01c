//! A client that costs little: one keep-alive connection, requests made beforehand, answers read no
//! further than needed. The generator shares its cores with what it measures, so it must be light.

mod answer;

use std::{net::SocketAddr, ops::Range};

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
    body: Range<usize>,
}

impl Connection {
    /// Connects to `server`.
    pub async fn open(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server)
            .await
            .context("the server cannot be reached")?;
        stream.set_nodelay(true)?;
        Ok(Self::on(stream))
    }

    /// Goes on with an open connection, in the runtime that this is called in.
    pub fn adopt(stream: std::net::TcpStream) -> Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self::on(TcpStream::from_std(stream)?))
    }

    fn on(stream: TcpStream) -> Self {
        Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
            body: 0..0,
        }
    }

    /// Sends `request` and reads the whole answer; returns its status.
    pub async fn send(&mut self, request: &Request) -> Result<u16> {
        self.stream.write_all(&request.0).await?;
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the server hung up");
            if let Some(head) = Head::of(&self.buffer)?
                && self.buffer.len() >= head.body.end
            {
                self.body = head.body;
                return Ok(head.status);
            }
        }
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

/// A connection that the server has answered on once, so that what comes next is no first time.
/// Blocks meanwhile.
pub fn warm(server: SocketAddr) -> Result<std::net::TcpStream> {
    use std::io::{Read, Write};

    let mut stream =
        std::net::TcpStream::connect(server).context("the server cannot be reached")?;
    stream.set_nodelay(true)?;
    stream.write_all(&Request::new("GET", "/health/live", "", "").0)?;
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut part)?;
        ensure!(read > 0, "the server hung up");
        answer.extend_from_slice(&part[..read]);
        if Head::of(&answer)?.is_some_and(|head| answer.len() >= head.body.end) {
            return Ok(stream);
        }
    }
}

/// What has to be known of the head of an answer, and no more.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body is.
    body: Range<usize>,
}

impl Head {
    /// The head that `answer` begins with, once all of it is there.
    fn of(answer: &[u8]) -> Result<Option<Self>> {
        let mut rest = answer;
        let (mut status, mut length) = (None, None);
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line = rest[..end].trim_ascii_end();
            rest = &rest[end + 1..];
            if status.is_none() {
                status = Some(status_of(line).context("an answer is not HTTP/1.1")?);
            } else if line.is_empty() {
                let status = status.unwrap_or_default();
                let start = answer.len() - rest.len();
                // These have no body; a 304 may tell the length of what it does not send.
                let none = matches!(status, 204 | 304).then_some(0);
                let length = none.or(length);
                let length = length.context("an answer without content-length")?;
                let body = start..start + length;
                return Ok(Some(Self { status, body }));
            } else if let Some(value) = content_length(line) {
                length = Some(value.context("a content-length that is none")?);
            }
        }
        Ok(None)
    }
}

/// From `HTTP/1.1 201 Created`.
fn status_of(line: &[u8]) -> Option<u16> {
    let digits = line.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The value when `line` is this header, `Some(None)` when it is and makes no sense.
#[allow(clippy::option_option, reason = "another header is no error")]
fn content_length(line: &[u8]) -> Option<Option<usize>> {
    const NAME: &[u8] = b"content-length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    if !name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let value = std::str::from_utf8(value.trim_ascii()).ok();
    Some(value.and_then(|value| value.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(answer: &str) -> Option<Head> {
        Head::of(answer.as_bytes()).unwrap()
    }

    #[test]
    fn a_head_tells_the_status_and_where_the_body_is() {
        let answer = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\ndate: now\r\n\r\n{}";
        let start = answer.len() - 2;
        let expected = Head {
            status: 201,
            body: start..start + 2,
        };
        assert_eq!(head(answer), Some(expected));
    }

    #[test]
    fn a_head_in_parts_is_waited_for() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length:10\r\n\r\n";
        for end in 0..answer.len() {
            assert_eq!(head(&answer[..end]), None);
        }
        let body = answer.len()..answer.len() + 10;
        assert_eq!(head(answer), Some(Head { status: 200, body }));
    }

    #[test]
    fn an_answer_without_content_needs_no_length() {
        assert_eq!(head("HTTP/1.1 204 No Content\r\n\r\n").unwrap().status, 204);
        assert!(Head::of(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn what_is_not_http_is_refused() {
        assert!(Head::of(b"SSH-2.0-OpenSSH\r\n").is_err());
        assert!(Head::of(b"HTTP/1.1 2x0 OK\r\n\r\n").is_err());
        assert!(Head::of(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n").is_err());
    }
}
