//! A connection whose client has to keep up: who takes what is written to it, but ever so slowly, is cut like who takes nothing.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::rt::net::TcpStream;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A stream of which each wait for room is bounded. The kernel makes room only when a third of its buffer for this client is free:
/// so the bound is a least pace as well, of some 40 KiB in that time. The kernel's own bound does not do: it begins anew with
/// each segment, and a client that takes one at a time would keep its place for as long as it likes.
#[derive(Debug)]
pub struct Paced {
    stream: TcpStream,
    unread: Duration,
    /// since the kernel had no room
    waits: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    /// Bounds each wait.
    pub const fn new(stream: TcpStream, unread: Duration) -> Self {
        Self { stream, unread, waits: None }
    }

    /// The connection.
    pub const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    fn behind(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let unread = self.unread;
        ready!(self.waits.get_or_insert_with(|| Box::pin(sleep(unread))).as_mut().poll(cx));
        metrics::counter!("jumun_http_connections_cut_total").increment(1);
        // at once: what it has not taken goes with it, and is not kept by the kernel for as long as it trickles
        if let Err(e) = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)) {
            tracing::debug!(error = %e, "a connection that is cut lingers");
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(cx, buf) else { return self.behind(cx) };
        self.waits = None;
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
