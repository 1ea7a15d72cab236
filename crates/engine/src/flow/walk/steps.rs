//! What the user of a walk does on each page.

use torana_brokers::BrokerReturn;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_domain::order::Side;
use torana_exchange::TPIN;

use super::super::access::FlowRun;
use super::super::act::Action;
use super::super::review::LineEdit;
use super::super::state::{Review, Step};
use super::request::{Decision, WalkEdit, WalkRequest};
use crate::context::Engine;
use crate::error::EngineError;

impl Engine {
    /// What the user does on this page.
    pub(super) fn next_action(
        &self,
        run: &FlowRun,
        request: &WalkRequest,
        account: Option<&str>,
    ) -> Result<Option<Action>, EngineError> {
        let fields =
            |name: &str, value: &str| BrokerReturn::Fields(vec![(name.to_owned(), value.to_owned())]);
        match request.decision {
            Decision::NoBroker => return Ok(Some(Action::LeaveBrokerMissing)),
            Decision::OpenAccount => return Ok(Some(Action::LeaveOpenAccount)),
            _ => {}
        }
        Ok(match run.state.step {
            Step::Chooser => request.broker.map(Action::ChooseBroker),
            Step::Notice => Some(Action::AcceptNotice),
            Step::ExistingSession => Some(Action::UseAnotherAccount),
            Step::Login if run.state.is_login_elsewhere => account.map(|_| Action::AcceptNotice),
            Step::Login => account.map(|account| Action::SubmitLogin(fields("account", account))),
            Step::Consent => Some(Action::Consent(request.decision != Decision::DenyConsent)),
            Step::Review => Some(Action::ConfirmReview(self.walk_edits(run, request)?)),
            Step::Checks => Some(if request.proceed_if_short {
                Action::AcceptShortfall
            } else {
                Action::LeaveShortfall
            }),
            Step::Authorise => Some(match (request.authorise, &run.state.authorise_at) {
                (false, _) => Action::SkipAuthorisation,
                (true, Some(_)) => Action::SubmitAuthorisation(BrokerReturn::Fields(Vec::new())),
                (true, None) => Action::SubmitAuthorisation(fields("tpin", TPIN)),
            }),
            Step::MarketClosed => Some(if request.amo {
                Action::AcceptAmo
            } else {
                Action::LeaveMarketClosed
            }),
            Step::Progress | Step::Done => None,
        })
    }

    /// The edits as the page would send them; a line that still lacks a value is refused.
    fn walk_edits(&self, run: &FlowRun, request: &WalkRequest) -> Result<Vec<LineEdit>, EngineError> {
        let mut edits = Vec::new();
        for (index, line) in run.state.review.lines.iter().enumerate() {
            let fits = |walk: &&WalkEdit| {
                let side = walk.edit.side.as_deref();
                walk.ticker == line.ticker
                    && (!line.side_fixed || side.is_none() || side == line.side.map(Side::as_str))
            };
            if let Some(walk) = request.edits.iter().find(fits) {
                edits.push(LineEdit {
                    line: index,
                    ..walk.edit.clone()
                });
            }
        }
        let review = self.edited(run, &edits);
        if review.problems.is_empty() {
            Ok(edits)
        } else {
            Err(edits_incomplete(&review))
        }
    }
}

/// What of a review the edits have left to mend.
pub(super) fn edits_incomplete(review: &Review) -> EngineError {
    let details = review.problems.iter().map(|problem| {
        let key = problem.problem.key();
        let line = review
            .lines
            .get(problem.line)
            .filter(|_| !problem.problem.is_of_basket());
        let of_what = line.map_or("basket", |line| line.ticker.as_str());
        format!("{of_what}: {key} {}", problem.detail)
            .trim_end()
            .to_owned()
    });
    ApiError::new(ErrorCode::EditsIncomplete).with_details(details)
}
