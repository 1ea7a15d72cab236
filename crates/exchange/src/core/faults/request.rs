//! What faults see of a command.

use super::catalogue::RequestClass;
use crate::core::account::AccountKey;
use crate::core::command::{Command, Reader, SessionRef};
use crate::core::order::OrderRequest;

/// A request of a client, as far as a fault may care.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub class: RequestClass,
    /// Whose account.
    pub key: AccountKey,
    /// The login that it is made with; none for a login itself and for the platform.
    pub session: Option<SessionRef>,
    /// The order that it sends.
    pub order: Option<OrderRequest>,
}

impl Request {
    /// `None` for what no client of a broker asks: it has no faults.
    pub fn of(command: &Command) -> Option<Self> {
        let with = |class, session: &SessionRef| {
            Some(Self {
                class,
                key: session.key.clone(),
                session: Some(session.clone()),
                order: None,
            })
        };
        let read = |class, reader: &Reader| match reader {
            Reader::User(session) => with(class, session),
            Reader::Platform(key) => Some(Self {
                class,
                key: key.clone(),
                session: None,
                order: None,
            }),
        };
        match command {
            Command::Login { session, .. } => Some(Self {
                class: RequestClass::Login,
                key: session.key.clone(),
                session: None,
                order: None,
            }),
            Command::Place { session, order } => with(RequestClass::Place, session).map(|request| Self {
                order: Some(order.clone()),
                ..request
            }),
            Command::Modify { session, .. } => with(RequestClass::Modify, session),
            Command::Cancel { session, .. } => with(RequestClass::Cancel, session),
            Command::OrderBook(reader) | Command::OrderHistory { reader, .. } => {
                read(RequestClass::OrderBook, reader)
            }
            Command::Trades(reader) | Command::OrderTrades { reader, .. } => {
                read(RequestClass::Trades, reader)
            }
            Command::Holdings(reader) | Command::DematFunds(reader) | Command::Auctions(reader) => {
                read(RequestClass::Holdings, reader)
            }
            Command::Positions(reader) | Command::DayPositions(reader) => {
                read(RequestClass::Positions, reader)
            }
            Command::Convert { session, .. } => with(RequestClass::Positions, session),
            Command::Funds(session)
            | Command::Charges { session, .. }
            | Command::OrderNeeds { session, .. } => with(RequestClass::Funds, session),
            Command::Margins(reader) => read(RequestClass::Funds, reader),
            Command::IsClearanceNeeded { session, .. }
            | Command::Authorise { session, .. }
            | Command::RequestClearance { session, .. } => with(RequestClass::Authorise, session),
            Command::EnsureWorld { .. }
            | Command::Reset { .. }
            | Command::AdvanceTo
            | Command::NextDue
            | Command::CreateAccount(_)
            | Command::ListAccounts(_)
            | Command::Account(_)
            | Command::Events { .. }
            | Command::Logout(_)
            | Command::Quotes { .. }
            | Command::MarketQuotes { .. }
            | Command::PriceBounds { .. }
            | Command::Candles { .. }
            | Command::OrderNews { .. }
            | Command::SetFault(_)
            | Command::PlaceGtt { .. }
            | Command::ModifyGtt { .. }
            | Command::DeleteGtt { .. }
            | Command::Gtts(_)
            | Command::SetAlert { .. }
            | Command::DeleteAlerts { .. }
            | Command::Alerts(_)
            | Command::SetLatency { .. }
            | Command::TakePushes
            | Command::TakeAppPushes
            | Command::ListFaults
            | Command::RemoveFaults(_)
            | Command::SetPrices(_)
            | Command::ClearanceRequest { .. }
            | Command::ConfirmClearance { .. }
            | Command::FailDelivery { .. } => None,
        }
    }
}
