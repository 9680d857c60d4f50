//! The aggregate: one person's passcodes, card, certificates and self-service, decided against one
//! consistent state, from one stream, `holder-<uuid>`.
//!
//! A holder is made of parts that each know their own events; this module only leads commands and
//! events to them, and knows what comes before everything else: being registered.

mod command;
mod encoding;
mod event;
#[cfg(test)]
mod golden;
mod origin;
mod rules;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};

pub use command::{HolderCommand, Registration};
pub use encoding::{Encoded, SCHEMA_MAX, UnknownEvent};
pub use event::HolderEvent;
pub use origin::Origin;

use crate::{
    card::{
        Card, CardUpdate, IssuedCard, Puk, Renewed,
        puk::{self, Puks},
    },
    certificate::{self, Standing, renewal, renewal::Visitor},
    context::Context,
    decider::Decider,
    desk,
    expiry::{self, Records, Topic},
    ids::{OrganisationCode, SecretRef},
    passcode::{Changes, Kind, Passcodes},
    policy::Policy,
    refusal::{self, RuleId},
    self_service::{self, Asked, SelfService},
    staff::Roles,
    unlock::{self, Tried},
};

/// One person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    registered: Registered,
    passcodes: Passcodes,
    card: Card,
    expiry: Records,
    certificates: certificate::Records,
    self_service: SelfService,
    puk: Puks,
    roles: Roles,
    desk: desk::Records,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Registered {
    #[default]
    NotYet,
    Yes,
}

/// What the person or the card is says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// P-03: nobody has registered this person.
    #[error("You are not registered")]
    NotRegistered,
    /// P-03: a person is registered once.
    #[error("This person is registered already")]
    AlreadyRegistered,
    /// B-61: the card that agreed is not the active one any more.
    #[error("This smartcard is no longer in use")]
    CardNotActive,
    /// A-02, P-17: what is forced cannot be put off.
    #[error("You have to change your passcode now: it has expired")]
    MayNotDecline,
    /// B-17: a session that a forced change has restricted may do no more than cure it.
    #[error("There is something you have to renew before you can do this")]
    RenewalRequired,
}

impl Refusal {
    /// The rule that says no.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        match self {
            Self::NotRegistered | Self::AlreadyRegistered => const { RuleId::new("P-03") },
            Self::CardNotActive => const { RuleId::new("B-61") },
            Self::MayNotDecline => const { RuleId::new("P-17") },
            Self::RenewalRequired => const { RuleId::new("B-17") },
        }
    }

    /// What can be done about it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::NotRegistered => "Ask the registration authority of your organisation.",
            Self::AlreadyRegistered => "Look the person up instead of registering them again.",
            Self::CardNotActive => "Log in with your current smartcard.",
            Self::RenewalRequired => "Go to Home: it says what you have to do.",
            Self::MayNotDecline => {
                "Go to Manage passcodes and change or remove every passcode that has expired."
            }
        }
    }
}

impl Holder {
    /// The passcode part.
    #[must_use]
    pub fn passcodes(&self) -> &Passcodes {
        &self.passcodes
    }

    /// B-61: the one active card.
    #[must_use]
    pub fn card(&self) -> Option<&IssuedCard> {
        self.card.active()
    }

    /// When the active card was issued.
    #[must_use]
    pub(crate) fn card_issued_at(&self) -> Option<DateTime<Utc>> {
        self.card.issued_at()
    }

    /// What is recorded of alerts, forced changes and locks.
    #[must_use]
    pub fn expiry(&self) -> &Records {
        &self.expiry
    }

    /// C-01 to C-07, B-12, B-48: how the certificates of the active card stand; none without one.
    #[must_use]
    pub fn certificates(&self, ctx: &Context<'_>) -> Option<Standing> {
        Standing::of(ctx, self)
    }

    /// What is recorded of renewals, alerts and revocation.
    #[must_use]
    pub fn certificate_records(&self) -> &certificate::Records {
        &self.certificates
    }

    /// The self-service part: registration, codes, attempts, unlock.
    #[must_use]
    pub fn self_service(&self) -> &SelfService {
        &self.self_service
    }

    /// B-58, B-59: what he may do as staff, and where he works.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// What others have done about him.
    #[must_use]
    pub fn desk(&self) -> &desk::Records {
        &self.desk
    }

    /// Which PUK the active card has.
    #[must_use]
    pub fn puk(&self) -> Puk {
        self.puk.puk()
    }

    /// All that is recorded of it.
    pub(crate) fn puks(&self) -> &Puks {
        &self.puk
    }

