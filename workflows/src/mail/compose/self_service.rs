//! What mails say about self-service: the codes, and what a holder has to know of in case it was not
//! he.

use chrono::{DateTime, TimeZone, Utc};
use domain::{
    holder::HolderEvent,
    ids::{CardSerial, CommandId, SecretRef},
    self_service::CodePurpose,
};
use stores::vault::Code;
use uuid::Uuid;

use super::{Link, Paragraph, say};

/// R-08, U-08: a code is to be brought to the holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeNotice {
    /// What for.
    pub purpose: CodePurpose,
    /// Which registration or unlock.
    pub flow: CommandId,
    /// The code's id.
    pub code: Uuid,
    /// The version of the key that it is made with.
    pub key: u32,
    /// B-36: the how manieth of its flow, from 1.
    pub number: u8,
    /// With which card.
    pub card: CardSerial,
    /// Where the vault keeps the address.
    pub to: SecretRef,
    /// B-11: the first instant at which it is not good any more.
    pub expires_at: DateTime<Utc>,
}

impl CodeNotice {
    /// The code that an event sends, if it does.
    #[must_use]
    pub fn of(event: &HolderEvent) -> Option<Self> {
        if let HolderEvent::CodeSent { purpose, flow, code, key, number, card, to, expires_at } =
            event.clone()
        {
            Some(Self { purpose, flow, code, key, number, card, to, expires_at })
        } else {
            None
        }
    }

    /// Subject and paragraphs. The subject does not hold the code, because anybody may see it.
    pub(super) fn words<Zone: TimeZone>(
        &self,
        code: &Code,
        zone: &Zone,
    ) -> (String, Vec<Paragraph>) {
        let (subject, is, back) = match self.purpose {
            CodePurpose::Registration => (
                "Your registration code",
                "Your registration code for self-service is:",
                "Enter it in My profile, where you registered, in the same browser.",
            ),
            CodePurpose::Unlock => (
                "Your smartcard unlock code",
                "Your smartcard unlock code is:",
                "Enter it on the page where you are unlocking your smartcard, in the same browser.",
            ),
        };
        let which = match self.number {
            1 => "This is code 1.".to_owned(),
            n => format!("This is code {n}. Only the newest code works."),
        };
        let until = pages::date_and_time(self.expires_at, zone);
        let until = format!("{which} It works once, until {until}.");
        let code = code.grouped().to_string();
        let is = Paragraph { text: is.to_owned(), items: vec![code], link: None };
        let nobody = "Do not tell it to anybody. Nobody will ask you for it. If you did not ask for \
                      this code, tell the registration authority of your organisation.";
        let paragraphs = vec![is, say(until), say(back.to_owned()), say(nobody.to_owned())];
        (subject.to_owned(), paragraphs)
    }
}

/// What a holder is told about self-service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelfServiceNotice {
    /// R-11, B-42: he has registered, or changed what is registered.
    Registered {
        /// B-42: where the vault keeps the address that was in force before, if it is another one.
        former: Option<SecretRef>,
    },
    /// U-06: an unlock was started.
    UnlockStarted {
        /// Where, as the agent says.
        workstation: String,
    },
    /// U-12: it has succeeded.
    Unlocked,
    /// U-07: three attempts have failed.
    Blocked,
    /// B-41: a wrong account recovery passcode was entered too often.
    RecoveryPasscodeBlocked,
    /// B-37: too many codes became void.
    Paused {
        /// The first instant at which an unlock can be started again.
        until: DateTime<Utc>,
    },
}

impl SelfServiceNotice {
    /// Subject and paragraphs.
    pub(super) fn words<Zone: TimeZone>(
        &self,
        portal: &str,
        zone: &Zone,
    ) -> (String, Vec<Paragraph>) {
        let (subject, paragraphs) = match self {
            Self::Registered { .. } => (
                "You are registered for self-service",
                vec![
                    say("You are registered for self-service on your smartcard.".to_owned()),
                    say("If your smartcard is locked, or you forget its passcode, you can unlock it \
                         yourself: with your security questions, and with a code that is sent to \
                         the email address you have confirmed, and to no other."
                        .to_owned()),
                ],
            ),
            Self::UnlockStarted { workstation } => (
                "Somebody has started to unlock your smartcard",
                vec![say(started(workstation))],
            ),
            Self::Unlocked => (
                "Your smartcard has a new passcode",
                vec![say("Your smartcard was unlocked by self-service and has a new passcode. You \
                          can log in with it."
                    .to_owned())],
            ),
            Self::Blocked => (
                "Self-service is blocked",
                vec![
                    say("The security questions were answered wrongly three times. So your smartcard \
                         cannot be unlocked by self-service any more, not even with an account \
                         recovery passcode."
                        .to_owned()),
                    say("You can still log in with your smartcard if you know its passcode. To use \
                         self-service again, ask the registration authority of your organisation."
                        .to_owned()),
                ],
            ),
            Self::RecoveryPasscodeBlocked => (
                "Your account recovery passcode is blocked",
                vec![say("A wrong account recovery passcode was entered too often for unlocking your \
                          smartcard. It cannot be used for that before you have set a new one."
                    .to_owned())],
            ),
            Self::Paused { until } => {
                ("Unlocking your smartcard is paused", vec![say(paused(*until, zone))])
            }
        };
        let mut paragraphs = paragraphs;
        paragraphs.push(self.not_you(portal));
        (subject.to_owned(), paragraphs)
    }

    /// What to do if it was not he.
    fn not_you(&self, portal: &str) -> Paragraph {
        let text = match self {
            Self::Registered { .. } => {
                "If this was not you, somebody else has your smartcard and its passcode. Tell the \
                 registration authority of your organisation at once, and revoke your certificates."
            }
            Self::UnlockStarted { .. }
            | Self::Unlocked
            | Self::Blocked
            | Self::RecoveryPasscodeBlocked
            | Self::Paused { .. } => {
                "If this was not you, somebody else has your smartcard. Tell the registration \
                 authority of your organisation at once: they can revoke its certificates."
            }
        };
        let link = match self {
            Self::Registered { .. } => Some(Link {
                text: "Revoke your certificates",
                address: format!("{portal}/certificates/revoke"),
            }),
            Self::UnlockStarted { .. }
            | Self::Unlocked
            | Self::Blocked
            | Self::RecoveryPasscodeBlocked
            | Self::Paused { .. } => None,
        };
        Paragraph { text: text.to_owned(), items: vec![], link }
    }
}

/// B-37: until when, and who can help before.
fn paused<Zone: TimeZone>(until: DateTime<Utc>, zone: &Zone) -> String {
    let until = pages::date_and_time(pages::minute_from(until), zone);
    format!(
        "Wrong codes were entered too often. So your smartcard cannot be unlocked by self-service \
         until {until}. Before that, the registration authority of your organisation can unlock it."
    )
}

fn started(workstation: &str) -> String {
    let workstation = super::one_line(workstation);
    let place = if workstation.is_empty() {
        String::new()
    } else {
        format!(" at the workstation {workstation}")
    };
    format!(
        "Your smartcard was put into a card reader{place}, and somebody has started to unlock it. \
         If this was you, you do not have to do anything."
    )
}
