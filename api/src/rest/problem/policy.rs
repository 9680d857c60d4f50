//! Why a policy is not published, and why there is no forecast (B-14, B-59).

use axum::http::StatusCode;
use domain::refusal::{Refusal, RuleId};

use super::{FieldError, Problem};
use crate::{forecast::foretold::NotTold, policies::PublishError};

/// B-14.
const RULE: RuleId = RuleId::new("B-14");

impl Problem {
    /// B-14: it cannot follow the versions there are, or they were not read.
    pub(in crate::rest) fn of_publish(error: PublishError) -> Self {
        let status = match &error {
            PublishError::NotPublishable(_) | PublishError::Faults(_) | PublishError::NoReason => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            PublishError::Conflict | PublishError::ClockInDoubt | PublishError::TooMany => {
                StatusCode::CONFLICT
            }
            PublishError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let (rule, why, way_out) = (error.rule(), format!("{error}."), error.way_out());
        let errors = match error {
            PublishError::Failed(error) => return error.into(),
            PublishError::Faults(faults) => faults
                .into_iter()
                .map(|fault| FieldError {
                    field: fault.field,
                    rule: fault.rule,
                    message: fault.message,
                })
                .collect(),
            PublishError::NotPublishable(_)
            | PublishError::NoReason
            | PublishError::ClockInDoubt
            | PublishError::Conflict
            | PublishError::TooMany => vec![],
        };
        Self { errors, ..Self::of(status) }.by(rule).because(why).but(way_out)
    }

    /// B-14: what was sent as numbers are none.
    pub(in crate::rest) fn of_numbers(why: &str) -> Self {
        Self::of(StatusCode::UNPROCESSABLE_ENTITY)
            .by(RULE)
            .because(format!("These are no numbers of a policy: {why}."))
            .but("Name numbers as GET /api/policy/versions/{version} names them.")
    }

    /// B-59: there is nothing that he may be told.
    pub(in crate::rest) fn of_not_told(error: NotTold) -> Self {
        match error {
            NotTold::Refused(refusal) => Self::of_refusal(&Refusal::from(refusal)),
            NotTold::Nobody(code) => Self::of(StatusCode::UNPROCESSABLE_ENTITY)
                .by(const { RuleId::new("B-59") })
                .because(format!("Nobody is assigned to organisation {code} itself."))
                .but("Ask for an organisation to which people are assigned, or for everybody."),
            NotTold::Failed(error) => error.into(),
        }
    }
}
