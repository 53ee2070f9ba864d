//! What bytes to and from Redis go over: a socket, or TLS on it.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};

use super::LoadError;
use crate::http_client::Certificates;

/// How long the other side may take to show that it speaks TLS: a plain Redis waits for more, and says nothing.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);

/// A blocking stream.
#[derive(Debug)]
pub enum Stream {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// A socket to `host:port`, whose reads and writes time out after `patience`.
    ///
    /// # Errors
    /// [`LoadError`] when nobody answers there.
    pub fn plain(host: &str, patience: Duration) -> Result<Self, LoadError> {
        socket(host, patience).map(Self::Plain).map_err(LoadError::io(format!("redis at {host}")))
    }

    /// TLS on a socket to `host:port`; the certificate is seen before anything is said.
    ///
    /// # Errors
    /// [`LoadError`] when nobody answers there, or somebody who is not trusted.
    pub fn encrypted(host: &str, certificates: &Certificates, patience: Duration) -> Result<Self, LoadError> {
        let plan = |e: &dyn std::fmt::Display| LoadError::Plan(format!("redis at {host}: {e}"));
        let config = certificates.config().map_err(|e| plan(&format!("{e:#}")))?;
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(|e| plan(&e))?;
        let session = ClientConnection::new(config, name).map_err(|e| plan(&e))?;
        let what = || format!("redis at {host}, asked with TLS");
        let socket = socket(host, patience.min(HANDSHAKE_MAX)).map_err(LoadError::io(what()))?;
        let mut stream = StreamOwned::new(session, socket);
        stream.conn.complete_io(&mut stream.sock).map_err(|e| {
            let silent = matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
            let silence = || io::Error::new(io::ErrorKind::TimedOut, "it does not answer as TLS does");
            LoadError::io(what())(if silent { silence() } else { e })
        })?;
        set_patience(&stream.sock, patience).map_err(LoadError::io(what()))?;
        Ok(Self::Encrypted(Box::new(stream)))
    }
}

fn socket(host: &str, patience: Duration) -> io::Result<TcpStream> {
    let socket = TcpStream::connect(host)?;
    socket.set_nodelay(true)?;
    set_patience(&socket, patience)?;
    Ok(socket)
}

fn set_patience(socket: &TcpStream, patience: Duration) -> io::Result<()> {
    socket.set_read_timeout(Some(patience))?;
    socket.set_write_timeout(Some(patience))
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buf),
            Self::Encrypted(stream) => stream.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(buf),
            Self::Encrypted(stream) => stream.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Encrypted(stream) => stream.flush(),
        }
    }
}
