//! The user of a test account on a broker's own pages, for flows that no person walks.

use torana_runtime::BoxFuture;

use crate::outcome::{BrokerReturn, BrowserForm, LoginError};

/// A page of the broker, as the user's browser gets there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerPage {
    /// By a link or a redirect, absolute address.
    At(String),
    /// By a posted form.
    Form(BrowserForm),
}

/// What the user does there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Logs in to an account.
    LogIn {
        /// The account.
        account: String,
    },
    /// Clears shares for sale.
    ClearShares {
        /// The depository's number.
        tpin: String,
    },
    /// Logs in to an account and confirms the orders as they are shown.
    ConfirmOrders {
        /// The account.
        account: String,
    },
    /// Leaves the orders.
    LeaveOrders,
}

/// Acts on a broker's own pages as a user would, with nothing but what a browser has.
pub trait TestUser: Send + Sync {
    /// Goes to a page, does something there, and gives the parameters with which the browser is sent back.
    ///
    /// # Errors
    /// `Refused` with the page's words when it does not let the user go on.
    fn act(&self, page: BrokerPage, deed: Deed) -> BoxFuture<'static, Result<BrokerReturn, LoginError>>;
}
