//! Binding listeners: an explicit address that is taken stops the start, a default one is replaced.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use torana_config::Sourced;

use crate::exit::Failure;

/// Binds the address of a setting.
///
/// # Errors
/// Exit code 3 with setting, address and reason.
pub async fn bind(key: &str, wanted: &Sourced<SocketAddr>) -> Result<TcpListener, Failure> {
    TcpListener::bind(wanted.value)
        .await
        .map_err(|error| taken(key, wanted, &error))
}

/// As [`bind`], but a default address that is taken is replaced by a free port of the same host.
///
/// # Errors
/// As [`bind`].
pub async fn bind_or_any(key: &str, wanted: &Sourced<SocketAddr>) -> Result<TcpListener, Failure> {
    match TcpListener::bind(wanted.value).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse && !wanted.is_explicit() => {
            let free = SocketAddr::new(wanted.value.ip(), 0);
            let listener = TcpListener::bind(free)
                .await
                .map_err(|error| taken(key, wanted, &error))?;
            tracing::warn!(default = %wanted.value, "default address is taken, another port is used");
            Ok(listener)
        }
        result => result.map_err(|error| taken(key, wanted, &error)),
    }
}

/// The address that a listener really has.
///
/// # Errors
/// Exit code 1 with the system's reason.
pub fn bound_address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener
        .local_addr()
        .map_err(|error| Failure::failed(format!("the listener has no address: {error}")))
}

fn taken(key: &str, wanted: &Sourced<SocketAddr>, error: &std::io::Error) -> Failure {
    let reason = match error.kind() {
        ErrorKind::AddrInUse => {
            "address in use; stop what listens there, or choose another port (0 takes a free one)"
        }
        ErrorKind::AddrNotAvailable => "this machine does not have that address",
        ErrorKind::PermissionDenied => "not permitted; ports below 1024 need a privilege",
        _ => {
            return Failure::refused(format!(
                "{key} = \"{}\" ({}): {error}",
                wanted.value, wanted.source
            ));
        }
    };
    Failure::refused(format!(
        "{key} = \"{}\" ({}): {reason}",
        wanted.value, wanted.source
    ))
}