    /// B-55: the update of the active card that is open.
    #[must_use]
    pub fn card_update(&self) -> Option<&CardUpdate> {
        self.card.updates().open()
    }

    /// The update that was committed last.
    pub(crate) fn renewed(&self) -> Option<Renewed> {
        self.card.updates().renewed()
    }

    /// Every reference that the vault still has to keep for this holder.
    #[must_use]
    pub fn kept(&self, policy: &Policy) -> Vec<SecretRef> {
        if self.desk.erased_on().is_some() {
            return vec![];
        }
        let mut kept = self.passcodes.kept(policy);
        kept.extend(self.card_update().into_iter().flat_map(CardUpdate::secrets));
        kept.extend(self.self_service.kept());
        kept.extend(self.puk.kept());
        kept
    }

    /// P-03: true once the person has been registered.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.registered == Registered::Yes
    }

    fn register(
        &self,
        ctx: &Context<'_>,
        registration: Registration,
        organisation: Option<OrganisationCode>,
    ) -> Result<Vec<HolderEvent>, refusal::Refusal> {
        if self.is_registered() {
            let repeat = self.passcodes.knows(Kind::Smartcard, registration.smartcard);
            return if repeat { Ok(vec![]) } else { Err(Refusal::AlreadyRegistered.into()) };
        }
        let on = ctx.today();
        let passcodes = registration.passcodes();
        let verified = desk::verified(ctx, &registration)?;
        let (card, secret) = (registration.card.card.clone(), registration.puk);
        let mut events = vec![HolderEvent::HolderRegistered {}];
        if let Some(organisation) = organisation {
            events.extend(self.roles.assign(organisation, on)?);
        }
        events.extend([
            verified,
            HolderEvent::CardIssued(registration.card),
            HolderEvent::PukRecorded { card, secret },
        ]);
        events.extend(passcodes.into_iter().flatten().map(|(kind, secret)| {
            HolderEvent::PasscodeSet { kind, on, secret, origin: Origin::Registration }
        }));
        Ok(events)
    }

    fn change(
        &self,
        ctx: &Context<'_>,
        changes: &Changes,
    ) -> Result<Vec<HolderEvent>, refusal::Refusal> {
        if !self.is_registered() {
            return Err(Refusal::NotRegistered.into());
        }
        let active = self.card().map(|card| &card.card);
        if active != Some(changes.proof.card()) {
            return Err(Refusal::CardNotActive.into());
        }
        // B-55: what was asked for before the card was opened has to be recorded all the same.
        let blocks = |open: &CardUpdate| open.is_touched() && open.begun_at <= changes.asked_at;
        if self.card_update().is_some_and(blocks) {
            return Err(certificate::Refusal::UpdateOpen.into());
        }
        // P-19, B-30: by leave of the registration authority. It is no decision of the log-on (B-10),
        // and has to stand when the change is asked for.
        let asked_at = changes.asked_at.min(ctx.now);
        let leave = self.desk.account_unlock(changes.proof.card(), asked_at);
        Ok(self.passcodes.change(ctx, changes, leave.is_some())?)
    }

    fn decline(
        &self,
        ctx: &Context<'_>,
        topic: Topic,
        on: NaiveDate,
    ) -> Result<Vec<HolderEvent>, refusal::Refusal> {
        match topic {
            Topic::Passcodes => Ok(self.expiry.decline(ctx, &self.passcodes, topic, on)?),
            Topic::Certificates => Ok(certificate::decline(ctx, self, on)?),
        }
    }

    /// Something to be remembered, whatever the state, of a person who is known.
    fn note(&self, event: HolderEvent) -> Result<Vec<HolderEvent>, refusal::Refusal> {
        if self.is_registered() { Ok(vec![event]) } else { Err(Refusal::NotRegistered.into()) }
    }
}

impl Decider for Holder {
    type Command = HolderCommand;
    type Event = HolderEvent;
    type Refusal = refusal::Refusal;

