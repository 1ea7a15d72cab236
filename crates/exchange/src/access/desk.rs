//! The desk inside the process.

use std::sync::Arc;

use torana_brokers::profile::sandbox_profile;
use torana_domain::broker_key::BrokerKey;
use torana_domain::time::Timestamp;
use torana_runtime::BoxFuture;

use super::{
    AccessBook, AccessDesk, AccessError, AccessReply, AccessRequest, App, TokenKind, ToldClocks,
    open_session, session_end,
};
use crate::core::{AccountKey, Command, Reader, Reply};
use crate::port::{Port, PortError};

/// Serves requests over the book and the exchange of this process. Clones share both.
#[derive(Clone)]
pub struct LocalDesk {
    book: AccessBook,
    port: Arc<dyn Port>,
    clocks: Option<ToldClocks>,
}

impl LocalDesk {
    /// A desk beside the gateways, whose clocks are known.
    #[must_use]
    pub fn new(book: AccessBook, port: Arc<dyn Port>) -> Self {
        Self {
            book,
            port,
            clocks: None,
        }
    }

    /// A desk in a process of its own, which keeps the clocks that it is told.
    #[must_use]
    pub fn with_clocks(self, clocks: ToldClocks) -> Self {
        Self {
            clocks: Some(clocks),
            ..self
        }
    }

    async fn reply(
        &self,
        world: &str,
        at: Timestamp,
        request: AccessRequest,
    ) -> Result<AccessReply, AccessError> {
        match request {
            AccessRequest::MakeApp(terms) => {
                let (api_key, secret) = self.book.make_app(world, terms).await?;
                Ok(AccessReply::AppMade {
                    api_key,
                    api_secret: secret.reveal().to_owned(),
                })
            }
            AccessRequest::GatewayApp { redirect_url } => {
                let (app, secret) = self.book.gateway_app(world, &redirect_url).await?;
                Ok(AccessReply::AppMade {
                    api_key: app.api_key,
                    api_secret: secret.reveal().to_owned(),
                })
            }
            AccessRequest::OpenSession { api_key, account } => {
                let app = match api_key {
                    None => Some(self.book.command_line_app(world).await?),
                    Some(api_key) => self.book.find_app(&api_key).await?,
                };
                match app.filter(|app| app.world == world) {
                    None => Ok(AccessReply::NoSuchApp),
                    Some(app) => self.open(&app, at, &account).await,
                }
            }
            AccessRequest::KeepClock(clock) => {
                if let Some(clocks) = &self.clocks {
                    clocks.keep(world, clock).await?;
                }
                Ok(AccessReply::ClockKept)
            }
        }
    }

    async fn open(&self, app: &App, at: Timestamp, account: &str) -> Result<AccessReply, AccessError> {
        let broker = BrokerKey::Kite;
        let (Ok(key), Some(profile)) = (AccountKey::new(broker, account), sandbox_profile(broker)) else {
            return Ok(AccessReply::NoSuchAccount);
        };
        let look = Command::Account(Reader::Platform(key.clone()));
        if self.port.execute(&app.world, at, look).await?.reply == Reply::NoSuchAccount {
            return Ok(AccessReply::NoSuchAccount);
        }
        let end = session_end(profile, at);
        let opened = open_session(&self.book, &*self.port, TokenKind::Access, app, &key, at, end).await?;
        Ok(match opened.answer.reply {
            Reply::LoggedIn => AccessReply::SessionOpened {
                api_key: app.api_key.clone(),
                access_token: opened.token.reveal().to_owned(),
            },
            Reply::LoginRefused { text } => AccessReply::LoginRefused { text },
            // What was set to go wrong is no failure of ours.
            _ if opened.answer.disturbance.is_some() => AccessReply::LoginRefused {
                text: "a fault of this world keeps the broker from answering the login".to_owned(),
            },
            _ => {
                let why = "the exchange did not answer the login".to_owned();
                return Err(PortError::Unavailable(why).into());
            }
        })
    }
}

impl AccessDesk for LocalDesk {
    fn serve(
        &self,
        world: &str,
        at: Timestamp,
        request: AccessRequest,
    ) -> BoxFuture<'static, Result<AccessReply, PortError>> {
        let (this, world) = (self.clone(), world.to_owned());
        Box::pin(async move { Ok(this.reply(&world, at, request).await?) })
    }
}
