//! What an answer of the broker does to what is known of an order: pure, forward only.

use torana_brokers::{BookEntry, PlaceOutcome};
use torana_domain::money::{Price, Shares};
use torana_domain::order::{Evidence, Order, OrderErrorCode, OrderState};
use torana_domain::time::Timestamp;

/// Longest text of a broker that is kept, in characters.
pub const BROKER_TEXT_MAX: usize = 300;

/// What an answer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Nothing new.
    Unchanged,
    /// The order changed; the name of the event that says so.
    Changed(&'static str),
}

/// Why an answer was not believed. Nothing was changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// It would take the order back, or change one that is final.
    #[error("{from:?} cannot become {to:?}")]
    Backwards {
        /// What is known.
        from: OrderState,
        /// What was said.
        to: OrderState,
    },
    /// The broker's id is not the one that the order has.
    #[error("the broker gave the order a second id")]
    OtherId,
    /// Ticker, side or quantity are another order's.
    #[error("ticker, side or quantity are not the order's")]
    OtherOrder,
    /// Fewer fills than were proven before.
    #[error("fills shrank from {} to {}", .known.0, .said.0)]
    FillsShrank {
        /// Proven.
        known: Shares,
        /// Said.
        said: Shares,
    },
    /// More fills than shares were ordered.
    #[error("{} shares filled of {} ordered", .said.0, .ordered.0)]
    Overfilled {
        /// Ordered.
        ordered: Shares,
        /// Said.
        said: Shares,
    },
    /// The state does not fit the fills, or is none that a broker can know.
    #[error("{state:?} with {} filled shares makes no sense", .filled.0)]
    Contradiction {
        /// Said.
        state: OrderState,
        /// Said.
        filled: Shares,
    },
}

/// Why an order was never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// The last instant for sending passed first: the process was down or too slow.
    TooLate,
    /// The gateway no longer has the broker.
    NoBroker,
    /// The broker takes orders from its own page only, since after the hand-over.
    UserSends,
    /// The broker session ended first.
    SessionOver,
}

impl NotSent {
    /// Whether it is a failure of our own. The end of a session is the broker's decision, like a refusal.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        match self {
            Self::TooLate | Self::NoBroker | Self::UserSends => true,
            Self::SessionOver => false,
        }
    }

    /// What the order says about it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::TooLate => "not sent: the time for sending this order was over",
            Self::NoBroker => "not sent: the broker is no longer available here",
            Self::UserSends => "not sent: the broker now takes orders from its own page only",
            Self::SessionOver => "not sent: the session at the broker had ended",
        }
    }
}

fn text_of(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.chars().take(BROKER_TEXT_MAX).collect())
}

fn step(order: &mut Order, next: OrderState) -> Result<(), Disbelief> {
    if !order.state.may_become(next) {
        return Err(Disbelief::Backwards {
            from: order.state,
            to: next,
        });
    }
    order.state = next;
    Ok(())
}

/// The order is about to be sent, at `at` (world time).
///
/// # Errors
/// [`Disbelief::Backwards`] unless it is queued.
pub fn begin_submitting(order: &mut Order, at: Timestamp) -> Result<Applied, Disbelief> {
    step(order, OrderState::Submitting)?;
    order.as_of = at;
    Ok(Applied::Changed("order.submitting"))
}

/// The process that was sending it is gone: it may have been sent or not. `as_of` stays the instant of the
/// send, because it decides which trading day's book can prove anything.
///
/// # Errors
/// [`Disbelief::Backwards`] unless it is queued or submitting.
pub fn lose_track(order: &mut Order) -> Result<Applied, Disbelief> {
    step(order, OrderState::Unknown)?;
    order.evidence = Evidence::None;
    Ok(Applied::Changed("order.unknown"))
}

/// The order was never sent and never will be.
///
/// # Errors
/// [`Disbelief::Backwards`] unless it is queued: only a commit before the send proves that nothing was sent.
pub fn leave_unsent(order: &mut Order, why: NotSent, at: Timestamp) -> Result<Applied, Disbelief> {
    if order.state != OrderState::Queued {
        return Err(Disbelief::Backwards {
            from: order.state,
            to: OrderState::Unplaced,
        });
    }
    refuse(
        order,
        OrderErrorCode::AdapterError,
        why.text(),
        Evidence::NotSent,
        at,
    )
}

fn refuse(
    order: &mut Order,
    code: OrderErrorCode,
    text: &str,
    evidence: Evidence,
    at: Timestamp,
) -> Result<Applied, Disbelief> {
    step(order, OrderState::Unplaced)?;
    order.error_code = Some(code);
    order.status_message = text_of(text);
    order.evidence = evidence;
    order.as_of = order.as_of.max(at);
    Ok(Applied::Changed("order.unplaced"))
}

/// What the broker answered to the order call at `at` (world time).
///
/// # Errors
/// [`Disbelief`] for an answer that contradicts what is proven already.
pub fn apply_order_outcome(
    order: &mut Order,
    outcome: &PlaceOutcome,
    at: Timestamp,
) -> Result<Applied, Disbelief> {
    match outcome {
        PlaceOutcome::Accepted { broker_order_id } => accept(order, broker_order_id, at),
        PlaceOutcome::Refused { code, text } => refuse(order, *code, text, Evidence::BrokerAnswer, at),
        PlaceOutcome::SessionOver { text } => refuse(
            order,
            OrderErrorCode::AdapterError,
            text,
            Evidence::BrokerAnswer,
            at,
        ),
        PlaceOutcome::NeedsAuthorisation { text } => refuse(
            order,
            OrderErrorCode::CheckHoldings,
            text,
            Evidence::BrokerAnswer,
            at,
        ),
        PlaceOutcome::Unknown { .. } if order.state == OrderState::Unknown => Ok(Applied::Unchanged),
        PlaceOutcome::Unknown { .. } => lose_track(order),
    }
}

