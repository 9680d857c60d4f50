//! The words of every situation, in one table.

use axum::http::StatusCode;

use super::Situation;

/// What a situation is called, what it means and what to do.
pub(in crate::page) struct Words {
    pub(in crate::page) title: &'static str,
    pub(in crate::page) meaning: &'static str,
    pub(in crate::page) steps: &'static [&'static str],
    /// Last part of the address of the portal's help page.
    pub(in crate::page) help: Option<&'static str>,
    /// What the link says that opens the same address again; `None` if that helps nobody.
    pub(in crate::page) again: Option<&'static str>,
    pub(in crate::page) status: StatusCode,
}

const CHECK_AGAIN: &str = "Check again";
const TRY_AGAIN: &str = "Try again";

/// For what is in the way until somebody does something about it.
const IN_THE_WAY: StatusCode = StatusCode::CONFLICT;

impl Situation {
    /// The words.
    #[expect(clippy::too_many_lines, reason = "a table: one entry a situation")]
    pub(in crate::page) fn words(&self) -> Words {
        match self {
            Self::NotFound => Words {
                title: "Page not found",
                meaning: "The card software has no page at this address.",
                steps: &["Go to the portal and start from there."],
                help: None,
                again: None,
                status: StatusCode::NOT_FOUND,
            },
            Self::OtherHost => Words {
                title: "This page was opened by another name",
                meaning: "To keep your passcode safe, the card software answers only at its own address, which begins with http://127.0.0.1. Nothing was done.",
                steps: &["Go to the portal and use its link to this page."],
                help: Some("passcode-page-does-not-open"),
                again: None,
                status: StatusCode::MISDIRECTED_REQUEST,
            },
            Self::FromElsewhere => Words {
                title: "This was sent by another website",
                meaning: "The card software takes passcodes from its own page only. Nothing was done, and no passcode attempt was used.",
                steps: &[
                    "Go to the portal and start from there.",
                    "If you did not do this yourself, tell your IT help desk.",
                ],
                help: None,
                again: None,
                status: StatusCode::FORBIDDEN,
            },
            Self::NoForm => Words {
                title: "We could not read what was sent",
                meaning: "What arrived was not the form of this page, or it was too long. Nothing was done, and no passcode attempt was used.",
                steps: &["Open the page again and fill in its form."],
                help: None,
                again: Some(TRY_AGAIN),
                status: StatusCode::BAD_REQUEST,
            },
            Self::UnknownJob(_) => Words {
                title: "This step is over",
                meaning: "You have 10 minutes for each step, and each can be finished once.",
                steps: &["Go to the portal and start again."],
                help: Some("out-of-time"),
                again: None,
                status: StatusCode::NOT_FOUND,
            },
            Self::ServerUnreachable => Words {
                title: "The card software cannot reach the service",
                meaning: "The card software on this computer has no connection to the service at the moment. It tries again by itself. Nothing was done with your card.",
                steps: &[
                    "Wait a few seconds, then select ‘Check again’.",
                    "If that does not help, ask your IT help desk.",
                ],
                help: Some("card-software-lost"),
                again: Some(CHECK_AGAIN),
                status: StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::AgentRevoked => Words {
                title: "This computer is not enrolled any more",
                meaning: "The service does not accept the card software of this computer any more. Nothing was done with your card.",
                steps: &[
                    "Ask your IT help desk to enrol this computer again.",
                    "Use another computer in the meantime.",
                ],
                help: Some("card-software-not-found"),
                again: Some(CHECK_AGAIN),
                status: StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::OtherVersion => Words {
                title: "Your card software is too old",
                meaning: "The card software on this computer and the service speak different versions of their language. Nothing was done with your card.",
                steps: &["Ask your IT help desk to update the card software on this computer."],
                help: Some("card-software-too-old"),
                again: Some(CHECK_AGAIN),
                status: StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::NoService => Words {
                title: "The smartcard service of this computer is not running",
                meaning: "The card software cannot reach any card reader, because the part of the system that connects them is not running.",
                steps: &[
                    "Wait a few seconds, then select ‘Check again’.",
                    "If that does not help, restart the computer or ask your IT help desk.",
                ],
                help: Some("no-reader"),
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::NoReader => Words {
                title: "No card reader is plugged in",
                meaning: "The card software is running, but it does not see a card reader.",
                steps: &["Plug in the reader, wait 10 seconds, then select ‘Check again’."],
                help: Some("no-reader"),
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::ReaderNotApproved { .. } => Words {
                title: "Your card reader is not approved",
                meaning: "Smartcards are only used in readers that have been checked. No passcode attempt was used.",
                steps: &["Use a reader of an approved model, then select ‘Check again’."],
                help: Some("reader-not-approved"),
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::NoCard => Words {
                title: "Put your smartcard in the reader",
                meaning: "The reader is ready, but there is no card in it.",
                steps: &[
                    "Put your smartcard in the reader with the gold chip first, then select ‘Check again’.",
                ],
                help: Some("no-card"),
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::SeveralCards(_) => Words {
                title: "Which smartcard is yours?",
                meaning: "The card software does not guess which one is meant. No passcode attempt was used.",
                steps: &[
                    "Select your smartcard above: its number is printed on it.",
                    "Or leave only your own smartcard in, then select ‘Check again’.",
                ],
                help: None,
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::CardNotRecognised => Words {
                title: "Your card is not recognised",
                meaning: "There is a card in the reader, but it is not a smartcard of this service, or it was not read properly. No passcode attempt was used.",
                steps: &[
                    "Check that it is your smartcard and the right way round.",
                    "Take it out, put it back, then select ‘Check again’.",
                ],
                help: Some("card-not-recognised"),
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::NoCommonRules => Words {
                title: "This kind of card cannot be used",
                meaning: "No passcode satisfies both the rules of your organisation and those of this card.",
                steps: &["Contact the registration authority of your organisation."],
                help: None,
                again: None,
                status: IN_THE_WAY,
            },
            Self::CardLocked => Words {
                title: "Your smartcard is locked",
                meaning: "The wrong smartcard passcode was entered too often in a row, and the card now refuses every passcode, the right one too.",
                steps: &[
                    "If you are registered for self-service, or have an account recovery passcode, select ‘Unlock your smartcard’ and do it yourself.",
                    "If not, contact the registration authority or a sponsor of your organisation: they can unlock the card with you.",
                ],
                help: Some("card-locked"),
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::Busy => Words {
                title: "Your card is being used",
                meaning: "The card software is working with the card already, for another window of this computer. Nothing was done for this one, and no passcode attempt was used.",
                steps: &["Wait until the other window has finished, then select ‘Check again’."],
                help: None,
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::CardInUse => Words {
                title: "Another program is using your card",
                meaning: "Another program on this computer holds the card. Nothing was changed.",
                steps: &["Close the other program, then select ‘Check again’."],
                help: None,
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::CardLost => Words {
                title: "Your card was taken out too early",
                meaning: "The smartcard left the reader before the work on it was finished. Nothing was changed.",
                steps: &["Put your smartcard back in the reader, then select ‘Check again’."],
                help: Some("card-removed"),
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::CardFault => Words {
                title: "Your card gave an answer that we do not understand",
                meaning: "The card software stopped because the card answered in a way it should not. Your passcode was not changed.",
                steps: &[
                    "Take the card out, put it back and try once more.",
                    "If it happens again, contact the registration authority of your organisation.",
                ],
                help: Some("card-fault"),
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::NotBlank => Words {
                title: "This card is not blank",
                meaning: "The card holds secrets of another service, so it cannot be made anybody’s here.",
                steps: &["Use a blank card, or have this one reset."],
                help: None,
                again: Some(CHECK_AGAIN),
                status: IN_THE_WAY,
            },
            Self::PukNotTaken => Words {
                title: "This card cannot be unlocked here",
                meaning: "The card does not take the unlocking key that the service has for it. Another program may have changed it. Your smartcard passcode was not changed.",
                steps: &[
                    "Contact the registration authority of your organisation: you need a new smartcard.",
                ],
                help: Some("card-fault"),
                again: None,
                status: IN_THE_WAY,
            },
            Self::NotWritten => Words {
                title: "Your card kept the old passcode",
                meaning: "The card did not take the new smartcard passcode. Nothing was changed: your old passcode is still the right one.",
                steps: &[
                    "Go to the portal and try again.",
                    "If it happens again, contact the registration authority of your organisation.",
                ],
                help: Some("card-fault"),
                again: None,
                status: IN_THE_WAY,
            },
            Self::NotUnlocked => Words {
                title: "Your card was not unlocked",
                meaning: "The card did not take the new smartcard passcode. It is as it was.",
                steps: &[
                    "Select ‘Try again’, or go to the portal.",
                    "If it happens again, contact the registration authority of your organisation.",
                ],
                help: Some("card-fault"),
                again: Some(TRY_AGAIN),
                status: IN_THE_WAY,
            },
            Self::UnlockUnknown => Words {
                title: "It is not known whether your card is unlocked",
                meaning: "The link to your card was lost while the new smartcard passcode was being written. Your card now has the new passcode, or it is as it was.",
                steps: &[
                    "Put your smartcard back in the reader.",
                    "Go to the portal and log in with the new passcode. If the card refuses it or is still locked, unlock it once more.",
                ],
                help: Some("card-write-not-known"),
                again: None,
                status: IN_THE_WAY,
            },
            Self::WriteUnknown => Words {
                title: "It is not known which passcode your card has",
                meaning: "The link to your card was lost while the new smartcard passcode was being written. Your card now has either the old passcode or the new one.",
                steps: &[
                    "Put your smartcard back in the reader.",
                    "Go to the portal and log in with the new passcode. If the card refuses it, use the old one. The rest follows by itself.",
                ],
                help: Some("card-write-not-known"),
                again: None,
                status: IN_THE_WAY,
            },
            Self::ServerLost => Words {
                title: "The connection to the service was lost",
                meaning: "The connection broke before the work was finished. Your smartcard passcode was not changed.",
                steps: &["Wait a few seconds, then go to the portal and start again."],
                help: Some("card-software-lost"),
                again: Some(CHECK_AGAIN),
                status: StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::WrittenServerLost => Words {
                title: "Your card has the new passcode, but the service does not know yet",
                meaning: "The new smartcard passcode is on your card. The connection to the service was lost before it could be told, so changes of your other passcodes wait.",
                steps: &[
                    "Go to the portal and log in with the new smartcard passcode. The rest follows by itself.",
                ],
                help: Some("card-write-not-known"),
                again: None,
                status: StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::UnlockedServerLost => Words {
                title: "Your card has the new passcode, but the service does not know yet",
                meaning: "The new smartcard passcode is on your card, and it can be used again. The connection to the service was lost before it could be told.",
                steps: &[
                    "Go to the portal and log in with the new smartcard passcode. The rest follows by itself.",
                ],
                help: Some("card-write-not-known"),
                again: None,
                status: StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::ServerFault => Words {
                title: "The service gave an answer that we do not understand",
                meaning: "The card software stopped because the service answered in a way it should not. Your smartcard passcode was not changed.",
                steps: &[
                    "Go to the portal and start again.",
                    "If it happens again, ask your IT help desk.",
                ],
                help: None,
                again: None,
                status: StatusCode::BAD_GATEWAY,
            },
            Self::Refused { again, .. } => Words {
                title: "This was not done",
                meaning: "",
                steps: if *again {
                    &["Select ‘Try again’, or go to the portal."]
                } else {
                    &["Go to the portal and start again."]
                },
                help: None,
                again: again.then_some(TRY_AGAIN),
                status: IN_THE_WAY,
            },
        }
    }
}
