//! The words of the help pages.

use super::{HelpText, Topic};

impl Topic {
    /// What its page says.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table: one entry a topic")]
    pub fn text(self) -> HelpText {
        match self {
            Self::AgentNeverSeen => HelpText {
                slug: "card-software-not-found",
                title: "We cannot find your card software",
                meaning: &[
                    "The portal never talks to your smartcard itself. A small program on this computer, the card software, does that. It has never connected to us from here.",
                ],
                steps: &[
                    "Ask your IT help desk to install the card software on this computer and to enrol it.",
                    "Once it is running, go back to the page you came from and select ‘Check again’.",
                ],
                rule: None,
            },
            Self::AgentLost => HelpText {
                slug: "card-software-lost",
                title: "We have lost contact with your card software",
                meaning: &[
                    "The card software on this computer was connected before, but we do not hear from it any more. It may have been stopped, or the network may be down.",
                    "If it stays away for a minute we treat your card as removed and end your session.",
                ],
                steps: &[
                    "Wait a few seconds: it connects again by itself.",
                    "Select ‘Check again’.",
                    "If that does not help, restart the computer or ask your IT help desk.",
                ],
                rule: None,
            },
            Self::AgentTooOld => HelpText {
                slug: "card-software-too-old",
                title: "Your card software is too old",
                meaning: &[
                    "The card software on this computer speaks an older language than the portal. Nothing was done with your card.",
                ],
                steps: &["Ask your IT help desk to update the card software on this computer."],
                rule: None,
            },
            Self::PasscodePageMissing => HelpText {
                slug: "passcode-page-does-not-open",
                title: "The passcode page does not open",
                meaning: &[
                    "You enter your smartcard passcode on a page that the card software shows on this computer. Its address begins with http://127.0.0.1, which always means ‘this computer’. Your smartcard passcode never leaves it.",
                    "The page does not open if the card software is not running, or if you opened the portal on another computer than the one with the reader.",
                    "Your browser may ask once whether this website may reach programs on this computer.",
                ],
                steps: &[
                    "Open the portal on the computer that your card reader is plugged into.",
                    "If your browser asks, allow it.",
                    "If the page still does not open, ask your IT help desk to restart the card software.",
                ],
                rule: None,
            },
            Self::NoReader => HelpText {
                slug: "no-reader",
                title: "No card reader is plugged in",
                meaning: &["The card software is running, but it does not see a card reader."],
                steps: &[
                    "Plug in the reader. Use a socket on the computer rather than on the screen or keyboard.",
                    "Wait 10 seconds, then select ‘Check again’.",
                    "If it is still not found, ask your IT help desk to install the reader.",
                ],
                rule: None,
            },
            Self::ReaderNotApproved => HelpText {
                slug: "reader-not-approved",
                title: "Your card reader is not approved",
                meaning: &[
                    "Smartcards are only used in readers that have been checked. The card software knows the approved models by name and does not touch a card in any other. No passcode attempt was used.",
                ],
                steps: &[
                    "Use a reader of an approved model.",
                    "If you think that yours should be approved, tell your IT help desk its model name as shown on the page you came from.",
                ],
                rule: Some("B-60"),
            },
            Self::NoCard => HelpText {
                slug: "no-card",
                title: "There is no card in the reader",
                meaning: &["The reader is ready, but it does not see a card."],
                steps: &[
                    "Put your smartcard in the reader with the gold chip first.",
                    "Leave it there until you have finished.",
                    "Select ‘Check again’.",
                ],
                rule: None,
            },
            Self::CardNotRecognised => HelpText {
                slug: "card-not-recognised",
                title: "Your card is not recognised",
                meaning: &[
                    "There is a card in the reader, but it is not one that was issued by this service, or it was not read properly. No passcode attempt was used.",
                ],
                steps: &[
                    "Check that it is your smartcard and not a bank card or a door pass.",
                    "Take it out, wipe the gold chip with a dry cloth, and put it back.",
                    "If it is still not recognised, contact the registration authority of your organisation.",
                ],
                rule: None,
            },
            Self::OtherCard => HelpText {
                slug: "another-card",
                title: "There is another card in the reader",
                meaning: &[
                    "You started this with one smartcard, and another one is in the reader now. Nothing was changed on either.",
                ],
                steps: &[
                    "Put the card back that you logged in with.",
                    "If the other card is yours, log out and log in with it.",
                    "If it belongs to somebody else, give it back to them. Using another person’s card is misconduct.",
                ],
                rule: None,
            },
            Self::CardNotInUse => HelpText {
                slug: "card-not-in-use",
                title: "This smartcard is no longer in use",
                meaning: &[
                    "Each person has one smartcard. This one was replaced or cancelled, so it opens nothing any more.",
                ],
                steps: &[
                    "Use your current smartcard.",
                    "If you do not have another one, contact the registration authority of your organisation.",
                ],
                rule: Some("B-61"),
            },
            Self::CardRemoved => HelpText {
                slug: "card-removed",
                title: "Your card was taken out too early",
                meaning: &[
                    "The smartcard left the reader before the work on it was finished.",
                    "If the card had not been written to, nothing was changed. If it had, we find out what it holds when you next enter your passcode: it is either the old one or the new one, never something in between.",
                ],
                steps: &[
                    "Put your smartcard back in the reader.",
                    "Log in and start again, or look under ‘What happened’ to see how things stand.",
                ],
                rule: None,
            },
            Self::CardFault => HelpText {
                slug: "card-fault",
                title: "Your card gave an answer that we do not understand",
                meaning: &[
                    "The card software stopped because the card answered in a way it should not. It does not guess and does not try again by itself.",
                ],
                steps: &[
                    "Take the card out, put it back and try once more.",
                    "If it happens again, contact the registration authority of your organisation.",
                ],
                rule: None,
            },
            Self::CardLocked => HelpText {
                slug: "card-locked",
                title: "Your smartcard is locked",
                meaning: &[
                    "The wrong smartcard passcode was entered too often in a row, and the card now refuses every passcode, the right one too. Your account is not affected.",
                    "If you have registered for self-service, or have an account recovery passcode, you can unlock it yourself.",
                ],
                steps: &[
                    "Leave the card in the reader and select ‘Unlock your smartcard’.",
                    "If that is not possible, contact the registration authority or a sponsor of your organisation. They can unlock the card with you.",
                ],
                rule: Some("B-46"),
            },
            Self::ThreePasscodes => HelpText {
                slug: "three-passcodes",
                title: "What your passcodes are for",
                meaning: &[
                    "Your smartcard passcode opens the service, together with your card. You always have one. It is known to your card only, not to us.",
                    "Your account recovery passcode shows the registration authority that it is you when you ask them for help. You do not need to have one.",
                    "Your verification passcode shows a telephone service that it is you. You do not need to have one.",
                    "Each of them has to be changed every 365 days. In the 14 days before, we remind you every day. Afterwards you have 21 days in which you can log in only to change it. Then your account is locked. Your organisation may have decided that only an expired smartcard passcode locks it, and that any other then counts as not set.",
                ],
                steps: &[
                    "Change all of them at the same time, so that they are due on the same day.",
                    "Use a different one for each: you tell two of them to other people.",
                ],
                rule: Some("P-13"),
            },
            Self::PasscodeWrong => HelpText {
                slug: "passcode-wrong",
                title: "The smartcard passcode was not right",
                meaning: &[
                    "Your card checks the passcode itself and counts wrong ones. After the last try it locks. A right passcode sets the count back.",
                    "Capital and small letters are different.",
                ],
                steps: &[
                    "Look at how many tries are left before you enter another.",
                    "Use ‘Show’ beside the field to see what you are typing.",
                    "If you are not sure of it, stop and choose a new one: see ‘You have forgotten your smartcard passcode’.",
                ],
                rule: Some("P-25"),
            },
            Self::PasscodeForgotten => HelpText {
                slug: "passcode-forgotten",
                title: "You have forgotten your smartcard passcode",
                meaning: &[
                    "Nobody can look it up: it is known to your card only.",
                    "If you have registered for self-service, or have an account recovery passcode, you can choose a new one without the old one. Your card need not be locked for that.",
                ],
                steps: &[
                    "Do not guess: every wrong try counts.",
                    "Select ‘Unlock your smartcard’, and follow what the pages say.",
                    "If that is not possible, contact the registration authority or a sponsor of your organisation.",
                ],
                rule: Some("U-01"),
            },
            Self::PasscodeUsedBefore => HelpText {
                slug: "passcode-used-before",
                title: "You have used that passcode before",
                meaning: &[
                    "A new passcode must differ from the last five that you set of the same kind, the present one included. Nothing was changed.",
                ],
                steps: &["Choose a passcode that you have not used."],
                rule: Some("P-22"),
            },
            Self::PasscodeDue => HelpText {
                slug: "passcode-due",
                title: "Your passcode expires soon",
                meaning: &[
                    "Each passcode that you have set is good for 365 days. In the last 14 days we remind you once a day, by email and when you log in.",
                    "You can change it at once, or choose ‘Later’: then we do not show it again until the next day, and nothing is blocked.",
                ],
                steps: &[
                    "Select ‘Renew now’.",
                    "On Manage Passcodes, what is due is marked. Change it, and the others at the same time if you can: then they are due on the same day.",
                ],
                rule: Some("P-14"),
            },
            Self::PasscodeExpired => HelpText {
                slug: "passcode-expired",
                title: "Your passcode has expired",
                meaning: &[
                    "A passcode that was not changed within 365 days has to be changed before you can do anything else in the portal. You can still see your passcodes, change or remove them, read the help pages and log out.",
                    "You have 21 days for it. After that your account is locked, and only the registration authority of your organisation can unlock it. Your organisation may have decided that only an expired smartcard passcode locks it, and that any other then counts as not set.",
                ],
                steps: &[
                    "Open Manage Passcodes. What has expired is marked.",
                    "Enter a new passcode. An account recovery or verification passcode that you do not need you can remove instead.",
                    "When every expired passcode is changed or removed, everything opens again at once. You need not log in again.",
                ],
                rule: Some("B-17"),
            },
            Self::AccountLocked => HelpText {
                slug: "account-locked",
                title: "Your account is locked",
                meaning: &[
                    "One of your passcodes was not changed within 365 days and the 21 days after that.",
                    "This is not the same as a locked card, and you cannot undo it yourself.",
                ],
                steps: &[
                    "Visit the registration authority of your organisation with your smartcard. They check who you are, and you choose new passcodes there.",
                ],
                rule: Some("P-19"),
            },
            Self::SelfService => HelpText {
                slug: "self-service",
                title: "Registering for self-service, and unlocking your smartcard yourself",
                meaning: &[
                    "You register once, in My Profile: you choose 4 of 20 security questions, and confirm an email address. From then on you can unlock your smartcard yourself if it is locked, or if you have forgotten its passcode.",
                    "To unlock it you need the card itself, 2 to 4 of your answers, and a code that we send to the address. Then you choose a new passcode.",
                    "If you have an account recovery passcode, you can use that instead of answers.",
                    "We email you whenever somebody starts to unlock your smartcard. If it was not you, contact your registration authority at once.",
                ],
                steps: &[
                    "To register, log in, open My Profile, and select ‘Register’ in section 4.",
                    "To unlock your smartcard, put it in the reader and select ‘Unlock your smartcard’. You need not be logged in.",
                ],
                rule: Some("U-01"),
            },
            Self::CodeMissing => HelpText {
                slug: "code-does-not-arrive",
                title: "The code does not arrive",
                meaning: &[
                    "A registration or unlock code is sent at once, and works for 15 minutes. Some mail servers take a few minutes, and some take such emails for junk.",
                    "Only the newest code works. Email and page both say which one it is, for example ‘code 2’.",
                ],
                steps: &[
                    "Look in your Junk folder.",
                    "Check that the address on the page is yours.",
                    "Select ‘Send a new code’. You can do so a minute after the last one, and 5 times an hour.",
                    "When you register, you can use a different address. When you unlock, you cannot: contact the registration authority of your organisation.",
                ],
                rule: Some("B-36"),
            },
            Self::SelfServiceBlocked => HelpText {
                slug: "self-service-blocked",
                title: "Self-service is blocked",
                meaning: &[
                    "Security questions of yours were answered wrongly three times, without right answers in between. It does not matter when, or in which browser.",
                    "You cannot unlock your smartcard yourself, and you cannot change your questions. A card that is not locked works as before, and so does your account.",
                ],
                steps: &[
                    "Contact the registration authority of your organisation. They check who you are and release the block, and you set new answers.",
                    "If it was not you who answered, tell them so.",
                ],
                rule: Some("U-07"),
            },
            Self::RegistrationAuthorityUnlocks => HelpText {
                slug: "registration-authority-unlocks",
                title: "If you cannot unlock your smartcard yourself",
                meaning: &[
                    "Not everybody has registered, remembers the answers or can read the email. There is always another way: the registration authority of your organisation, or a sponsor, unlocks the smartcard with you.",
                    "They check who you are. You choose the new passcode yourself, and nobody else learns it.",
                ],
                steps: &[
                    "Contact the registration authority or a sponsor of your organisation.",
                    "Take your smartcard and a proof of identity with you.",
                ],
                rule: Some("U-07"),
            },
            Self::JobExpired => HelpText {
                slug: "out-of-time",
                title: "You ran out of time",
                meaning: &[
                    "From the moment you start, you have 10 minutes to enter your smartcard passcode. Then what you started ends. Nothing was changed, and any new passcodes you had entered for it cannot be used any more; they are deleted within a day.",
                ],
                steps: &["Start again when you have your card and your passcode at hand."],
                rule: None,
            },
            Self::JobElsewhere => HelpText {
                slug: "finished-in-another-window",
                title: "It was finished in another window",
                meaning: &[
                    "What comes of entering your passcode goes only to the browser window that you started in and that came back from the passcode page. Any other window is told only that it is over.",
                    "This protects you: nobody who knows the address of the page can step into your session.",
                ],
                steps: &[
                    "Look for the other window.",
                    "If you cannot find it, log in again here. Under ‘What happened’ you see what was changed.",
                    "If you did not start this yourself, tell the registration authority of your organisation.",
                ],
                rule: None,
            },
            Self::CardWriteUnknown => HelpText {
                slug: "card-write-not-known",
                title: "We do not know yet whether your card was changed",
                meaning: &[
                    "The link to your card was lost while your new smartcard passcode was being written. A passcode cannot be read back, so only the card can tell: it now has either the old passcode or the new one.",
                    "The other passcodes of the same update wait for the answer: all are changed, or none.",
                ],
                steps: &[
                    "Put your card back in the reader and log in. Try the new passcode first.",
                    "If the card refuses it, use the old one.",
                    "As soon as the card accepts one of them we know, and show it under ‘What happened’.",
                ],
                rule: Some("B-28"),
            },
            Self::CardUpdateInterrupted => HelpText {
                slug: "card-update-interrupted",
                title: "Renewing your certificates was interrupted",
                meaning: &[
                    "Your card makes its new keys itself, and has room for one of each kind: the old key is destroyed when the new one is made. When it stops in the middle, your card holds part of the old pair and part of the new one.",
                    "Nothing is lost. We know how far it got, and the card says what it holds. What is done is not done again, and it all counts as one renewal.",
                ],
                steps: &[
                    "Put your smartcard back in the reader and select ‘Try again’.",
                    "If you have closed the page, log in with your smartcard at any computer with a card reader, and select ‘Finish renewing’.",
                    "Until it is finished, your smartcard opens nothing else.",
                ],
                rule: Some("B-55"),
            },
            Self::CertificatesDue => HelpText {
                slug: "renew-certificates",
                title: "Renewing your certificates",
                meaning: &[
                    "Your smartcard holds two certificates, one to log in and one to sign. They expire, usually after two years. In the last 30 days you can renew them yourself, and we remind you every day. In the last 20 days you have to.",
                    "You can renew them yourself twice. The time after that, your registration authority has to check who you are.",
                ],
                steps: &[
                    "Log in, and select ‘Renew certificates now’.",
                    "Enter your smartcard passcode on the card software’s own page. Leave your card in the reader until we say that it is done.",
                    "Select ‘Continue’, and log in again.",
                ],
                rule: Some("C-01"),
            },
            Self::RegistrationAuthorityRenews => HelpText {
                slug: "registration-authority-renews",
                title: "Your registration authority renews your certificates",
                meaning: &[
                    "You have renewed your certificates yourself as often as is allowed. Before they are renewed again, somebody has to see you and check who you are.",
                    "You can go on working until they expire. After that you cannot log in.",
                ],
                steps: &[
                    "Make an appointment with the registration authority of your organisation.",
                    "Take your smartcard and a proof of identity with you. You renew the certificates there, with your own passcode.",
                ],
                rule: Some("C-04"),
            },
            Self::CertificatesExpired => HelpText {
                slug: "certificates-expired",
                title: "Your certificates have expired",
                meaning: &[
                    "The certificates on your smartcard were not renewed in time. You cannot log in with them, and cannot renew them yourself any more.",
                ],
                steps: &[
                    "Visit the registration authority of your organisation with your smartcard and a proof of identity.",
                ],
                rule: Some("B-52"),
            },
            Self::CertificatesRevoked => HelpText {
                slug: "certificates-revoked",
                title: "Your certificates are revoked",
                meaning: &[
                    "Certificates that are revoked open nothing any more, anywhere. This cannot be undone.",
                    "Your record, your passcodes and what happened stay as they are.",
                ],
                steps: &[
                    "Visit the registration authority of your organisation. They check who you are and give you a new smartcard.",
                    "If somebody else may have used your card, tell them that first.",
                ],
                rule: Some("C-15"),
            },
            Self::Browsers => HelpText {
                slug: "browsers",
                title: "Which browsers work",
                meaning: &[
                    "Every browser that is kept up to date works, on a computer and on a phone, and no browser is turned away. JavaScript is not needed: it only adds small things such as the ‘Show’ button beside a passcode.",
                    "Your smartcard needs a computer with a card reader and the card software.",
                ],
                steps: &["If a page looks wrong, update your browser first."],
                rule: Some("R-03"),
            },
        }
    }
}
