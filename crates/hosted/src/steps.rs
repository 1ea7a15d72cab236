//! Which address belongs to which state of a flow.

use torana_domain::intent::Intent;
use torana_domain::order::{Order, OrderState, Variety};
use torana_domain::transaction::Status;
use torana_engine::Engine;
use torana_engine::flow::settle::{Presence, Settlement, decide};
use torana_engine::flow::{FlowPage, Step};
use torana_storage::gateway::batches::BatchRow;

/// The decision about the SDK's promise as of now.
pub fn settlement(engine: &Engine, page: &FlowPage) -> Settlement {
    let presence = Presence {
        flow: &page.run.flow,
        state: &page.run.state,
    };
    decide(&page.run.loaded, Some(presence), engine.wall_now())
}

/// Last segment of the address that shows a flow as it stands.
pub fn canonical(engine: &Engine, page: &FlowPage) -> &'static str {
    let loaded = &page.run.loaded;
    match loaded.txn.status {
        status if page.run.state.is_read && (status.is_terminal() || status == Status::Processing) => "done",
        Status::Processing if waits_for_user(page) && settlement(engine, page) == Settlement::Pending => {
            "hand-off"
        }
        // After-market orders that the broker took wait for the next session: there is no progress to watch.
        Status::Processing if loaded.batch.as_ref().is_some_and(waits_for_session) => "status",
        Status::Processing if loaded.batch.is_some() && settlement(engine, page) != Settlement::Pending => {
            "status"
        }
        Status::Processing if settlement(engine, page) != Settlement::Pending => "done",
        Status::Processing => "progress",
        status if status.is_terminal() => {
            if loaded.batch.is_some() {
                "status"
            } else if loaded.txn.error_code == Some(1001) {
                "mismatch"
            } else {
                "done"
            }
        }
        _ => page.step.as_str(),
    }
}

/// Whether another address may be shown without changing anything: the user looks back, or aside.
pub fn is_allowed(engine: &Engine, page: &FlowPage, step: &str) -> bool {
    let status = page.run.loaded.txn.status;
    let is_open = matches!(status, Status::Initialized | Status::Used) && page.step != Step::Done;
    match step {
        "brokers" | "broker-missing" | "open-account" => {
            status == Status::Initialized && page.view.may_choose_other
        }
        "cancel" => is_open,
        "review" => {
            matches!(page.step, Step::Checks | Step::Authorise | Step::MarketClosed)
                && matches!(page.run.loaded.txn.intent, Intent::Securities { .. })
        }
        "done" => !is_open && settlement(engine, page) != Settlement::Pending,
        _ => false,
    }
}

/// Whether there are orders that the user may still confirm at the broker.
fn waits_for_user(page: &FlowPage) -> bool {
    let is_unproven = |order: &Order| order.state == OrderState::Unknown;
    let batch = page.run.loaded.batch.as_ref();
    page.run.state.is_in_user_s_hands() && batch.is_some_and(|(_, orders)| orders.iter().any(is_unproven))
}

fn waits_for_session((batch, orders): &(BatchRow, Vec<Order>)) -> bool {
    batch.variety == Variety::Amo
        && orders
            .iter()
            .all(|order| order.state.is_accepted() || order.state.is_final())
}
