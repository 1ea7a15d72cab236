//! What the user of a walk does on the broker's own pages.

use torana_brokers::{BrokerPage, BrokerReturn, BrowserForm, Deed};
use torana_exchange::TPIN;

use super::super::access::{Browser, FlowRun};
use super::super::returns::Parameters;
use super::super::state::Step;
use crate::context::Engine;
use crate::error::EngineError;

impl Engine {
    /// Logs in at a page of the broker and comes back. False if the page does not let the user go on.
    pub(super) async fn log_in_outside(
        &self,
        run: &FlowRun,
        url: String,
        account: &str,
        browser: &Browser,
    ) -> Result<bool, EngineError> {
        let deed = Deed::LogIn {
            account: account.to_owned(),
        };
        let Some(back) = self.act_outside(run, BrokerPage::At(url), deed).await? else {
            return Ok(false);
        };
        let (key, _) = self.adapter(run)?;
        self.flow_return(run, key, back, browser).await?;
        Ok(true)
    }

    /// Clears shares at the page for it, where there is one. What came of it is found out by the page of ours beside it.
    pub(super) async fn authorise_outside(&self, run: &FlowRun) -> Result<(), EngineError> {
        if let (Step::Authorise, Some(url)) = (run.state.step, &run.state.authorise_at) {
            let deed = Deed::ClearShares {
                tpin: TPIN.to_owned(),
            };
            self.act_outside(run, BrokerPage::At(url.clone()), deed).await?;
        }
        Ok(())
    }

    /// Confirms the orders at the broker's page and comes back. If the page does not let the user, they wait there.
    pub(super) async fn confirm_outside(
        &self,
        flow_id: i64,
        form: BrowserForm,
        browser: &Browser,
    ) -> Result<(), EngineError> {
        let run = self.load_run(flow_id).await?;
        let Some(call) = self.flow_call(&run).await? else {
            return Ok(());
        };
        let deed = Deed::ConfirmOrders {
            account: call.session.account_id,
        };
        if let Some(back) = self.act_outside(&run, BrokerPage::Form(form), deed).await? {
            let (key, _) = self.adapter(&run)?;
            self.flow_return(&run, key, back, browser).await?;
        }
        Ok(())
    }

    /// What the browser comes back with from a page of the broker; `None` where nobody can act or the page does not let
    /// the user go on.
    async fn act_outside(
        &self,
        run: &FlowRun,
        page: BrokerPage,
        deed: Deed,
    ) -> Result<Option<Parameters>, EngineError> {
        let (_, broker) = self.adapter(run)?;
        let Some(user) = broker.test_user() else {
            return Ok(None);
        };
        Ok(match user.act(page, deed).await {
            Ok(BrokerReturn::Parameters(pairs) | BrokerReturn::Fields(pairs)) => Some(pairs),
            Err(error) => {
                tracing::info!(%error, transaction.id = %run.loaded.txn.public_id, "a page of the broker lets nobody go on");
                None
            }
        })
    }
}
