//! Further processes beside a gateway: a second one on the same data, an exchange of its own.

use std::sync::Arc;

use crate::options::{Engine, Options};
use crate::process::{Torana, free_port};
use crate::temp::TempDir;

impl Torana {
    /// Another process of the same installation, on a port of its own; not started yet.
    #[must_use]
    pub fn beside(&self) -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        Self {
            folder: Arc::clone(&self.folder),
            url: format!("http://{listen}"),
            traces: None,
            binary: self.binary.clone(),
            serves: self.serves.clone(),
            environment: vec![
                ("TORANA_SERVER__LISTEN".to_owned(), listen),
                (
                    "TORANA_EXCHANGE__KITE__LISTEN".to_owned(),
                    format!("127.0.0.1:{}", free_port()),
                ),
            ],
            running: None,
            logs: Arc::default(),
        }
    }

    /// A gateway and the exchange that it trades on, as processes with nothing in common but a keys file; both
    /// prepared, none started.
    ///
    /// # Panics
    /// If PostgreSQL is asked for and not there.
    #[must_use]
    pub fn with_exchange(options: Options) -> (Self, Self) {
        let listen = format!("127.0.0.1:{}", free_port());
        let engine = options.engine;
        let gateway = Self::prepare(options.set("exchange.url", &format!("\"http://{listen}\"")));
        let folder = TempDir::new("exchange");
        let mut config = vec![
            "server.profile = \"sandbox\"".to_owned(),
            format!("data.dir = {:?}", folder.join("data")),
            format!("keys.file = {:?}", gateway.folder.join("torana.keys")),
            format!("exchange.kite.listen = {listen:?}"),
            "metrics.listen = \"off\"".to_owned(),
        ];
        if engine == Engine::Postgres {
            let url = torana_pgtest::fresh_database().expect("PostgreSQL is skipped by the environment");
            config.push(format!("exchange.database_url = {url:?}"));
        }
        std::fs::write(folder.join("torana.toml"), config.join("\n")).expect("the settings");
        let exchange = Self {
            folder: Arc::new(folder),
            url: format!("http://{listen}"),
            traces: None,
            binary: gateway.binary.clone(),
            serves: ["exchange", "serve", "--migrate"].map(str::to_owned).to_vec(),
            environment: Vec::new(),
            running: None,
            logs: Arc::default(),
        };
        (gateway, exchange)
    }
}
