//! A holder as `cqrs-es` wants him: our own rules and states behind its interface, so that what is
//! decided is the same on both sides.

use chrono::{DateTime, Utc};
use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};
use domain::{
    context::Context,
    decider::Decider as _,
    holder::{Holder, HolderCommand, HolderEvent},
    policy::Policies,
    refusal::Refusal,
};
use serde::{Deserialize, Serialize};

/// A fact of a holder's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Fact(pub(crate) HolderEvent);

impl DomainEvent for Fact {
    fn event_type(&self) -> String {
        self.0.kind().to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

/// A holder. His state is never stored: it is folded from his events each time.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Person {
    #[serde(skip)]
    holder: Holder,
}

/// When everything happens: it is the same for all stores, and no rule that is measured asks.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

impl Aggregate for Person {
    const TYPE: &'static str = "holder";
    type Command = HolderCommand;
    type Event = Fact;
    type Error = Refusal;
    type Services = Policies;

    async fn handle(
        &mut self,
        command: HolderCommand,
        policies: &Policies,
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        let context = Context { now: now(), policies };
        for event in self.holder.decide(&context, command)? {
            sink.write(Fact(event), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, Fact(event): Fact) {
        self.holder = std::mem::take(&mut self.holder).evolve(now(), &event);
    }
}
