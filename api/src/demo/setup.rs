//! At first start: every holder of the demonstration gets a card, one after the other.
//!
//! What was done at an earlier start is found in the log and left alone; what was begun is taken
//! up again, because holder, registration and card have the same names at every start.

use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::ids::HolderId;
use protocol::JobId;
use stores::{token::TokenHash, vault::Person as VaultPerson};
use virtual_card::Profile;
use workflows::card_job::{Goal, Made};

use super::{
    Demo, Progress,
    population::{PEOPLE, Person},
};
use crate::app::App;

/// How often a card is tried before the demonstration says that it gives up.
const TRIES_MAX: u32 = 3;

/// How long to wait for the agent to see what the reader holds.
const CARD_SEEN_MAX: Duration = Duration::from_secs(30);

/// How long to wait for the first agent to connect.
const AGENT_SEEN_MAX: Duration = Duration::from_mins(5);

/// How long one card may take.
const CARD_WRITTEN_MAX: Duration = Duration::from_mins(2);

/// Personalises whatever is not yet personalised, and says how far it is.
pub async fn set_up(app: App, demo: Demo) {
    if let Err(error) = every_card(&app, &demo).await {
        tracing::error!(error = format!("{error:#}"), "the demonstration's cards are not ready");
        demo.progress.send_modify(|progress| progress.problem = Some(format!("{error:#}")));
    }
}

async fn every_card(app: &App, demo: &Demo) -> anyhow::Result<()> {
    for person in PEOPLE {
        let holder = person.holder();
        if !is_registered(app, holder).await? {
            demo.progress.send_modify(|progress| progress.now = Some(person.name));
            register(app, demo, person).await.with_context(|| person.name)?;
        }
        demo.progress.send_modify(|progress| {
            *progress = Progress { ready: progress.ready + 1, now: None, problem: None };
        });
    }
    tracing::info!(cards = PEOPLE.len(), "the demonstration's cards are ready");
    Ok(())
}

async fn is_registered(app: &App, holder: HolderId) -> anyhow::Result<bool> {
    Ok(app.load(holder).await?.holder.is_registered())
}

async fn register(app: &App, demo: &Demo, person: &Person) -> anyhow::Result<()> {
    let data = VaultPerson { name: person.name.to_owned(), email: person.email.to_owned() };
    app.stores().vault.put_person(person.holder(), &data, app.now()).await?;
    wait_for(app, AGENT_SEEN_MAX, |app| !app.agents().is_empty())
        .await
        .context("no card agent is connected")?;
    let mut last = None;
    for _ in 0..TRIES_MAX {
        match personalise(app, demo, person).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                tracing::warn!(card = person.card, error = format!("{error:#}"), "once more");
                last = Some(error);
            }
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("it was not tried")))
}

async fn personalise(app: &App, demo: &Demo, person: &Person) -> anyhow::Result<()> {
    let profile: Profile =
        person.profile.parse().map_err(|_| anyhow::anyhow!("no such profile"))?;
    let contents = demo.contents().await?;
    if !contents.cards.iter().any(|card| card.name == person.card) {
        let name = person.card;
        demo.ask(move |drawer| drawer.new_card(name, profile)).await?;
    }
    demo.insert(person.card).await?;
    wait_for(app, CARD_SEEN_MAX, card_in_reader).await.context("the agent sees no card")?;
    let written = write(app, person).await;
    demo.remove().await?;
    written?;
    if is_registered(app, person.holder()).await? {
        Ok(())
    } else {
        bail!("the card is not written")
    }
}

/// Does at the agent's page what a person at the desk would do: types the first passcode twice.
async fn write(app: &App, person: &Person) -> anyhow::Result<()> {
    let goal = Goal::Personalise {
        holder: person.holder(),
        command: person.registration(),
        made: Made::default(),
    };
    let job: JobId = app.start_job(goal, TokenHash::of(&app.entropy().bytes::<32>())).await?;
    let page = format!("http://127.0.0.1:{}/jobs/{job}", app.config().agent_page.port);
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(CARD_WRITTEN_MAX)
        .no_proxy()
        .build()?;
    let form = [("new_passcode", person.passcode), ("confirm_passcode", person.passcode)];
    let answer = client.post(page).form(&form).send().await?;
    if answer.status() == reqwest::StatusCode::SEE_OTHER {
        Ok(())
    } else {
        bail!("the agent's page answered {}", answer.status())
    }
}

fn card_in_reader(app: &App) -> bool {
    app.agents().any_card()
}

/// Waits until something that agents say is so.
async fn wait_for(app: &App, limit: Duration, is_so: impl Fn(&App) -> bool) -> anyhow::Result<()> {
    let mut changes = app.agents().changes();
    tokio::time::timeout(limit, async {
        while !is_so(app) {
            changes.changed().await?;
        }
        anyhow::Ok(())
    })
    .await
    .context("it took too long")?
}
