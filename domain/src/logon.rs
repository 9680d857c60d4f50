//! The check at every logon (A-01): passcodes and certificates.

use serde::{Deserialize, Serialize};

use crate::{
    calendar::Phase,
    card::Slot,
    certificate,
    context::Context,
    holder::Holder,
    ids::{CardSerial, CertificateSerial},
    passcode::Kind,
    refusal::RuleId,
};

/// B-10: the longest that a session lasts, in hours: what was decided at its opening holds so long.
pub const SESSION_HOURS_MAX: i64 = 12;

/// Proof that the holder's active card signed after it had accepted the smartcard passcode.
///
/// B-62: [`check`] takes one, so a logon that failed evaluates nothing and shows nothing.
/// Its fields are private; it is made by [`Authenticated::by_card`] and
/// [`Authenticated::vouched_by_service`] alone:
/// ```compile_fail
/// let proof = domain::logon::Authenticated { card: "0A".parse().unwrap() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    card: CardSerial,
}

impl Authenticated {
    /// P-05: to be called when a 9A signature of `card` has been verified with the key in the
    /// holder's record, and by nobody else: neither presence (9E) nor an account recovery passcode
    /// is enough. Refused if it is not the holder's active card (B-61), or if its certificates are
    /// revoked (C-15) or have expired (B-52).
    ///
    /// B-10: for something asked in a session, `ctx` is that of the session's opening.
    pub fn by_card(
        ctx: &Context<'_>,
        holder: &Holder,
        card: &CardSerial,
    ) -> Result<Self, LogonRefusal> {
        match holder.card() {
            Some(active) if active.card == *card => Self::with_good_certificates(ctx, holder, card),
            None if holder.desk().closed().is_some() => Err(LogonRefusal::AccountClosed),
            Some(_) | None => Err(LogonRefusal::CardNotKnown),
        }
    }

    /// B-52, C-15: no logon by a card whose certificates are no good. Who has to finish an update
    /// of his card (B-55), or may renew by leave of the registration authority (C-04), is let in.
    fn with_good_certificates(
        ctx: &Context<'_>,
        holder: &Holder,
        card: &CardSerial,
    ) -> Result<Self, LogonRefusal> {
        let proof = Self { card: card.clone() };
        let Some(standing) = holder.certificates(ctx) else { return Ok(proof) };
        match standing.phase {
            certificate::Phase::Revoked => Err(LogonRefusal::CertificatesRevoked),
            certificate::Phase::Suspended => Err(LogonRefusal::CertificatesSuspended),
            certificate::Phase::Expired
                if !standing.update_open && standing.authorised_until.is_none() =>
            {
                Err(LogonRefusal::CertificatesExpired)
            }
            certificate::Phase::Quiet
            | certificate::Phase::Alert
            | certificate::Phase::Forced
            | certificate::Phase::Expired => Ok(proof),
        }
    }

    /// A-01: to be called for a service that has authenticated the holder of this certificate
    /// itself, after the service has proved that it may say so, and by nobody else. Refused if it
    /// is not the authentication certificate (9A) of the holder's active card (B-61).
    pub fn vouched_by_service(
        ctx: &Context<'_>,
        holder: &Holder,
        certificate: &CertificateSerial,
    ) -> Result<Self, LogonRefusal> {
        let active = holder.card().filter(|card| {
            card.certificates
                .iter()
                .any(|on_it| on_it.slot == Slot::Authentication && on_it.serial == *certificate)
        });
        let active = active.ok_or(LogonRefusal::CardNotKnown)?;
        let proof = Self::with_good_certificates(ctx, holder, &active.card)?;
        // The certificate itself has to be good: nothing is finished or renewed at a service.
        let standing = holder.certificates(ctx);
        match standing.map(|standing| standing.phase) {
            Some(certificate::Phase::Expired) => Err(LogonRefusal::CertificatesExpired),
            Some(_) | None => Ok(proof),
        }
    }

    /// The card that proved it.
    #[must_use]
    pub fn card(&self) -> &CardSerial {
        &self.card
    }
}

/// Proof that the holder's active card is there: it signed with the key that needs no passcode
/// (9E), which works on a locked card, too. It says nothing about who holds it.
///
/// Its field is private; it is made by [`CardPresent::by_signature`] alone:
/// ```compile_fail
/// let proof = domain::logon::CardPresent { card: "0A".parse().unwrap() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardPresent {
    card: CardSerial,
}

impl CardPresent {
    /// B-40: to be called when a 9E signature of `card` has been verified with the key in the
    /// holder's record, and by nobody else. Refused if it is not the holder's active card (B-61).
    pub fn by_signature(holder: &Holder, card: &CardSerial) -> Result<Self, LogonRefusal> {
        match holder.card() {
            Some(active) if active.card == *card => Ok(Self { card: card.clone() }),
            Some(_) | None => Err(LogonRefusal::CardNotKnown),
        }
    }

    /// The card that proved it.
    #[must_use]
    pub fn card(&self) -> &CardSerial {
        &self.card
    }
}

