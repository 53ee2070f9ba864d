//! Bodies in slices: what is whole is written bit by bit as the client takes it. Written in one piece it would be copied for
//! each who asks, and stay in memory for as long as they don't read.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};

/// How much is written at a time.
pub const SLICE_BYTES: usize = 8 * 1024;

/// A body.
#[derive(Debug)]
pub enum Sliced {
    /// what is left of it, of as much in all
    Whole { rest: Bytes, size: u64 },
    /// short, none, or a stream
    AsItIs(BoxBody),
}

impl Sliced {
    /// Of any body.
    pub fn of(body: impl MessageBody + 'static) -> Self {
        let BodySize::Sized(size) = body.size() else { return Self::AsItIs(body.boxed()) };
        if size <= SLICE_BYTES as u64 {
            return Self::AsItIs(body.boxed());
        }
        match body.try_into_bytes() {
            Ok(rest) => Self::Whole { rest, size },
            Err(body) => Self::AsItIs(body.boxed()),
        }
    }
}

impl MessageBody for Sliced {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        match self {
            Sliced::Whole { size, .. } => BodySize::Sized(*size),
            Sliced::AsItIs(body) => body.size(),
        }
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        match self.get_mut() {
            Sliced::Whole { rest, .. } if rest.is_empty() => Poll::Ready(None),
            Sliced::Whole { rest, .. } => Poll::Ready(Some(Ok(rest.split_to(rest.len().min(SLICE_BYTES))))),
            Sliced::AsItIs(body) => Pin::new(body).poll_next(cx),
        }
    }
}
