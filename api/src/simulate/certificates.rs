//! What simulated people do about their certificates: they renew them, now and then pull the card
//! out half-way, visit the registration authority, and some of them revoke.
//!
//! The commands are those that the portal gives; the card is a stand-in whose keys are made-up bytes.

use domain::{
    card::{CardUpdate, Slot, SlotState, Write},
    certificate::{self, IdentityEvidence, RevocationReason, Visit},
    expiry::Topic,
    holder::HolderCommand,
    ids::{CommandId, SecretRef},
    logon::Authenticated,
};
use uuid::Uuid;
use workflows::commands::{Actor, Loaded};

use super::{
    life::{Act, Begun},
    people::Answer,
};

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

impl Begun {
    /// C-04: the registration authority sees who it is, and lets him renew.
    pub(super) async fn authorise(&self, act: &Act) -> anyhow::Result<()> {
        let visit = Visit {
            evidence: IdentityEvidence::PhotographOnRecord,
            place: "A simulated office".to_owned(),
        };
        self.execute(act, "authorise", AUTHORITY, &HolderCommand::AuthoriseRenewal(visit)).await
    }

    /// C-15: true if this is the day on which he revokes his certificates.
    pub(super) async fn revoke(&self, act: &Act, proof: &Authenticated) -> anyhow::Result<bool> {
        if !act.person.revokes(act.number()) {
            return Ok(false);
        }
        let reason = RevocationReason::LostOrStolen;
        let revoke = HolderCommand::RevokeCertificates { proof: proof.clone(), reason };
        self.execute(act, "revoke", Actor::Holder, &revoke).await?;
        Ok(true)
    }

    /// What he does about what he is shown of his certificates, after his passcodes are in order.
    pub(super) async fn see_certificates(
        &self,
        act: &Act,
        proof: &Authenticated,
    ) -> anyhow::Result<()> {
        let loaded = self.load(act).await?;
        let ctx = loaded.context(&self.context(act));
        let Some(standing) = loaded.holder.certificates(&ctx) else { return Ok(()) };
        let number = act.number();
        if standing.update_open || standing.may_renew.is_ok() && standing.restricts {
            return self.update_card(act, &loaded, proof).await;
        }
        let Some(alert) = certificate::alert(&ctx, &loaded.holder) else { return Ok(()) };
        if alert.ra_required {
            if act.person.visits_authority(number) {
                self.authorise(act).await?;
                let loaded = self.load(act).await?;
                return self.update_card(act, &loaded, proof).await;
            }
            return Ok(());
        }
        match act.person.answers_alert(number) {
            Answer::Renew => self.update_card(act, &loaded, proof).await,
            Answer::PutOff => {
                let later =
                    HolderCommand::DeclineAlert { topic: Topic::Certificates, on: alert.on };
                self.execute(act, "certificates later", Actor::Holder, &later).await
            }
            Answer::Nothing => Ok(()),
        }
    }

    /// *Update My Card*, from its beginning or from where the last visit left it.
    async fn update_card(
        &self,
        act: &Act,
        loaded: &Loaded,
        proof: &Authenticated,
    ) -> anyhow::Result<()> {
        let number = act.number();
        let job = act.person.job(number);
        let open = loaded.holder.card_update().filter(|open| open.is_touched());
        let update = open.map_or_else(|| act.person.command("update", number), |open| open.update);
        let carried = Carried { update, job };
        let mut steps = vec![match open {
            Some(_) => Step {
                name: "resume".to_owned(),
                command: HolderCommand::ResumeCardUpdate { update, job },
            },
            None => Step {
                name: "begin".to_owned(),
                command: HolderCommand::BeginCardUpdate {
                    update,
                    job,
                    proof: proof.clone(),
                    logged_on_at: act.at,
                    asked_at: act.at,
                },
            },
        }];
        for slot in Slot::ALL {
            steps.extend(self.steps_of(act, open, carried, slot)?);
        }
        let commit = HolderCommand::CommitCardUpdate { update, job };
        steps.push(Step { name: "commit".to_owned(), command: commit });
        let pressed = HolderCommand::AcknowledgeRenewal { update };
        steps.push(Step { name: "continue".to_owned(), command: pressed });
        // B-56: whoever leaves after the commit has not pressed *Continue*.
        let n_made = act.person.leaves_after(number, steps.len());
        for Step { name, command } in steps.into_iter().take(n_made) {
            self.execute(act, &name, Actor::Holder, &command).await?;
        }
        Ok(())
    }

    /// What is left to do for a slot.
    fn steps_of(
        &self,
        act: &Act,
        open: Option<&CardUpdate>,
        carried: Carried,
        slot: Slot,
    ) -> anyhow::Result<Vec<Step>> {
        let number = act.number();
        let Carried { update, job } = carried;
        let name = slot.name();
        let step = |what: &str, command| Step { name: format!("{name} {what}"), command };
        let may = |write| HolderCommand::OpenCardWrite { update, job, slot, write };
        let key = act.person.new_key(slot, number);
        let certificate = act.person.certificate(slot, number, act.at, self.certificate_days())?;
        let command = act.person.command(&format!("{name} issue"), number);
        let secret = SecretRef::derive(command, 0);
        let all = [
            step("open key", may(Write::KeyPair)),
            step(
                "key",
                HolderCommand::NoteKeyMade { update, job, slot, key, request: String::new() },
            ),
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
