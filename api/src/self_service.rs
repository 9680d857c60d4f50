//! *Register* and *Change* in My Profile, up to the point where the card is asked, and what follows
//! it: the code, another address, giving up. And what the page shows of it.
//!
//! Answers and address go to the vault first, where they wait for the event that names them; what is
//! typed is judged as a whole (R-05, B-35, B-42).

use chrono::{DateTime, Utc};
use domain::{
    decider::Decider as _,
    holder::HolderCommand,
    ids::{CardSerial, CommandId, EventId, HolderId, SecretRef},
    passcode::{Kind, OptionalKind, Passcode},
    refusal::Refusal,
    self_service::{
        self, Answer, AnswerFault, CodePurpose, Normalised, QUESTIONS_CHOSEN, QuestionId, SentCode,
        Status,
    },
};
use protocol::JobId;
use stores::{
    session::Session,
    token::TokenHash,
    vault::{NewPasscode, VaultError},
};
use workflows::{
    card_job::{self, Goal, PlannedRegistration},
    registration::{self, Next},
};
use zeroize::Zeroizing;

use crate::{
    app::App,
    codes::{self, Flow, NotDone},
    execute::{Actor, Cause, ExecuteError, Loaded},
    jobs::{OpenJob, same_value},
    renewals,
};

/// What an address is sealed for; part of what its seal covers. It belongs to a person, not to a
/// card (B-45), so its seal names none.
pub use stores::vault::SELF_SERVICE_EMAIL as EMAIL_PURPOSE;

/// How the vault calls the digest of an answer.
pub const ANSWER_KIND: &str = "answer";

/// Which secrets of a registration are its answers, from the first question on.
const ANSWER_SECRET: u32 = 20;

/// Which secret of a registration, or of *Use another address*, is the address.
const EMAIL_SECRET: u32 = 30;

/// The longest address (RFC 5321 4.5.3.1.3, without its brackets), in bytes.
pub const ADDRESS_BYTES_MAX: usize = 254;

/// The longest part before the `@` (RFC 5321 4.5.3.1.1), in bytes.
const LOCAL_BYTES_MAX: usize = 64;

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// Nothing was entered.
    #[error("Enter an email address")]
    Empty,
    /// It is none.
    #[error("Enter an email address in the correct format, like name@example.com")]
    NotAnAddress,
    /// B-42: policy lets codes be sent to certain domains only.
    #[error("Enter an email address that your organisation allows for self-service")]
    NotAllowed,
}

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
        match NotDone::from(error) {
            NotDone::Busy => Self::Busy,
            other => Self::Failed(other.into()),
        }
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
    match error {
        VaultError::Taken => Stopped::Taken,
        error => Stopped::Not(error.into()),
    }
}

async fn plan(
    app: &App,
    session: &Session,
    loaded: &Loaded,
    registration: CommandId,
    answers: Option<&[(QuestionId, &str)]>,
    email: &str,
) -> Result<PlannedRegistration, Stopped> {
    let given = match answers {
        Some(typed) => Some(judged(app, session, typed).await?),
        None => None,
    };
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
    seal(app, session.holder, planned.email, email).await.map_err(kept)?;
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

/// R-05, B-35: everything that is wrong with questions and answers, at once.
async fn judged(
    app: &App,
    session: &Session,
    typed: &[(QuestionId, &str)],
) -> Result<Given, NotBegun> {
    let given = self_service::judge(typed).map_err(NotBegun::Faults)?;
    let loaded = app.load(session.holder).await.map_err(anyhow::Error::from)?;
    let mut faults = Vec::new();
    for (place, (_, text)) in typed.iter().enumerate() {
        if is_passcode(app, &loaded, session.holder, text, &given[place].1).await? {
            let what = self_service::Fault::SameAsPasscode;
            faults.push(AnswerFault { place: self_service::Place::Answer(place), what });
        }
    }
    if faults.is_empty() { Ok(given) } else { Err(NotBegun::Faults(faults)) }
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
        answers: planned.answers.clone(),
        email: planned.email,
        code: codes::code_of(app, planned.registration),
    })
}

async fn seal(
    app: &App,
    holder: HolderId,
    secret: SecretRef,
    email: &str,
) -> Result<(), VaultError> {
    let entropy = app.entropy().bytes().into();
    let vault = &app.stores().vault;
    vault.seal(secret, holder, EMAIL_PURPOSE, "", email.as_bytes(), entropy, None, app.now()).await
}

