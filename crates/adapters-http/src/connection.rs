//! What becomes of a connection: requests and answers, and maybe a stream at its end.
//!
//! actix's dispatcher keeps two buffers of 8 KiB for as long as it serves a connection. That is
//! nothing for a request, and too much for thousands of clients who listen for an hour. So an answer
//! without a known length, as event streams are, leaves the dispatcher: when that has written the head
//! it goes, and a small loop writes the body, until that ends and the connection with it.
//!
//! A client may be slow with a request or with reading an answer, or not ask at all: [`Watch`] gives
//! it up. actix would answer 408 to who connects and asks later, as clients with a pool of connections
//! do, and they would take it for the answer to what they have just sent.

use std::{
    cell::RefCell,
    convert::Infallible,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_http::{ConnectionType, HttpService, KeepAlive, Protocol, Request, error::DispatchError};
use actix_server::GracefulShutdownSignal;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, map_config};
use actix_web::{
    Error,
    body::{BodySize, BodyStream, BoxBody, MessageBody},
    dev::{AppConfig, Service, ServiceFactory, ServiceResponse, fn_factory, fn_service},
    http::{Method, Version},
    web::Bytes,
};
use futures_util::stream::pending;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::timeout,
};

mod watch;

pub(crate) use watch::Patience;
use watch::Watch;

/// How long a client may take to send the head of a request.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may rest between requests. Longer than the minute after which proxies and
/// clients commonly let go: who lets go first never sends a request into a connection that is being
/// closed.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to close its side of a connection that is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a client may leave a part of a stream unread.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves each connection with `app`; what is open when `draining` begins may finish.
pub(crate) fn connections<S, B>(
    app: impl IntoServiceFactory<S, Request>,
    draining: GracefulShutdownSignal,
    patience: Patience,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
where
    S: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    let app = app.into_factory().map(part_with_body);
    let app = app.map_err(|error| error.error_response());
    let http = HttpService::build()
        .client_request_timeout(Duration::ZERO)
        .keep_alive(KeepAlive::Os)
        .client_disconnect_timeout(CLOSE_TIMEOUT)
        .graceful_shutdown_signal(move || {
            let draining = draining.clone();
            async move { draining.notified().await }
        })
        .on_connect_ext(|held: &Held, data| {
            data.insert(held.parting.clone());
        })
        .finish(map_config(app, |()| AppConfig::default()));
    let http = Rc::new(http);
    fn_factory(move || {
        let http = http.clone();
        async move {
            let http = Rc::new(http.new_service(()).await?);
            Ok(fn_service(move |stream| {
                serve(http.clone(), stream, patience)
            }))
        }
    })
}

/// Serves one connection to its end.
async fn serve<H>(http: Rc<H>, stream: TcpStream, patience: Patience) -> Result<(), DispatchError>
where
    H: Service<(Held, Protocol, Option<SocketAddr>), Response = (), Error = DispatchError>,
{
    stream.set_nodelay(true)?;
    let peer = stream.peer_addr().ok();
    let parting = Rc::new(Parting::default());
    let held = Held {
        stream: Some(stream),
        parting: parting.clone(),
        watch: Watch::new(patience),
    };
    // In a box, which is gone when the stream begins.
    let mut dispatcher = Box::pin(http.call((held, Protocol::Http1, peer)));
    let ended = poll_fn(|context| match dispatcher.as_mut().poll(context) {
        Poll::Pending if parting.stream.borrow().is_some() => Poll::Ready(None),
        polled => polled.map(Some),
    });
    if let Some(ended) = ended.await {
        return ended;
    }
    drop(dispatcher);
    let (stream, body) = (parting.stream.take(), parting.body.take());
    if let (Some(stream), Some(body)) = (stream, body) {
        // That a client is gone is no failure.
        let _ = pour(stream, body).await;
    }
    Ok(())
}

/// What leaves the dispatcher: first the body, then, when the head is written, the connection.
#[derive(Default)]
struct Parting {
    body: RefCell<Option<Body>>,
    stream: RefCell<Option<TcpStream>>,
}

/// A body and its form.
struct Body {
    parts: BoxBody,
    /// Unless the client speaks HTTP/1.0: then its end is the connection's.
    chunked: bool,
}

/// Takes the body of an answer without a known length aside; the dispatcher waits in vain for it.
fn part_with_body<B: MessageBody + 'static>(
    answer: ServiceResponse<B>,
) -> ServiceResponse<BoxBody> {
    let answer = answer.map_into_boxed_body();
    let request = answer.request();
    let Some(parting) = request.conn_data::<Rc<Parting>>().cloned() else {
        return answer;
    };
    let streams = answer.response().body().size() == BodySize::Stream;
    if !streams || request.method() == Method::HEAD {
        return answer;
    }
    let chunked = request.version() > Version::HTTP_10;
    answer.map_body(|head, parts| {
        head.set_connection_type(ConnectionType::Close);
        head.no_chunking(!chunked);
        parting.body.replace(Some(Body { parts, chunked }));
        BoxBody::new(BodyStream::new(pending::<Result<Bytes, Infallible>>()))
    })
}

/// Writes a body until it ends, the client is gone, or it does not read what it is sent.
async fn pour(mut stream: TcpStream, body: Body) -> io::Result<()> {
    let Body { parts, chunked } = body;
    let mut parts = pin!(parts);
    loop {
        let part = tokio::select! {
            () = gone(&stream) => return Ok(()),
            part = poll_fn(|context| parts.as_mut().poll_next(context)) => part,
        };
        match part {
            Some(Ok(part)) if chunked => write(&mut stream, &chunk(&part)).await?,
            Some(Ok(part)) => write(&mut stream, &part).await?,
            Some(Err(error)) => {
                tracing::error!(error, "a stream broke off");
                return Ok(());
            }
            None => {
                if chunked {
                    write(&mut stream, &chunk(&[])).await?;
                }
                return stream.shutdown().await;
            }
        }
    }
}

async fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    timeout(READ_TIMEOUT, stream.write_all(bytes)).await?
}

/// A part of a body as it is written (RFC 9112 §7.1); an empty one is the end.
fn chunk(part: &[u8]) -> Vec<u8> {
    let size = format!("{:X}\r\n", part.len());
    [size.as_bytes(), part, b"\r\n"].concat()
}

/// Waits until the client closes its side. There is nothing else to be read of it.
async fn gone(stream: &TcpStream) {
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut [0; 64]) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
            Ok(_) | Err(_) => {}
        }
    }
}

/// A connection as the dispatcher has it, until it may go.
struct Held {
    stream: Option<TcpStream>,
    parting: Rc<Parting>,
    watch: Watch,
}

impl Held {
    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let parted = || io::ErrorKind::NotConnected.into();
        self.stream.as_mut().map(Pin::new).ok_or_else(parted)
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = self.stream()?.poll_read(context, buffer);
        if read.is_pending() {
            // That nothing was read says to the dispatcher that the client will not ask again.
            return self.watch.poll(context);
        }
        if buffer.filled().len() > before {
            self.watch.begun();
        }
        read
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.watch.begun();
        let written = self.stream()?.poll_write(context, bytes);
        if written.is_pending() {
            return self.watch.poll(context).map_ok(|()| 0);
        }
        self.watch.written();
        written
    }

    /// The dispatcher has written all that it had. When it has nothing more to do, the connection
    /// leaves it.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.stream()?.poll_flush(context);
        self.watch.flushed();
        if flushed.is_ready() && self.parting.body.borrow().is_some() {
            let stream = self.stream.take();
            self.parting.stream.replace(stream);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
