//! What simulated people do about their certificates: they renew them, now and then pull the card
//! out half-way, visit the registration authority, and some of them revoke.
//!
//! The commands are those that the portal gives; the card is a stand-in whose keys are made-up bytes.

use domain::{
    card::{CardUpdate, Slot, SlotState, Write},
    certificate::{self, IdentityEvidence, RevocationReason},
    expiry::Topic,
    holder::HolderCommand,
    ids::{CommandId, SecretRef},
    logon::Authenticated,
};
use uuid::Uuid;
use workflows::commands::Actor;

use super::{people::Answer, visit::Visit};

/// The registration authority's system, which does not exist.
const AUTHORITY: Actor = Actor::RegistrationAuthority { token: Uuid::nil() };

/// A step of an update, by a name that is its command's.
struct Step {
    name: String,
    command: HolderCommand,
}

/// The update and the visit that carries it.
#[derive(Clone, Copy)]
struct Carried {
    update: CommandId,
    job: Uuid,
}

impl Visit<'_> {
    /// C-04: the registration authority sees who it is, and lets him renew.
    pub(super) async fn authorise(&mut self) -> anyhow::Result<()> {
        let visit = certificate::Visit {
            evidence: IdentityEvidence::PhotographOnRecord,
            place: "A simulated office".to_owned(),
        };
        self.execute("authorise", AUTHORITY, &HolderCommand::AuthoriseRenewal(visit)).await
    }

    /// C-15: true if this is the day on which he revokes his certificates.
    pub(super) async fn revoke(&mut self, proof: &Authenticated) -> anyhow::Result<bool> {
        if !self.act.person.revokes(self.act.number) {
            return Ok(false);
        }
        let reason = RevocationReason::LostOrStolen;
        let revoke = HolderCommand::RevokeCertificates { proof: proof.clone(), reason };
        self.execute("revoke", Actor::Holder, &revoke).await?;
        Ok(true)
    }

    /// What he does about what he is shown of his certificates, after his passcodes are in order.
    pub(super) async fn see_certificates(&mut self, proof: &Authenticated) -> anyhow::Result<()> {
        let (ctx, number) = (self.context(), self.act.number);
        let Some(standing) = self.holder().certificates(&ctx) else { return Ok(()) };
        if standing.update_open || standing.may_renew.is_ok() && standing.restricts {
            return self.update_card(proof).await;
        }
        let Some(alert) = certificate::alert(&ctx, self.holder()) else { return Ok(()) };
        if alert.ra_required {
            if !self.act.person.visits_authority(number) {
                return Ok(());
            }
            self.authorise().await?;
            return self.update_card(proof).await;
        }
        match self.act.person.answers_alert(number) {
            Answer::Renew => self.update_card(proof).await,
            Answer::PutOff => {
                let later =
                    HolderCommand::DeclineAlert { topic: Topic::Certificates, on: alert.on };
                self.execute("certificates later", Actor::Holder, &later).await
            }
            Answer::Nothing => Ok(()),
        }
    }

    /// *Update My Card*, from its beginning or from where the last visit left it.
    async fn update_card(&mut self, proof: &Authenticated) -> anyhow::Result<()> {
        let (person, number) = (self.act.person, self.act.number);
        let job = person.job(number);
        let open = self.holder().card_update().filter(|open| open.is_touched());
        let update = open.map_or_else(|| person.command("update", number), |open| open.update);
        let (logged_on_at, asked_at) = (self.at(), self.at());
        let proof = proof.clone();
        let (name, command) = match open {
            Some(_) => ("resume", HolderCommand::ResumeCardUpdate { update, job }),
            None => (
                "begin",
                HolderCommand::BeginCardUpdate { update, job, proof, logged_on_at, asked_at },
            ),
        };
        let mut steps = vec![Step { name: name.to_owned(), command }];
        for slot in Slot::ALL {
            steps.extend(self.steps_of(open, Carried { update, job }, slot)?);
        }
        let commit = HolderCommand::CommitCardUpdate { update, job };
        steps.push(Step { name: "commit".to_owned(), command: commit });
        let pressed = HolderCommand::AcknowledgeRenewal { update };
        steps.push(Step { name: "continue".to_owned(), command: pressed });
        // B-56: whoever leaves after the commit has not pressed *Continue*.
        let n_made = person.leaves_after(number, steps.len());
        for Step { name, command } in steps.into_iter().take(n_made) {
            self.execute(&name, Actor::Holder, &command).await?;
        }
        Ok(())
    }

    /// What is left to do for a slot.
    fn steps_of(
        &self,
        open: Option<&CardUpdate>,
        Carried { update, job }: Carried,
        slot: Slot,
    ) -> anyhow::Result<Vec<Step>> {
        let (person, number, name) = (self.act.person, self.act.number, slot.name());
        let days = self.policies.latest().certificate_days;
        let step = |what: &str, command| Step { name: format!("{name} {what}"), command };
        let may = |write| HolderCommand::OpenCardWrite { update, job, slot, write };
        let (key, request) = (person.new_key(slot, number), String::new());
        let certificate = person.certificate(slot, number, self.at(), days)?;
        let command = person.command(&format!("{name} issue"), number);
        let secret = SecretRef::derive(command, 0);
        let all = [
            step("open key", may(Write::KeyPair)),
            step("key", HolderCommand::NoteKeyMade { update, job, slot, key, request }),
            step(
                "issue",
                HolderCommand::NoteCertificateIssued { update, job, certificate, secret },
            ),
            step("open certificate", may(Write::Certificate)),
            step("written", HolderCommand::NoteCertificateWritten { update, job, slot }),
        ];
        let n_done = match open.map(|open| open.slot(slot)) {
            None | Some(SlotState::Untouched | SlotState::Opened) => 0,
            Some(SlotState::KeyMade { .. }) => 2,
            Some(SlotState::Issued { .. }) => 3,
            Some(SlotState::Written { .. }) => all.len(),
        };
        Ok(all.into_iter().skip(n_done).collect())
    }
}