    #[expect(clippy::too_many_lines, reason = "a table: what is asked, and which part decides")]
    fn decide(
        &self,
        ctx: &Context<'_>,
        command: HolderCommand,
    ) -> Result<Vec<HolderEvent>, refusal::Refusal> {
        match command {
            HolderCommand::Register { registration, organisation } => {
                self.register(ctx, registration, organisation)
            }
            HolderCommand::ChangePasscodes(changes) => self.change(ctx, &changes),
            HolderCommand::NoteChangedElsewhere { secret } => {
                if self.passcodes.knows(Kind::Smartcard, secret) {
                    return Ok(vec![]);
                }
                self.note(HolderEvent::PasscodeChangedElsewhere { secret })
            }
            HolderCommand::NoteUsedBefore { kind } => {
                self.note(HolderEvent::UsedBeforeRefused { kind })
            }
            HolderCommand::NoteSelfServiceRefused { what } => {
                self.note(HolderEvent::SelfServiceRefused { what })
            }
            HolderCommand::NoteLogonRefused { reason } => {
                self.note(HolderEvent::LogonRefused { reason })
            }
            HolderCommand::RecordExpiry { occasion } => Ok(expiry::missing(ctx, self, occasion)),
            HolderCommand::DeclineAlert { topic, on } => self.decline(ctx, topic, on),
            HolderCommand::NoteRestrictedSession {} => {
                self.note(HolderEvent::RestrictedSessionOpened { on: ctx.today() })
            }
            HolderCommand::BeginCardUpdate { update, job, proof, logged_on_at, asked_at } => {
                let visitor = Visitor { update, job };
                renewal::begin(ctx, self, visitor, &proof, (logged_on_at, asked_at))
            }
            HolderCommand::ResumeCardUpdate { update, job } => {
                renewal::resume(self, Visitor { update, job })
            }
            HolderCommand::OpenCardWrite { update, job, slot, write } => {
                renewal::open_write(ctx, self, Visitor { update, job }, slot, write)
            }
            HolderCommand::NoteKeyMade { update, job, slot, key, request } => {
                renewal::key_made(self, Visitor { update, job }, slot, key, request)
            }
            HolderCommand::NoteKeyKept { job, kept } => renewal::key_kept(self, job, kept),
            HolderCommand::NoteCertificateIssued { update, job, certificate, secret } => {
                renewal::certificate_issued(self, Visitor { update, job }, certificate, secret)
            }
            HolderCommand::NoteCertificateWritten { update, job, slot } => {
                renewal::certificate_written(self, Visitor { update, job }, slot)
            }
            HolderCommand::CommitCardUpdate { update, job } => {
                renewal::commit(ctx, self, Visitor { update, job })
            }
            HolderCommand::AcknowledgeRenewal { update } => renewal::acknowledge(self, update),
            HolderCommand::RevokeCertificates { proof, reason } => {
                renewal::revoke(ctx, self, &proof, reason)
            }
            HolderCommand::AuthoriseRenewal(visit) => renewal::authorise(ctx, self, visit),
            HolderCommand::NoteRenewalObstructed { obstacle } => {
                Ok(certificate::note(ctx, self, obstacle))
            }
            HolderCommand::DeferRenewal {} => Ok(certificate::defer(ctx, self)?),
            HolderCommand::BeginRegistration {
                registration,
                proof,
                logged_on_at,
                asked_at,
                answers,
                email,
                code,
            } => {
                let asked = Asked { registration, answers, email, code };
                self_service::begin(ctx, self, &proof, (logged_on_at, asked_at), asked)
            }
            HolderCommand::RedirectRegistration { registration, email, code } => {
                self_service::redirect(ctx, self, registration, email, code)
            }
            HolderCommand::CancelRegistration { registration } => {
                Ok(self_service::cancel(self, registration))
            }
            HolderCommand::SendCode { purpose, flow, code } => {
                self_service::send(ctx, self, (purpose, flow), code)
            }
            HolderCommand::EnterCode { purpose, flow, found } => {
                self_service::enter(ctx, self, (purpose, flow), found)
            }
            HolderCommand::StartUnlock { unlock, proof, draw, workstation, reader } => {
                unlock::start(ctx, self, unlock, &proof, draw, (workstation, reader))
            }
            HolderCommand::RefuseUnlock { unlock, proof, workstation, reader } => {
                Ok(unlock::refuse(self, unlock, &proof, (workstation, reader)))
            }
            HolderCommand::AnswerQuestions { unlock, attempt, right, code } => {
                unlock::answer(ctx, self, unlock, (attempt, right), code)
            }
            HolderCommand::TryRecoveryPasscode { unlock, right, code } => {
                unlock::try_recovery_passcode(ctx, self, unlock, Tried { right, code })
            }
            HolderCommand::CompleteUnlock { unlock, secret } => {
                unlock::complete(ctx, self, unlock, secret)
            }
            HolderCommand::RecordPuk { card, secret } => puk::record(self, card, secret),
            HolderCommand::ReleasePuk { job, unlock, card, to } => {
                puk::release(ctx, self, puk::Asker { job, unlock }, card, to)
            }
            HolderCommand::ProbePuk { job, card } => puk::probe(self, job, card),
            HolderCommand::SettlePuk { step, card, secret } => {
                puk::settle(self, step, card, secret)
            }
            HolderCommand::RuleOutPuk { step, card, secret } => {
                puk::rule_out(self, step, card, secret)
            }
            HolderCommand::ReplacePuk { step, card } => puk::replace(self, step, card),
            HolderCommand::Desk(command) => desk::decide(ctx, self, command),
        }
    }