/// B-42: what was typed is an address, and one that policy allows.
pub(crate) fn address<'a>(app: &App, typed: &'a str) -> Result<&'a str, AddressFault> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(AddressFault::Empty);
    }
    if !is_address(typed) {
        return Err(AddressFault::NotAnAddress);
    }
    if self_service::address_allowed(app.policy(), typed) {
        Ok(typed)
    } else {
        Err(AddressFault::NotAllowed)
    }
}

/// The forms that people have (RFC 5321 4.1.2, without quoted parts and address literals): a typing
/// error is found here, and who has mistyped it otherwise gets no code.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local = |character: char| {
        character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character)
    };
    let local_is_good = local.len() <= LOCAL_BYTES_MAX
        && local.split('.').all(|part| !part.is_empty() && part.chars().all(is_local));
    let label_is_good = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    let domain_is_good = domain.contains('.') && domain.split('.').all(label_is_good);
    text.len() <= ADDRESS_BYTES_MAX && local_is_good && domain_is_good
}

/// an address as it may be shown to whoever has the card, or is at the screen:
/// `n•••@example.org`.
#[must_use]
pub fn masked(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}•••@{domain}")
}

/// An address of the vault, masked; `None` if it is not there any more.
pub(crate) async fn masked_address(app: &App, secret: SecretRef) -> anyhow::Result<Option<String>> {
    let sealed = app.stores().vault.open_sealed(secret, EMAIL_PURPOSE, "", app.now()).await?;
    Ok(sealed.map(|bytes| masked(&String::from_utf8_lossy(&bytes))))
}

/// A registration whose card has agreed, as its browser sees it.
#[derive(Debug, Clone)]
pub struct RegistrationFlow {
    /// Its job, which names its pages.
    pub job: JobId,
    /// The registration.
    pub registration: CommandId,
    /// Whose.
    pub holder: HolderId,
    /// The card of the session it was begun in.
    pub card: CardSerial,
    /// What comes next.
    pub next: Next,
    /// where the newest code was sent, masked.
    pub address: Option<String>,
    /// From when on another code may be asked for; `None` if it may be now.
    pub next_code_at: Option<DateTime<Utc>>,
    /// True if the mail with the newest code was refused, or did not get through in time.
    pub undeliverable: bool,
}

/// How a registration stands: `None` unless its card has agreed, it is this holder's, and this browser
/// began it.
pub async fn flow(
    app: &App,
    session: &Session,
    job: JobId,
    browser: TokenHash,
) -> anyhow::Result<Option<RegistrationFlow>> {
    let Some(open) = app.job(job).await? else { return Ok(None) };
    let Goal::Register(planned) = &open.job.goal else { return Ok(None) };
    let is_his = planned.holder == session.holder && open.browser == Some(browser);
    if !is_his || !matches!(open.job.stage, card_job::Stage::Done(_)) {
        return Ok(None);
    }
    Ok(Some(standing_of(app, &open, planned).await?))
}

async fn standing_of(
    app: &App,
    open: &OpenJob,
    planned: &PlannedRegistration,
) -> anyhow::Result<RegistrationFlow> {
    let loaded = app.load(planned.holder).await?;
    let (context, holder) = (app.context(&loaded), &loaded.holder);
    let registration = planned.registration;
    let sent = holder.self_service().codes(CodePurpose::Registration, registration).last();
    let to = sent.map_or(planned.email, |sent: &SentCode| sent.to);
    Ok(RegistrationFlow {
        job: open.id,
        registration,
        holder: planned.holder,
        card: planned.card.clone(),
        next: registration::next(&context, holder, registration),
        address: masked_address(app, to).await?,
        next_code_at: holder.self_service().next_code_at(&context),
        undeliverable: codes::is_undeliverable(app, sent).await?,
    })
}

impl RegistrationFlow {
    fn codes(&self) -> Flow<'_> {
        Flow {
            purpose: CodePurpose::Registration,
            flow: self.registration,
            holder: self.holder,
            card: &self.card,
        }
    }
}

/// the code. The first that is right completes the registration; the address that was in force
/// before is told (B-42).
pub async fn enter_code(app: &App, flow: &RegistrationFlow, typed: &str) -> Result<(), NotDone> {
    codes::enter(app, flow.codes(), typed).await?;
    app.prune_vault(flow.holder).await;
    Ok(())
}

/// B-36: *Send a new code*.
pub async fn send_code(app: &App, flow: &RegistrationFlow) -> Result<(), NotDone> {
    codes::send(app, flow.codes()).await
}

