//! What a broker is to us: one small trait, its abilities as data, and outcomes that cannot lie.
//!
//! Invariant: an outcome says `Refused` only with positive evidence; everything that is not proven is
//! `Unknown`. Invariant: nothing in here knows a gateway, a partner or a database.
//!
//! To add a broker: one folder with its adapter, one profile in [`profile`], one line in the registry of
//! the process.

pub mod adapter;
pub mod outcome;
pub mod profile;
pub mod test_user;

pub use adapter::{Broker, Call, LoginContext};
pub use outcome::{
    AsOf, AuthorisationStep, BookEntry, BrokerError, BrokerReturn, BrokerSession, BrowserForm, ChangeOutcome,
    DematFund, Execution, Field, Funds, HandOff, Holding, LoginError, LoginStep, NetPosition, OrderBook,
    PlaceOutcome, PlatformScope, Quote, WantedAuthorisation,
};
pub use profile::{Capabilities, Profile, ReferenceRule, SellAuthorisation, chooser_rank};
pub use test_user::{BrokerPage, Deed, TestUser};
