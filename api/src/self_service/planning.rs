//! *Register* and *Change*, up to the point where the card is asked.
//!
//! Answers and address go to the vault first, where they wait for the event that names them; what is
//! typed is judged as a whole (R-05, B-35, B-42).

use domain::{
    decider::Decider as _,
    holder::HolderCommand,
    ids::{CommandId, EventId, HolderId, SecretRef},
    passcode::{Kind, OptionalKind, Passcode},
    refusal::Refusal,
    self_service::{self, Answer, AnswerFault, Denied, Normalised, QUESTIONS_CHOSEN, QuestionId},
};
use protocol::JobId;
use stores::{
    session::Session,
    token::TokenHash,
    vault::{Keep, NewPasscode, VaultError},
};
use workflows::card_job::{Goal, PlannedRegistration};
use zeroize::Zeroizing;

use super::{
    EMAIL_PURPOSE,
    address::{AddressFault, address, masked},
};
use crate::{
    app::App,
    codes::{self, NotDone},
    execute::{Actor, Cause, ExecuteError, Loaded},
    jobs::{
        passcode::{HISTORY_CHECKS_A_DAY, takes},
        same_value,
    },
    renewals,
};

/// How the vault calls the digest of an answer.
pub const ANSWER_KIND: &str = "answer";

/// Which secrets of a registration are its answers, from the first question on.
const ANSWER_SECRET: u32 = 20;

/// Which secret of a registration, or of *Use another address*, is the address.
const EMAIL_SECRET: u32 = 30;

/// Why a registration does not wait for the card.
#[derive(Debug, thiserror::Error)]
pub enum NotBegun {
    /// Everything that is wrong with questions and answers, at once.
    #[error("questions or answers are not right")]
    Faults(Vec<AnswerFault>),
    /// The address is not right.
    #[error(transparent)]
    Address(#[from] AddressFault),
    /// A rule says no to the whole of it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too much at the same moment; try again.
    #[error("too much is going on at this moment: please try again")]
    Busy,
    /// We failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<VaultError> for NotBegun {
    fn from(error: VaultError) -> Self {
        if matches!(error, VaultError::Busy) { Self::Busy } else { Self::Failed(error.into()) }
    }
}

impl From<NotBegun> for NotDone {
    fn from(not_begun: NotBegun) -> Self {
        match not_begun {
            NotBegun::Refused(refusal) => Self::Refused(refusal),
            NotBegun::Busy => Self::Busy,
            NotBegun::Failed(error) => Self::Failed(error),
            NotBegun::Faults(_) | NotBegun::Address(_) => Self::Failed(not_begun.into()),
        }
    }
}

/// B-35, B-42, B-43: *Register*, or *Change*: judged as a whole and, if all of
/// it is right, waiting for the card. `answers` is `None` where questions and answers stay as they are
/// and only the address changes.
///
/// `command` is the intention: the same again, with the same answers, finds its job.
pub async fn begin(
    app: &App,
    session: &Session,
    browser: TokenHash,
    command: CommandId,
    answers: Option<&[(QuestionId, &str)]>,
    email: &str,
) -> Result<JobId, NotBegun> {
    let email = address(app, email)?;
    let loaded = app.load(session.holder).await.map_err(anyhow::Error::from)?;
    match plan(app, session, &loaded, command, answers, email).await {
        // Another value under the same intention is another intention.
        Err(Stopped::Taken) => {
            let command = app.entropy().command_id(app.now());
            match plan(app, session, &loaded, command, answers, email).await {
                Ok(planned) => start(app, browser, planned).await,
                Err(Stopped::Taken) => Err(NotBegun::Busy),
                Err(Stopped::Not(not_begun)) => Err(not_begun),
            }
        }
        Ok(planned) => start(app, browser, planned).await,
        Err(Stopped::Not(not_begun)) => Err(not_begun),
    }
}

async fn start(
    app: &App,
    browser: TokenHash,
    planned: PlannedRegistration,
) -> Result<JobId, NotBegun> {
    Ok(app.start_job(Goal::Register(planned), browser).await?)
}

/// The texts of the questions that a registration chooses anew: none if the answers stay as they are.
#[must_use]
pub(crate) fn chosen_anew(planned: &PlannedRegistration) -> Vec<String> {
    let own = (0..).map(|place| SecretRef::derive(planned.registration, ANSWER_SECRET + place));
    let anew = planned.answers.iter().zip(own).filter(|(answer, own)| answer.secret == *own);
    anew.map(|(answer, _)| answer.question.text().to_owned()).collect()
}

/// Why a plan came to nothing.
enum Stopped {
    /// The vault has another value under this intention.
    Taken,
    Not(NotBegun),
}

impl<E: Into<NotBegun>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Not(error.into())
    }
}

