//! A body of pieces that many answers share.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};

/// The most that is handed to a connection at once. A connection keeps what it is handed until its client
/// has taken it: with the five megabytes of a large hall, a thousand slow clients would have a copy each.
const MOST: usize = 32 * 1024;

/// A body of known length, in pieces that are never copied or changed.
#[derive(Default)]
pub(super) struct Pieces {
    left: VecDeque<Bytes>,
    length: u64,
}

impl Pieces {
    /// With one more piece at the end.
    pub(super) fn push(&mut self, piece: impl Into<Bytes>) {
        let piece = piece.into();
        self.length += piece.len() as u64;
        self.left.push_back(piece);
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// With all pieces of `other` at the end.
    pub(super) fn append(&mut self, mut other: Self) {
        self.length += other.length;
        self.left.append(&mut other.left);
    }
}

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.length)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let Some(piece) = self.left.front_mut() else {
            return Poll::Ready(None);
        };
        if piece.len() > MOST {
            return Poll::Ready(Some(Ok(piece.split_to(MOST))));
        }
        Poll::Ready(self.left.pop_front().map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[actix_web::test]
    async fn the_pieces_come_in_order_and_a_large_one_comes_in_parts() {
        let large = "x".repeat(2 * MOST + 1);
        let (mut body, mut more) = (Pieces::default(), Pieces::default());
        body.push("a");
        body.push(large.clone());
        more.push("b");
        body.append(more);
        let whole = format!("a{large}b");
        assert_eq!(body.size(), BodySize::Sized(whole.len() as u64));
        let mut parts = Vec::new();
        let mut body = Box::pin(body);
        while let Some(part) = std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).await {
            parts.push(part.unwrap().len());
        }
        assert_eq!(parts, [1, MOST, MOST, 1, 1]);
        let mut again = Pieces::default();
        again.push(whole.clone());
        assert_eq!(to_bytes(again).await.unwrap(), whole);
    }
}