/// What a logon opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything.
    Full,
    /// P-17, B-17: only what cures it.
    Restricted,
    /// P-18: nothing; the registration authority has to act.
    Locked,
}

/// A-02: an item that is due, or has to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Due {
    /// Which passcode.
    pub kind: Kind,
    /// Its phase, never current.
    #[serde(flatten)]
    pub phase: Phase,
}

impl Due {
    /// A-02, P-15: an alert may be declined, what is forced may not.
    #[must_use]
    pub fn may_decline(&self) -> bool {
        match self.phase {
            Phase::Current { .. } | Phase::Alert { .. } => true,
            Phase::Forced { .. } | Phase::Locked => false,
        }
    }
}

/// What the check at logon found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it opens.
    pub verdict: Verdict,
    /// What is due, worst first.
    pub due: Vec<Due>,
    /// What is due of the certificates, or of an update of the card.
    pub certificates: Option<certificate::Due>,
}

/// A-01, A-02, P-05, P-17, P-18, B-20, B-30, C-05, C-07, B-51, B-55: what a holder who has just been authenticated may do, and
/// what he is to be told.
#[must_use]
pub fn check(ctx: &Context<'_>, holder: &Holder, proof: &Authenticated) -> Check {
    let passcodes = holder.passcodes();
    let mut due: Vec<_> = Kind::ALL
        .into_iter()
        .filter_map(|kind| Some(Due { kind, phase: passcodes.phase(ctx, kind)? }))
        .filter(|due| 0 < due.phase.severity())
        .collect();
    due.sort_by_key(|due| std::cmp::Reverse(due.phase.severity()));
    let standing = holder.certificates(ctx);
    let restricts = standing.as_ref().is_some_and(|standing| standing.restricts);
    let verdict = match due.first().map(|due| due.phase) {
        // B-30: by leave of the registration authority he comes in to cure it.
        Some(Phase::Locked) if holder.desk().account_unlock(proof.card(), ctx.now).is_some() => {
            Verdict::Restricted
        }
        Some(Phase::Locked) => Verdict::Locked,
        Some(Phase::Forced { .. }) => Verdict::Restricted,
        None | Some(Phase::Current { .. } | Phase::Alert { .. }) if restricts => {
            Verdict::Restricted
        }
        None | Some(Phase::Current { .. } | Phase::Alert { .. }) => Verdict::Full,
    };
    let certificates = standing.as_ref().and_then(certificate::Due::of);
    Check { verdict, due, certificates }
}

/// Why a logon opened nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case", deny_unknown_fields)]
pub enum LogonRefusal {
    /// P-25, B-46: the card did not accept the smartcard passcode.
    #[error("That is not your smartcard passcode")]
    WrongPasscode {
        /// Tries left, as the agent says the card says; `None` if the card did not tell.
        tries_left: Option<u8>,
    },
    /// B-46: the card accepts no smartcard passcode until it is unlocked.
    #[error("Your smartcard is locked because a wrong passcode was entered too often")]
    CardLocked,
    /// B-61: it is not this holder's active card, or nobody's.
    #[error("This smartcard is not known, or is no longer in use")]
    CardNotKnown,
    /// B-62: the card's signature did not verify with the key in its record.
    #[error("Your smartcard could not be checked")]
    ProofNotValid,
    /// P-18, P-19: a passcode was left to expire too long.
    #[error("Your account is locked")]
    AccountLocked,
    /// B-52: past the last instant of the first certificate that ends.
    #[error("The certificates on your smartcard have expired")]
    CertificatesExpired,
    /// C-15, B-57: for ever.
    #[error("The certificates on your smartcard have been revoked")]
    CertificatesRevoked,
    /// B-57: until the registration authority ends it.
    #[error("The certificates on your smartcard are suspended")]
    CertificatesSuspended,
    /// B-45: for ever.
    #[error("Your account is closed")]
    AccountClosed,
}

impl LogonRefusal {
    /// The rule behind it.
    #[must_use]
    pub fn rule(self) -> RuleId {
        match self {
            Self::WrongPasscode { .. } => const { RuleId::new("P-25") },
            Self::CardLocked => const { RuleId::new("B-46") },
            Self::CardNotKnown => const { RuleId::new("B-61") },
            Self::ProofNotValid => const { RuleId::new("P-05") },
            Self::AccountLocked => const { RuleId::new("P-19") },
            Self::CertificatesExpired => const { RuleId::new("B-52") },
            Self::CertificatesRevoked => const { RuleId::new("C-15") },
            Self::CertificatesSuspended => const { RuleId::new("B-57") },
            Self::AccountClosed => const { RuleId::new("B-45") },
        }
    }