fn kept(error: VaultError) -> Stopped {
    if matches!(error, VaultError::Taken) { Stopped::Taken } else { Stopped::Not(error.into()) }
}

async fn plan(
    app: &App,
    session: &Session,
    loaded: &Loaded,
    registration: CommandId,
    answers_typed: Option<&[(QuestionId, &str)]>,
    email: &str,
) -> Result<PlannedRegistration, Stopped> {
    let given: Option<Given> =
        answers_typed.map(self_service::judge).transpose().map_err(NotBegun::Faults)?;
    let answers = match &given {
        Some(given) => (0..)
            .zip(given)
            .map(|(place, (question, _))| answer(registration, place, *question))
            .collect(),
        None => standing(loaded)?,
    };
    let planned = PlannedRegistration {
        holder: session.holder,
        card: session.card.clone(),
        registration,
        answers,
        email: SecretRef::derive(registration, EMAIL_SECRET),
        masked: masked(email),
        session: hex::encode(session.token.0),
        logged_on_at: session.opened_at,
        asked_at: app.now(),
    };
    would_be_accepted(app, loaded, &planned)?;
    if let (Some(typed), Some(given)) = (answers_typed, &given) {
        no_passcodes(app, session, loaded, typed, given).await?;
    }
    for (place, (_, value)) in (0..).zip(given.iter().flatten()) {
        let row = NewPasscode {
            secret: SecretRef::derive(registration, ANSWER_SECRET + place),
            holder: session.holder,
            kind: ANSWER_KIND,
            event: EventId::derive(registration, 0),
        };
        let salt = app.entropy().bytes();
        app.stores()
            .vault
            .put_passcode(row, value.as_bytes(), salt, app.now())
            .await
            .map_err(kept)?;
    }
    seal(app, session.holder, registration, email).await.map_err(kept)?;
    Ok(planned)
}

fn answer(registration: CommandId, place: u32, question: QuestionId) -> Answer {
    Answer { question, secret: SecretRef::derive(registration, ANSWER_SECRET + place) }
}

/// B-43: the answers of the registration in force, for a change of address alone.
fn standing(loaded: &Loaded) -> Result<Vec<Answer>, NotBegun> {
    let active = loaded.holder.self_service().active();
    let answers = active.map(|active| active.answers.clone());
    answers.ok_or_else(|| Refusal::from(self_service::Refusal::NotFourQuestions).into())
}

type Given = [(QuestionId, Normalised); QUESTIONS_CHOSEN];

