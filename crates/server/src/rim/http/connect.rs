//! From a target to a connection: resolve, check every address, connect to a checked one.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::destination::Destination;
use super::tls::LazyTls;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;

/// A connection with or without TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

pub(crate) async fn connect(destination: &Destination, tls: &LazyTls) -> Result<Stream, String> {
    let addresses = resolve(destination).await?;
    let mut last = String::new();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(tcp) => return secure(tcp, destination, tls).await,
            Err(error) => last = format!("cannot connect to {address}: {error}"),
        }
    }
    Err(last)
}

/// The addresses of the target that the egress rules let through.
async fn resolve(destination: &Destination) -> Result<Vec<SocketAddr>, String> {
    let host = destination.host.as_str();
    let found = tokio::net::lookup_host((host, destination.port))
        .await
        .map_err(|error| format!("the name {host} cannot be resolved: {error}"))?;
    let mut refused = None;
    let mut allowed = Vec::new();
    for address in found.take(ADDRESSES_MAX) {
        match destination.check(address.ip()) {
            Ok(()) => allowed.push(address),
            Err(reason) => refused = Some(reason),
        }
    }
    if allowed.is_empty() {
        return Err(refused.unwrap_or_else(|| format!("the name {host} has no address")));
    }
    Ok(allowed)
}

async fn secure(tcp: TcpStream, destination: &Destination, tls: &LazyTls) -> Result<Stream, String> {
    // A request is written in one piece; waiting for more would only delay it.
    let _ = tcp.set_nodelay(true);
    if !destination.is_https {
        return Ok(Stream::Plain(tcp));
    }
    let name = ServerName::try_from(destination.host.clone())
        .map_err(|_| "the host is no TLS server name".to_owned())?;
    let stream = TlsConnector::from(tls.config().await?)
        .connect(name, tcp)
        .await
        .map_err(|error| format!("TLS with {} failed: {error}", destination.host))?;
    Ok(Stream::Tls(Box::new(stream)))
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
