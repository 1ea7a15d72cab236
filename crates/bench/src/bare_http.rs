//! The bare HTTP server: the gateway's own stack (tokio, hyper, an axum router) with nothing behind it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::Path as Segment;
use axum::routing::{get, post};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::args::BodySizes;
use crate::process::Child;

/// Serves until its input ends, which is the end of the process that started it.
pub fn serve(sizes: BodySizes) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("bind")?;
        println!("ready {}", listener.local_addr().context("address")?);
        let router = router(sizes);
        tokio::spawn(async move {
            loop {
                if let Ok((socket, _)) = listener.accept().await {
                    tokio::spawn(serve_connection(socket, router.clone()));
                }
            }
        });
        let end = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        end.await
            .context("waiting for the end")?
            .map(|_| ())
            .context("reading the input")
    })
}

fn router(sizes: BodySizes) -> Router {
    let created = Bytes::from(vec![b' '; sizes.create_bytes]);
    let details = Bytes::from(vec![b' '; sizes.details_bytes]);
    let create = async move |Segment(_): Segment<String>, _: Bytes| {
        ([(CONTENT_TYPE, "application/json")], created.clone())
    };
    let read =
        async move |Segment(_): Segment<String>| ([(CONTENT_TYPE, "application/json")], details.clone());
    Router::new()
        .route("/gateway/{gateway}/transaction", post(create))
        .route("/v1/{gateway}/engine/transactiondetails", get(read))
}

async fn serve_connection(socket: TcpStream, router: Router) {
    // As the gateway does; an error of either only costs this connection.
    let _ = socket.set_nodelay(true);
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let answer = router.clone().oneshot(request.map(Body::new));
        async move { answer.await.map_err(|never: Infallible| never) }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(socket), service)
        .await;
}

/// The server as a process of its own.
#[derive(Debug)]
pub struct BareHttp {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl BareHttp {
    /// Starts it; it ends when this is dropped.
    pub fn start(sizes: BodySizes, log: &Path) -> Result<Self> {
        let mut command =
            std::process::Command::new(std::env::current_exe().context("path of this program")?);
        command.arg("bare-http");
        command.arg("--create-bytes").arg(sizes.create_bytes.to_string());
        command
            .arg("--details-bytes")
            .arg(sizes.details_bytes.to_string());
        let mut child = Child::start(command, log)?;
        let address = child
            .wait_for_line("ready ")?
            .parse()
            .context("address of the bare HTTP server")?;
        Ok(Self { child, address })
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}