/// B-35: none of the answers is a passcode of the holder. Whoever sits at somebody else's session could
/// find one out like this, so that only so many forms a day are compared, whatever comes of them.
async fn no_passcodes(
    app: &App,
    session: &Session,
    loaded: &Loaded,
    typed: &[(QuestionId, &str)],
    given: &Given,
) -> Result<(), NotBegun> {
    let key = format!("answers-compared {}", session.holder);
    if !takes(app, &key, HISTORY_CHECKS_A_DAY).await? {
        return Err(Refusal::from(self_service::Refusal::TooManyForms).into());
    }
    let mut faults = Vec::new();
    for (place, (_, text)) in typed.iter().enumerate() {
        if is_passcode(app, loaded, session.holder, text, &given[place].1).await? {
            let what = self_service::Fault::SameAsPasscode;
            faults.push(AnswerFault { place: self_service::Place::Answer(place), what });
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let command = app.entropy().command_id(app.now());
    let note = HolderCommand::NoteSelfServiceRefused { what: Denied::AnswerIsPasscode {} };
    let noted = app.execute(session.holder, Cause::first(command), Actor::Holder, &note).await;
    noted.map_err(not_begun)?;
    Err(NotBegun::Faults(faults))
}

/// B-27, B-35: whether an answer, as it was typed or as it is compared, is one of the holder's
/// passcodes. The server never sees a smartcard passcode: it makes the tag that the answer would have,
/// and stores nothing.
async fn is_passcode(
    app: &App,
    loaded: &Loaded,
    holder: HolderId,
    typed: &str,
    normalised: &Normalised,
) -> Result<bool, NotBegun> {
    let passcodes = loaded.holder.passcodes();
    let current = |kind| passcodes.current(kind).map(|current| current.secret);
    let smartcard: Vec<_> = current(Kind::Smartcard).into_iter().collect();
    let others: Vec<_> =
        [Kind::AccountRecovery, Kind::Verification].into_iter().filter_map(current).collect();
    let vault = &app.stores().vault;
    let lengths = app.policy().smartcard.lengths;
    let mut forms = vec![typed.trim().as_bytes()];
    forms.extend((forms[0] != normalised.as_bytes()).then_some(normalised.as_bytes()));
    forms.retain(|form| lengths.contains(form.len()) && form.iter().all(u8::is_ascii_graphic));
    for form in forms {
        let tag = same_value::tag_of(app, holder, Zeroizing::new(form.to_vec())).await?;
        if vault.matching_tag(&smartcard, &tag).await?.is_some() {
            return Ok(true);
        }
    }
    let typed = Passcode::parse(OptionalKind::Verification, typed.trim(), app.policy());
    match typed {
        Ok(typed) => Ok(vault.matching(&others, typed.bytes()).await?.is_some()),
        Err(_) => Ok(false),
    }
}

/// What the rules say now, so that nobody is sent to the card in vain (B-17, B-34, B-36).
fn would_be_accepted(
    app: &App,
    loaded: &Loaded,
    planned: &PlannedRegistration,
) -> Result<(), NotBegun> {
    let command = command(app, loaded, planned)?;
    loaded.holder.decide(&app.context(loaded), command)?;
    Ok(())
}

/// what a registration asks of the holder's stream.
pub(crate) fn command(
    app: &App,
    loaded: &Loaded,
    planned: &PlannedRegistration,
) -> Result<HolderCommand, Refusal> {
    let proof = renewals::proof_of(app, planned.logged_on_at, &planned.card, loaded)?;
    Ok(HolderCommand::BeginRegistration {
        registration: planned.registration,
        proof,
        logged_on_at: planned.logged_on_at,
        asked_at: planned.asked_at,
        answers: (!chosen_anew(planned).is_empty()).then(|| planned.answers.clone()),
        email: planned.email,
        code: codes::code_of(app, planned.registration),
    })
}

/// Keeps an address for a command, under its [`EMAIL_SECRET`]; for a day, if the command comes to nothing.
pub(super) async fn seal(
    app: &App,
    holder: HolderId,
    command: CommandId,
    email: &str,
) -> Result<SecretRef, VaultError> {
    let (secret, entropy) =
        (SecretRef::derive(command, EMAIL_SECRET), app.entropy().bytes().into());
    let keep = Keep::IfNamedBy(EventId::derive(command, 0));
    let (vault, email) = (&app.stores().vault, email.as_bytes());
    vault.seal(secret, holder, EMAIL_PURPOSE, "", email, entropy, keep, app.now()).await?;
    Ok(secret)
}

pub(super) fn not_begun(error: ExecuteError) -> NotBegun {
    match error {
        ExecuteError::Refused(refusal) => NotBegun::Refused(refusal),
        ExecuteError::Conflict => NotBegun::Busy,
        ExecuteError::Failed(error) => NotBegun::Failed(error),
    }
}
