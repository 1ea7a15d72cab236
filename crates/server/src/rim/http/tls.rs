//! TLS for outgoing calls: rustls on ring, roots of the operating system (so that a private authority of
//! the operator works), read at the first https call.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;

/// A client configuration that is made when it is first needed.
#[derive(Default)]
pub(crate) struct LazyTls(OnceCell<Arc<ClientConfig>>);

impl LazyTls {
    /// The configuration; making it reads the system's root certificates.
    pub(crate) async fn config(&self) -> Result<Arc<ClientConfig>, String> {
        let load = || async {
            let roots = tokio::task::spawn_blocking(system_roots)
                .await
                .map_err(|error| error.to_string())?;
            if roots.is_empty() {
                return Err(
                    "no root certificates found; install ca-certificates or set SSL_CERT_FILE".to_owned(),
                );
            }
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())?
                .with_root_certificates(roots)
                .with_no_client_auth();
            Ok(Arc::new(config))
        };
        self.0.get_or_try_init(load).await.cloned()
    }
}

/// The operating system's root certificates; unreadable ones are left out.
pub(crate) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}
