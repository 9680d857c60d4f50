//! What others have done about a holder, as one would tell it to him.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    desk::{Alarm, DeskEvent, Helper, IdentityCheck},
    holder::HolderEvent,
    passcode::OptionalKind,
};

use crate::fact::Fact;

/// What the holder has said himself, where others can say the same; `None` of all else.
pub(super) fn said(fact: &Fact<'_>) -> Option<String> {
    let is_own = matches!(fact.event, HolderEvent::Desk(DeskEvent::NotMeReported { .. }));
    (is_own && fact.actor == "holder")
        .then(|| "You said that something in this list was not done by you".to_owned())
}

/// What was done, in a sentence for the holder, without full stop. A ledger knows no time zone: what was
/// `at` an instant is told with it, and everything else as so long before or after it.
pub(super) fn sentence(event: &DeskEvent, at: DateTime<Utc>) -> String {
    match event {
        DeskEvent::Assigned { organisation, .. } => {
            format!("You were assigned to organisation {organisation}")
        }
        DeskEvent::AssignmentEnded { organisation, .. } => {
            format!("Your assignment to organisation {organisation} was ended")
        }
        DeskEvent::RoleGranted { role, organisation, .. } => {
            format!("You were made {} of organisation {organisation}", role.words())
        }
        DeskEvent::RoleWithdrawn { role, organisation, .. } => {
            format!("You are no longer {} of organisation {organisation}", role.words())
        }
        DeskEvent::IdentityVerified { card, check, .. } => {
            format!("{} and gave you smartcard {card}", identified(check))
        }
        DeskEvent::AccountUnlockRequested { check, glass: Some(organisation), .. } => format!(
            "An operator verified your identity at {} by {} and asked to have your account unlocked, \
             because nobody of the registration authority can act for organisation {organisation}; \
             another operator has to agree",
            check.place,
            check.evidence.words()
        ),
        DeskEvent::AccountUnlockRequested { check, .. } => format!(
            "Somebody of the registration authority vouched for you at {} to have your account \
             unlocked, and a colleague was asked to agree",
            check.place
        ),
        DeskEvent::AccountUnlockAuthorised { until, glass: Some(organisation), .. } => format!(
            "Two operators let you unlock your account for {}, because nobody of the registration \
             authority could act for organisation {organisation}",
            long(*until - at)
        ),
        DeskEvent::AccountUnlockAuthorised { check, until, .. } => {
            format!(
                "{} and let you unlock your account for {}",
                identified(check),
                long(*until - at)
            )
        }
        DeskEvent::AccountUnlocked { .. } => {
            "You unlocked your account with new passcodes".to_owned()
        }
        DeskEvent::SelfServiceReleased { check, .. } => {
            format!("{} and ended the block of your self-service", identified(check))
        }
        DeskEvent::CardUnlockAuthorised { by: Helper::Authority, until, check, .. } => format!(
            "{} and let you choose a new smartcard passcode for {}",
            check.as_ref().map_or_else(
                || "The registration authority helped you with your smartcard".to_owned(),
                identified
            ),
            long(*until - at)
        ),
        DeskEvent::CardUnlockAuthorised { by: Helper::Sponsor, until, .. } => format!(
            "A sponsor let you choose a new smartcard passcode for {}, with one more proof that it \
             is you",
            long(*until - at)
        ),
        DeskEvent::CertificatesSuspended { reason, .. } => {
            format!("Your certificates were suspended because {}", reason.words())
        }
        DeskEvent::CertificatesReinstated { .. } => {
            "The suspension of your certificates was ended".to_owned()
        }
        DeskEvent::CardReportedLost { loss, lost_at, .. } => {
            format!("Your smartcard was reported as {}, for {}", loss.words(), long(at - *lost_at))
        }
        DeskEvent::CardCancelled { card, reason, .. } => {
            format!("Smartcard {card} was taken out of use because {}", reason.words())
        }
        DeskEvent::ContactChanged { .. } => "Your contact details were changed".to_owned(),
        DeskEvent::AccountClosed { reason, .. } => {
            format!("Your account was closed because {}", reason.words())
        }
        DeskEvent::PersonErased { .. } => "Your name and address were erased".to_owned(),
        DeskEvent::PasscodeChecked { kind, matched, by, .. } => format!(
            "{} asked somebody for your {}, and what they said {}",
            by.words(),
            kind.kind().words(),
            if *matched { "was right" } else { "was not right" }
        ),
        DeskEvent::PasscodeCheckBlocked { kind, .. } => blocked(*kind),
        DeskEvent::PasscodeCheckReleased { kind, check, .. } => released(*kind, check),
        DeskEvent::NotMeReported { .. } => {
            "Somebody with one of your emails said that what it told was not done by you".to_owned()
        }
        DeskEvent::LossOverdue { card, since, .. } => format!(
            "Smartcard {card} may have been in somebody else's hands for {}, and was not taken out of \
             use in time",
            long(at - *since)
        ),
        DeskEvent::StaffAlerted { alarm, .. } => alerted(alarm),
        DeskEvent::RecordViewed { what, .. } => {
            format!("A member of staff looked at {}", what.words())
        }
    }
}