    /// What the holder can do about it.
    #[must_use]
    pub fn way_out(self) -> &'static str {
        match self {
            Self::WrongPasscode { .. } => {
                "Try again carefully: your smartcard locks when no tries are left."
            }
            Self::CardLocked => "Unlock your smartcard, or ask your registration authority.",
            Self::CardNotKnown | Self::ProofNotValid => {
                "Use your own current smartcard, or ask your registration authority."
            }
            Self::AccountLocked => {
                "Visit the registration authority of your organisation with your smartcard. Only they can unlock your account."
            }
            Self::CertificatesExpired => {
                "Visit the registration authority of your organisation with your smartcard. Only they can renew expired certificates."
            }
            Self::CertificatesRevoked => {
                "Ask the registration authority of your organisation for a new smartcard."
            }
            Self::CertificatesSuspended => {
                "Ask the registration authority of your organisation to end the suspension."
            }
            Self::AccountClosed => {
                "Ask the registration authority of your organisation if you need to be registered anew."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        samples::{card, proof, registered, serial, set},
        testing::instant,
    };

    /// The check of somebody whose smartcard passcode is of 2025-03-10 and whose verification
    /// passcode is of 2025-06-01.
    fn checked(today: &str) -> Check {
        registered("2025-03-10")
            .and(instant("2025-06-01T12:00:00Z"), [set(Kind::Verification, "2025-06-01", 2)])
            .on(today)
            .see(|ctx, holder| check(ctx, holder, &proof()))
    }

    fn kinds(check: &Check) -> Vec<(Kind, bool)> {
        check.due.iter().map(|due| (due.kind, due.may_decline())).collect()
    }

    #[test]
    fn a01_a_logon_with_nothing_due_is_full_and_shows_nothing() {
        assert_eq!(
            checked("2026-02-23"),
            Check { verdict: Verdict::Full, due: vec![], certificates: None }
        );
    }

    #[test]
    fn a02_what_is_due_may_be_declined_and_what_is_forced_may_not() {
        let alert = checked("2026-03-09");
        assert_eq!((alert.verdict, kinds(&alert)), (Verdict::Full, vec![(Kind::Smartcard, true)]));
        let forced = checked("2026-03-10");
        assert_eq!(forced.verdict, Verdict::Restricted);
        assert_eq!(kinds(&forced), [(Kind::Smartcard, false)]);
    }

    #[test]
    fn p18_a_logon_on_day_385_is_restricted_and_on_day_386_locked() {
        assert_eq!(checked("2026-03-30").verdict, Verdict::Restricted);
        assert_eq!(checked("2026-03-31").verdict, Verdict::Locked);
    }

    #[test]
    fn b20_the_worst_kind_decides_and_comes_first() {
        let both = checked("2026-06-01");
        assert_eq!(both.verdict, Verdict::Locked);
        assert_eq!(kinds(&both), [(Kind::Smartcard, false), (Kind::Verification, false)]);
    }

    #[test]
    fn p05_the_holders_own_card_is_accepted_and_another_is_not() {
        let registered = registered("2025-03-10").on("2025-03-10");
        registered.see(|ctx, holder| {
            assert!(Authenticated::by_card(ctx, holder, &card().card).is_ok());
            let other = Authenticated::by_card(ctx, holder, &serial("00FF"));
            assert_eq!(other, Err(LogonRefusal::CardNotKnown));
            let nobody = Authenticated::by_card(ctx, &Holder::default(), &card().card);
            assert_eq!(nobody, Err(LogonRefusal::CardNotKnown));
        });
    }

    #[test]
    fn a01_a_service_vouches_by_the_authentication_certificate_of_the_active_card_and_no_other() {
        let serial = |text: &str| -> CertificateSerial { text.parse().unwrap() };
        registered("2025-03-10").on("2025-03-10").see(|ctx, holder| {
            let vouched = Authenticated::vouched_by_service(ctx, holder, &serial("0a01"));
            assert_eq!(vouched.unwrap().card(), &card().card);
            for other in ["0a02", "0a03"] {
                let refused = Authenticated::vouched_by_service(ctx, holder, &serial(other));
                assert_eq!(refused, Err(LogonRefusal::CardNotKnown), "{other}");
            }
            let nobody = Holder::default();
            let nobody = Authenticated::vouched_by_service(ctx, &nobody, &serial("0a01"));
            assert_eq!(nobody, Err(LogonRefusal::CardNotKnown));
        });
    }

    #[test]
    fn b62_a_failed_logon_gives_no_proof_and_without_one_there_is_no_check() {
        // `check` takes an `Authenticated`, which only its constructors give (see its doc-test).
        registered("2025-03-10").on("2026-03-05").see(|ctx, holder| {
            let failed = Authenticated::by_card(ctx, holder, &serial("00FF"));
            let shown = failed.map(|proof| check(ctx, holder, &proof));
            assert_eq!(shown, Err(LogonRefusal::CardNotKnown));
        });
    }

    #[test]
    fn every_refusal_of_a_logon_names_its_rule_and_a_way_out() {
        let wrong = LogonRefusal::WrongPasscode { tries_left: Some(2) };
        assert_eq!(wrong.rule().as_str(), "P-25");
        for refusal in [wrong, LogonRefusal::CardLocked, LogonRefusal::AccountLocked] {
            assert!(refusal.way_out().ends_with('.'));
        }
    }
}
