//! People of a desk with organisations, roles and sessions, without anybody having gone to a card reader: for tests of
//! who may do what, where there are more people than cards are worth making for.

use api::execute::{Actor, Cause};
use domain::{
    card::{CardBound, CardKeys, IssuedCard, IssuedCertificate, PublicKey, Slot},
    certificate::IdentityEvidence,
    desk::{DeskCommand, IdentityCheck},
    holder::{HolderCommand, Registration},
    ids::{CardSerial, HolderId, OrganisationCode, SecretRef},
    staff::Role,
};
use stores::{
    agent::AgentId,
    event_store::{Expected, StreamName},
    session::{NewSession, Scope},
    token::TokenHash,
};
use uuid::Uuid;

use super::{Desk, browser::Browser};

/// The organisations of every office: code, name, the one above.
pub const ORGANISATIONS: [(&str, &str, Option<&str>); 3] = [
    ("X26", "Example Health Service", None),
    ("RXA", "St Ebba's Hospital", Some("X26")),
    ("RXB", "Northfield Clinics", Some("X26")),
];

/// How long the certificates of these cards are good for, in days.
const CERTIFICATE_DAYS: i64 = 730;

impl Desk {
    /// A new command, which is the beginning itself.
    #[must_use]
    pub fn cause(&self) -> Cause {
        Cause::first(self.app().entropy().command_id(self.now()))
    }

    /// B-59: [`ORGANISATIONS`].
    pub async fn found_organisations(&self) -> anyhow::Result<()> {
        for (code, name, parent) in ORGANISATIONS {
            let parent = parent.map(str::parse).transpose()?;
            self.app()
                .add_organisation(Actor::Operator, self.cause(), code.parse()?, name, parent)
                .await?;
        }
        Ok(())
    }

    /// A holder on paper: registered, with a card that nobody has made.
    pub async fn on_paper(&self, name: &str, serial: &str) -> anyhow::Result<HolderId> {
        let holder = self.person(name).await?;
        let entropy = self.app().entropy();
        let secret = || SecretRef(entropy.uuid(self.now()));
        let card = paper_card(self, serial)?;
        let registration = Registration {
            card,
            smartcard: secret(),
            puk: secret(),
            account_recovery: None,
            verification: None,
            check: IdentityCheck::by(IdentityEvidence::Passport, "RA desk"),
        };
        let bound = CardBound { holder, management_key: 1 };
        let stream = StreamName::card(&serial.parse()?);
        let (none, kind) = (Expected::NoStream, CardBound::KIND);
        self.app().note(&stream, none, self.cause(), kind, &bound).await?;
        let register = HolderCommand::Register { registration, organisation: None };
        self.app().execute(holder, self.cause(), Actor::System, &register).await?;
        Ok(holder)
    }

    /// B-59: where somebody works.
    pub async fn assign(&self, holder: HolderId, organisation: &str) -> anyhow::Result<()> {
        let organisation = organisation.parse()?;
        let command = HolderCommand::Desk(DeskCommand::Assign { organisation });
        self.app().execute(holder, self.cause(), Actor::Operator, &command).await?;
        Ok(())
    }

    /// B-58: what somebody may do.
    pub async fn grant(&self, holder: HolderId, role: Role, at: &str) -> anyhow::Result<()> {
        let organisation: OrganisationCode = at.parse()?;
        let command = HolderCommand::Desk(DeskCommand::GrantRole { role, organisation });
        self.app().execute(holder, self.cause(), Actor::Operator, &command).await?;
        Ok(())
    }

    /// A browser in which somebody is logged in, as far as the server knows.
    pub async fn session_of(&self, holder: HolderId, scope: Scope) -> anyhow::Result<Browser> {
        let token: [u8; 32] = self.app().entropy().bytes();
        let loaded = self.app().load(holder).await?;
        let card = loaded.holder.card().map(|card| card.card.clone());
        let session = NewSession {
            token: TokenHash::of(&token),
            holder,
            card: card.unwrap_or("00".parse()?),
            agent: AgentId(Uuid::nil()),
            scope,
            endings: loaded.holder.certificate_records().endings(),
        };
        self.app().stores().sessions.open(&session, self.now()).await?;
        let mut browser = self.browser();
        browser.set_cookie(api::cookies::SESSION_COOKIE, &hex::encode(token));
        Ok(browser)
    }

    /// Somebody on paper with this role and a full session.
    pub async fn staff(
        &self,
        name: &str,
        serial: &str,
        role: Role,
        at: &str,
    ) -> anyhow::Result<(HolderId, Browser)> {
        let holder = self.on_paper(name, serial).await?;
        self.assign(holder, at).await?;
        self.grant(holder, role, at).await?;
        Ok((holder, self.session_of(holder, Scope::Full).await?))
    }
}

fn paper_card(desk: &Desk, serial: &str) -> anyhow::Result<IssuedCard> {
    let key = || PublicKey::from_der(vec![0x30]);
    let card: CardSerial = serial.parse()?;
    let now = desk.now();
    let certificate = |slot: Slot, last: &str| -> anyhow::Result<IssuedCertificate> {
        Ok(IssuedCertificate {
            slot,
            serial: format!("{}{last}", serial.to_lowercase()).parse()?,
            not_before: now,
            not_after: now + chrono::Duration::days(CERTIFICATE_DAYS),
        })
    };
    Ok(IssuedCard {
        card,
        profile: "guide".to_owned(),
        keys: CardKeys { authentication: key(), signature: key(), card_authentication: key() },
        certificates: vec![
            certificate(Slot::Authentication, "01")?,
            certificate(Slot::Signature, "02")?,
        ],
    })
}