/// R-07, B-42: *Use another address*, while the code is awaited: another code goes there.
pub async fn redirect(app: &App, flow: &RegistrationFlow, email: &str) -> Result<(), NotBegun> {
    let email = address(app, email)?;
    let command = app.entropy().command_id(app.now());
    let secret = SecretRef::derive(command, EMAIL_SECRET);
    seal(app, flow.holder, secret, email).await?;
    let redirect = HolderCommand::RedirectRegistration {
        registration: flow.registration,
        email: secret,
        code: codes::code_of(app, command),
    };
    let cause = Cause { command, begun_by: flow.registration };
    match app.execute(flow.holder, cause, Actor::Holder, &redirect).await {
        Ok(_) => Ok(()),
        Err(error) => {
            // Nothing names it.
            app.stores().vault.discard(&[secret]).await?;
            Err(not_begun(error))
        }
    }
}

fn not_begun(error: ExecuteError) -> NotBegun {
    match error {
        ExecuteError::Refused(refusal) => NotBegun::Refused(refusal),
        ExecuteError::Conflict => NotBegun::Busy,
        ExecuteError::Failed(error) => NotBegun::Failed(error),
    }
}

/// B-44: the holder gives it up; what he had entered for it is deleted.
pub async fn cancel(app: &App, flow: &RegistrationFlow) -> Result<(), NotDone> {
    let cancel = HolderCommand::CancelRegistration { registration: flow.registration };
    let command = app.entropy().command_id(app.now());
    let cause = Cause { command, begun_by: flow.registration };
    app.execute(flow.holder, cause, Actor::Holder, &cancel).await?;
    app.prune_vault(flow.holder).await;
    Ok(())
}

/// S-05: what section 4 of My Profile shows.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Registered, awaiting a code, blocked, paused.
    pub status: Status,
    /// The address in force, masked.
    pub address: Option<String>,
    /// The questions that were chosen.
    pub questions: Vec<QuestionId>,
    /// From when on another code may be asked for; `None` if it may be now.
    pub next_code_at: Option<DateTime<Utc>>,
}

/// How a holder stands with self-service.
pub async fn overview(app: &App, holder: HolderId) -> anyhow::Result<Overview> {
    let loaded = app.load(holder).await?;
    let (context, self_service) = (app.context(&loaded), loaded.holder.self_service());
    let active = self_service.active();
    Ok(Overview {
        status: self_service.status(&context),
        address: match active {
            Some(active) => masked_address(app, active.email).await?,
            None => None,
        },
        questions: active
            .map(|active| active.answers.iter().map(|answer| answer.question).collect())
            .unwrap_or_default(),
        next_code_at: self_service.next_code_at(&context),
    })
}

/// what the address field holds before anybody types: the address in force, or that of the
/// contact details. For the holder's own eyes.
pub async fn prefilled_address(app: &App, holder: HolderId) -> anyhow::Result<Option<String>> {
    let loaded = app.load(holder).await?;
    let vault = &app.stores().vault;
    if let Some(active) = loaded.holder.self_service().active() {
        let sealed = vault.open_sealed(active.email, EMAIL_PURPOSE, "", app.now()).await?;
        return Ok(sealed.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(vault.person(holder).await?.map(|person| person.email.clone()))
}

/// The job of the registration that waits for its code, if this browser began it: where section 4 of
/// My Profile leads.
#[must_use]
pub fn job_of(registration: CommandId) -> JobId {
    crate::jobs::job_of(registration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r08_an_address_is_shown_by_its_first_letter_and_its_domain() {
        assert_eq!(masked("nurse@example.org"), "n•••@example.org");
        assert_eq!(masked("n@example.org"), "n•••@example.org");
        assert_eq!(masked("élan@example.org"), "é•••@example.org");
    }

    #[test]
    fn r07_what_people_have_as_an_address_is_one_and_what_is_mistyped_is_none() {
        let longest = format!("a@{}.{}.{}.org", "b".repeat(80), "c".repeat(80), "d".repeat(86));
        assert_eq!(longest.len(), ADDRESS_BYTES_MAX);
        let local = "l".repeat(LOCAL_BYTES_MAX);
        for good in ["a@b.org", "first.last+tag@nhs.example.net", "o'neil@example.org", &longest] {
            assert!(is_address(good), "{good}");
        }
        assert!(is_address(&format!("{local}@b.org")) && !is_address(&format!("{local}l@b.org")));
        for bad in [
            "a",
            "a@",
            "@b.org",
            "a@b",
            "a b@c.org",
            "a@b..org",
            "a.@b.org",
            ".a@b.org",
            "a@-b.org",
            "a@b-.org",
            "a@b.org\n",
            "a\"b@c.org",
            "a@b@",
            "a,b@c.org",
            "a@[127.0.0.1]",
            &format!("a{longest}"),
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