/// P-11, B-41.
fn blocked(kind: OptionalKind) -> String {
    format!(
        "Your {} was blocked because wrong ones were given too often: set a new one",
        kind.kind().words()
    )
}

/// P-11, B-41.
fn released(kind: OptionalKind, check: &IdentityCheck) -> String {
    let words = kind.kind().words();
    format!("{} and ended the block of your {words}: set a new one", identified(check))
}

/// What who is staff was told of.
fn alerted(alarm: &Alarm) -> String {
    match alarm {
        Alarm::LossOverdue => {
            "You were told of somebody's smartcard that was not taken out of use in time".to_owned()
        }
        Alarm::LastManager { organisation } => format!(
            "You were told that the only manager of organisation {organisation} has something to \
             renew"
        ),
        Alarm::NobodyLeft { organisation } => format!(
            "You were told that nobody who manages organisation {organisation} can act any more"
        ),
        Alarm::GlassBroken { organisation } => format!(
            "You were told that two operators let a manager of organisation {organisation} unlock an \
             account, because nobody else could"
        ),
    }
}

/// At the beginning of a sentence.
fn identified(check: &IdentityCheck) -> String {
    format!(
        "The registration authority verified your identity at {} by {}",
        check.place,
        check.evidence.words()
    )
}

/// In minutes up to two hours, then in hours up to two days, then in days; never nothing.
fn long(length: TimeDelta) -> String {
    let (n, what) = match (length.num_minutes(), length.num_hours(), length.num_days()) {
        (minutes @ ..120, _, _) => (minutes.max(1), "minute"),
        (_, hours @ ..48, _) => (hours, "hour"),
        (_, _, days) => (days, "day"),
    };
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use domain::{certificate::IdentityEvidence, desk::Checker};

    use super::*;

    #[test]
    fn b30_the_ledger_says_how_and_until_when_an_account_may_be_unlocked() {
        let authorised = DeskEvent::AccountUnlockAuthorised {
            card: "00A1".parse().unwrap(),
            until: "2026-04-03T09:30:00Z".parse().unwrap(),
            check: IdentityCheck {
                evidence: IdentityEvidence::Passport,
                place: "Ward office".to_owned(),
                second: None,
            },
            glass: None,
        };
        assert_eq!(
            sentence(&authorised, "2026-04-03T09:00:00Z".parse().unwrap()),
            "The registration authority verified your identity at Ward office by a passport and let you unlock your account for 30 minutes"
        );
    }

    #[test]
    fn p11_the_ledger_says_who_asked_for_a_passcode_and_what_came_of_it() {
        let checked = |matched| {
            let (kind, by) = (OptionalKind::Verification, Checker::Telephone);
            let checked = DeskEvent::PasscodeChecked { kind, matched, failures: 0, by };
            sentence(&checked, DateTime::UNIX_EPOCH)
        };
        let asked = "A telephone service asked somebody for your verification passcode, and what they said was";
        assert_eq!(checked(true), format!("{asked} right"));
        assert_eq!(checked(false), format!("{asked} not right"));
    }

    #[test]
    fn b57_the_ledger_says_how_long_a_card_had_been_lost_in_minutes_hours_or_days() {
        let lost = |before: TimeDelta| {
            let at: DateTime<Utc> = "2026-04-03T09:00:00Z".parse().unwrap();
            let (card, on) = ("00A1".parse().unwrap(), at.date_naive());
            let (loss, lost_at) = (domain::desk::Loss::Lost, at - before);
            sentence(&DeskEvent::CardReportedLost { card, on, loss, lost_at }, at)
        };
        let said = "Your smartcard was reported as lost, for";
        for (before, long) in [
            (TimeDelta::zero(), "1 minute"),
            (TimeDelta::minutes(119), "119 minutes"),
            (TimeDelta::minutes(120), "2 hours"),
            (TimeDelta::hours(47), "47 hours"),
            (TimeDelta::hours(48), "2 days"),
        ] {
            assert_eq!(lost(before), format!("{said} {long}"));
        }
    }
}