    fn evolve(self, at: DateTime<Utc>, event: &HolderEvent) -> Self {
        let registered = match event {
            HolderEvent::HolderRegistered {} => Registered::Yes,
            HolderEvent::CardIssued(_)
            | HolderEvent::PasscodeSet { .. }
            | HolderEvent::PasscodeBlanked { .. }
            | HolderEvent::PasscodeChangedElsewhere { .. }
            | HolderEvent::UsedBeforeRefused { .. }
            | HolderEvent::SelfServiceRefused { .. }
            | HolderEvent::HistoryCyclingFlagged { .. }
            | HolderEvent::LogonRefused { .. }
            | HolderEvent::AlertRaised { .. }
            | HolderEvent::AlertDeclined { .. }
            | HolderEvent::RenewalForced { .. }
            | HolderEvent::LockAnnounced { .. }
            | HolderEvent::AccountLocked { .. }
            | HolderEvent::RestrictedSessionOpened { .. }
            | HolderEvent::CardUpdateBegun { .. }
            | HolderEvent::CardUpdateResumed { .. }
            | HolderEvent::CardWriteOpened { .. }
            | HolderEvent::CardKeyMade { .. }
            | HolderEvent::CardKeyKept(_)
            | HolderEvent::CertificateIssued { .. }
            | HolderEvent::CertificateAbandoned { .. }
            | HolderEvent::CertificateWritten { .. }
            | HolderEvent::CertificatesRenewed { .. }
            | HolderEvent::CardUpdateAbandoned { .. }
            | HolderEvent::RenewalAcknowledged { .. }
            | HolderEvent::CertificatesRevoked { .. }
            | HolderEvent::RenewalAuthorised { .. }
            | HolderEvent::Desk(_)
            | HolderEvent::CertificateAlertRaised { .. }
            | HolderEvent::RaRenewalNeeded { .. }
            | HolderEvent::RenewalObstructed { .. }
            | HolderEvent::RenewalDeferred { .. }
            | HolderEvent::RegistrationBegun { .. }
            | HolderEvent::RegistrationCompleted { .. }
            | HolderEvent::RegistrationCancelled { .. }
            | HolderEvent::RegistrationRedirected { .. }
            | HolderEvent::CodeSent { .. }
            | HolderEvent::CodeRefused { .. }
            | HolderEvent::CodeVoided { .. }
            | HolderEvent::CodeAccepted { .. }
            | HolderEvent::UnlockPaused { .. }
            | HolderEvent::UnlockStarted { .. }
            | HolderEvent::QuestionsDrawn { .. }
            | HolderEvent::UnlockRefused { .. }
            | HolderEvent::AnswersWrong { .. }
            | HolderEvent::AnswersRight { .. }
            | HolderEvent::SelfServiceBlocked { .. }
            | HolderEvent::RecoveryPasscodeWrong { .. }
            | HolderEvent::RecoveryPasscodeBlocked { .. }
            | HolderEvent::RecoveryPasscodeRight { .. }
            | HolderEvent::UnlockCompleted { .. }
            | HolderEvent::PukRecorded { .. }
            | HolderEvent::PukReleased { .. }
            | HolderEvent::PukProbed { .. }
            | HolderEvent::PukSettled { .. }
            | HolderEvent::PukRuledOut { .. }
            | HolderEvent::PukLost { .. }
            | HolderEvent::PukReplaced { .. } => self.registered,
        };
        let card = self.card.evolve(at, event);
        let active = card.active().map(|active| &active.card);
        Self {
            registered,
            passcodes: self.passcodes.evolve(at, event),
            self_service: self.self_service.evolve(at, event),
            puk: self.puk.evolve(at, active, event),
            card,
            expiry: self.expiry.evolve(event),
            desk: self.desk.evolve(at, event),
            certificates: self.certificates.evolve(event),
            roles: if let HolderEvent::Desk(event) = event {
                self.roles.evolve(event)
            } else {
                self.roles
            },
        }
    }
}