fn accept(order: &mut Order, broker_order_id: &str, at: Timestamp) -> Result<Applied, Disbelief> {
    if order
        .broker_order_id
        .as_deref()
        .is_some_and(|known| known != broker_order_id)
    {
        return Err(Disbelief::OtherId);
    }
    if order.state.is_accepted() {
        return Ok(Applied::Unchanged);
    }
    step(order, OrderState::Open)?;
    order.broker_order_id = Some(broker_order_id.to_owned());
    order.evidence = Evidence::BrokerAnswer;
    order.as_of = order.as_of.max(at);
    Ok(Applied::Changed("order.accepted"))
}

/// What the broker's book says about the order, as of `as_of` (world time).
///
/// # Errors
/// [`Disbelief`] for an entry that cannot be this order's or contradicts what is proven already.
pub fn apply_book_entry(
    order: &mut Order,
    entry: &BookEntry,
    evidence: Evidence,
    as_of: Timestamp,
) -> Result<Applied, Disbelief> {
    if order
        .broker_order_id
        .as_deref()
        .is_some_and(|known| known != entry.broker_order_id)
    {
        return Err(Disbelief::OtherId);
    }
    let ticket = &order.ticket;
    if (entry.ticker.as_str(), entry.side, entry.quantity)
        != (ticket.ticker.as_str(), ticket.side, ticket.quantity)
    {
        return Err(Disbelief::OtherOrder);
    }
    let next = canonical_state(entry)?;
    if entry.filled < order.filled {
        return Err(Disbelief::FillsShrank {
            known: order.filled,
            said: entry.filled,
        });
    }
    if order.state.is_final() {
        let same = order.state == next && order.filled == entry.filled;
        return if same {
            Ok(Applied::Unchanged)
        } else {
            Err(Disbelief::Backwards {
                from: order.state,
                to: next,
            })
        };
    }
    if !order.state.may_become(next) {
        return Err(Disbelief::Backwards {
            from: order.state,
            to: next,
        });
    }
    let mut known = Order {
        state: next,
        filled: entry.filled,
        average_price: entry.average_price,
        broker_order_id: Some(entry.broker_order_id.clone()),
        exchange_order_id: entry
            .exchange_order_id
            .clone()
            .or_else(|| order.exchange_order_id.clone()),
        order_timestamp: entry.order_timestamp.or(order.order_timestamp),
        error_code: entry.error_code.filter(|_| next != OrderState::Complete),
        status_message: entry.status_message.as_deref().and_then(text_of),
        ..order.clone()
    };
    if known == *order {
        return Ok(Applied::Unchanged);
    }
    let event = event_of(order, &known);
    known.evidence = evidence;
    known.as_of = order.as_of.max(as_of);
    *order = known;
    Ok(Applied::Changed(event))
}

/// The entry's state in our words: brokers call an order cancelled or rejected although shares were filled.
fn canonical_state(entry: &BookEntry) -> Result<OrderState, Disbelief> {
    let (state, filled) = (entry.state, entry.filled);
    let contradiction = Err(Disbelief::Contradiction { state, filled });
    if filled > entry.quantity {
        return Err(Disbelief::Overfilled {
            ordered: entry.quantity,
            said: filled,
        });
    }
    if filled < Shares(0) || entry.average_price < Price(0) {
        return contradiction;
    }
    let (is_empty, is_full) = (filled == Shares(0), filled == entry.quantity);
    match state {
        OrderState::Open => Ok(OrderState::Open),
        OrderState::Complete if !is_full => contradiction,
        OrderState::Partial if is_empty => contradiction,
        OrderState::Rejected | OrderState::Cancelled if is_empty => Ok(state),
        OrderState::Complete | OrderState::Partial | OrderState::Rejected | OrderState::Cancelled => {
            Ok(if is_full {
                OrderState::Complete
            } else {
                OrderState::Partial
            })
        }
        OrderState::Queued | OrderState::Submitting | OrderState::Unknown | OrderState::Unplaced => {
            contradiction
        }
    }
}

fn event_of(before: &Order, after: &Order) -> &'static str {
    match after.state {
        OrderState::Complete => "order.complete",
        OrderState::Partial => "order.partial",
        OrderState::Rejected => "order.rejected",
        OrderState::Cancelled => "order.cancelled",
        _ if before.state != after.state => "order.accepted",
        _ if before.filled != after.filled => "order.filled",
        _ => "order.updated",
    }
}

/// The order is proven absent from the closed book of its trading day: the broker never took it.
///
/// # Errors
/// [`Disbelief::Backwards`] unless the order is unknown: what was accepted stays accepted.
pub fn apply_absence(order: &mut Order, as_of: Timestamp) -> Result<Applied, Disbelief> {
    if order.state != OrderState::Unknown {
        return Err(Disbelief::Backwards {
            from: order.state,
            to: OrderState::Unplaced,
        });
    }
    let text = "not placed: the broker's order book of the closed day does not contain this order";
    refuse(
        order,
        OrderErrorCode::AdapterError,
        text,
        Evidence::ClosedBook,
        as_of,
    )
}

#[cfg(test)]
pub(crate) mod tests;
