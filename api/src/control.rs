//! The operator's door to a running server: a Unix socket in its data folder, for its owner only.
//!
//! The server holds the log's lock, so a second process cannot write to the log; it asks. One line
//! of JSON each way, one question a connection.

pub mod audit;
pub mod clock;
pub mod forecast;
pub mod keys;
pub mod mails;
pub mod organisations;
pub mod tokens;

use std::{
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stores::{agent::AgentId, session::EndReason};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    agents::{Standing, enrolment},
    app::App,
};

/// Longest line, in bytes.
const LINE_BYTES_MAX: u64 = 256 * 1024;

/// How long a question and its answer may take.
const TALK_MAX: Duration = Duration::from_secs(10);

/// Pause after a failed accept (out of file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Agents in one answer.
const AGENTS_MAX: u32 = 200;

/// What an operator asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// A code that enrols one workstation.
    Invite {},
    /// The enrolled workstations, after this one.
    Agents {
        /// Where to go on.
        after: Option<Uuid>,
    },
    /// This workstation may not connect again; its sessions end.
    Revoke {
        /// Which.
        agent: Uuid,
    },
    /// About the clock.
    Clock(clock::Question),
    /// About mails that were given up.
    Mails(mails::Question),
    /// About organisations and their first manager.
    Organisations(organisations::Question),
    /// About machines' tokens.
    Tokens(tokens::Question),
    /// For an auditor.
    Audit(audit::Question),
    /// About the policy, and what it brings.
    Policy(forecast::Question),
    /// Which keys there are, and what needs them.
    Keys {},
}

/// What he is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The code, shown once, and what the agent pins.
    Invitation {
        /// Hexadecimal.
        code: String,
        /// SHA-256 of the agents' authority, hexadecimal.
        authority: String,
        /// When the code ends.
        expires_at: DateTime<Utc>,
    },
    /// Workstations, in the order of their ids.
    Agents(Vec<AgentLine>),
    /// Done, or there was nothing to do.
    Revoked {
        /// False if it was not enrolled.
        was_enrolled: bool,
    },
    /// About the clock.
    Clock(clock::Reply),
    /// About mails that were given up.
    Mails(mails::Reply),
    /// About organisations and their first manager.
    Organisations(organisations::Reply),
    /// About machines' tokens.
    Tokens(tokens::Reply),
    /// For an auditor.
    Audit(audit::Reply),
    /// About the policy, and what it brings.
    Policy(forecast::Reply),
    /// The keys.
    Keys(Vec<keys::KeyLine>),
    /// Not done.
    Failed(String),
}

/// An enrolled workstation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgentLine {
    /// Its id.
    pub agent: Uuid,
    /// Its name, as it said.
    pub workstation: String,
    /// When it was enrolled.
    pub enrolled_at: DateTime<Utc>,
    /// When it was last heard.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// True if it may not connect again.
    pub revoked: bool,
    /// True if it is connected now.
    pub connected: bool,
}

/// Where the socket is.
#[must_use]
pub fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// The socket, open: whoever connects waits until he is answered.
#[derive(Debug)]
pub struct Door {
    listener: UnixListener,
    path: PathBuf,
}

/// Opens the socket of this data folder, in place of one that a killed server has left.
///
/// # Errors
/// If it cannot be made.
pub fn open(data_dir: &Path) -> anyhow::Result<Door> {
    let path = socket(data_dir);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&path).with_context(|| path.display().to_string())?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(Door { listener, path })
}

impl Door {
    /// Answers operators until `shutdown`.
    ///
    /// # Errors
    /// If the socket cannot be removed in the end.
    pub async fn answer(self, app: App, shutdown: CancellationToken) -> anyhow::Result<()> {
        let acting = Arc::new(Semaphore::new(1));
        loop {
            let (stream, _) = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "an operator's connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            // One at a time is enough for an operator, and bounds what he can cost.
            match timeout(TALK_MAX, talk(&app, &acting, stream)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "an operator's question was not answered");
                }
                Err(_) => tracing::warn!("an operator's question took too long"),
            }
        }
        std::fs::remove_file(self.path)?;
        Ok(())
    }
}

async fn talk(app: &App, acting: &Arc<Semaphore>, stream: UnixStream) -> anyhow::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    if BufReader::new(read.take(LINE_BYTES_MAX)).read_line(&mut line).await? == 0 {
        // Somebody only wanted to know whether anybody is here.
        return Ok(());
    }
    let reply = match serde_json::from_str(&line) {
        Ok(question) => carry_out(app, acting, question)
            .await
            .unwrap_or_else(|error| Reply::Failed(format!("{error:#}"))),
        Err(_) => Reply::Failed("not a question this server knows".to_owned()),
    };
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    Ok(write.write_all(&line).await?)
}

/// The answer may come too late; what was begun is carried out all the same, and to its end before
/// the next is begun.
async fn carry_out(
    app: &App,
    acting: &Arc<Semaphore>,
    question: Question,
) -> anyhow::Result<Reply> {
    let permit = Arc::clone(acting).acquire_owned().await?;
    let app = app.clone();
    let act = async move {
        let _permit = permit;
        answer(&app, question).await
    };
    tokio::spawn(act).await?
}

async fn answer(app: &App, question: Question) -> anyhow::Result<Reply> {
    match question {
        Question::Invite {} => {
            let invitation = enrolment::invite(app).await?;
            Ok(Reply::Invitation {
                code: hex::encode(&invitation.code.0),
                authority: hex::encode(invitation.authority),
                expires_at: invitation.expires_at,
            })
        }
        Question::Agents { after } => {
            let listed = app.stores().agents.list(after.map(AgentId), AGENTS_MAX).await?;
            let standing = app.agents().standing(listed.iter().map(|agent| agent.agent_id)).await?;
            let is_connected = |id| matches!(standing.get(&id), Some(Standing::Connected(_)));
            let lines = listed.into_iter().map(|agent| AgentLine {
                agent: agent.agent_id.0,
                workstation: agent.workstation,
                enrolled_at: agent.enrolled_at,
                last_seen_at: agent.last_seen_at,
                revoked: agent.revoked_at.is_some(),
                connected: is_connected(agent.agent_id),
            });
            Ok(Reply::Agents(lines.collect()))
        }
        Question::Revoke { agent } => {
            let (agent, now) = (AgentId(agent), app.now());
            let was_enrolled = app.stores().agents.revoke(agent, now).await?;
            // In this order: whoever is hung up on opens no session any more.
            app.agents().hang_up(agent).await?;
            app.stores().sessions.end_of_agent(agent, EndReason::AgentRevoked, now).await?;
            Ok(Reply::Revoked { was_enrolled })
        }
        Question::Clock(question) => Ok(Reply::Clock(clock::answer(app, question).await?)),
        Question::Mails(question) => Ok(Reply::Mails(mails::answer(app, question).await?)),
        Question::Organisations(question) => {
            Ok(Reply::Organisations(organisations::answer(app, question).await?))
        }
        Question::Tokens(question) => Ok(Reply::Tokens(tokens::answer(app, question).await?)),
        Question::Audit(question) => Ok(Reply::Audit(audit::answer(app, question).await?)),
        Question::Policy(question) => Ok(Reply::Policy(forecast::answer(app, question).await?)),
        Question::Keys {} => Ok(Reply::Keys(keys::lines(app).await?)),
    }
}

/// True if a server runs over this data folder.
#[must_use]
pub fn is_running(data_dir: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket(data_dir)).is_ok()
}

/// Asks the server that runs over this data folder.
///
/// # Errors
/// If none does, or it does not answer.
pub async fn ask(data_dir: &Path, question: &Question) -> anyhow::Result<Reply> {
    let path = socket(data_dir);
    let asked = async {
        let stream = UnixStream::connect(&path)
            .await
            .with_context(|| format!("no server answers at {}", path.display()))?;
        let (read, mut write) = stream.into_split();
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        write.write_all(&line).await?;
        let mut answer = String::new();
        BufReader::new(read.take(LINE_BYTES_MAX)).read_line(&mut answer).await?;
        anyhow::Ok(serde_json::from_str(&answer)?)
    };
    timeout(TALK_MAX, asked).await.context("the server took too long")?
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use futures::FutureExt as _;

    use super::*;
    use crate::{
        clock::{
            Entropy, acceptance,
            accepted::tests::{Clocks, noon},
        },
        commands::serve,
        config::Config,
    };

    #[tokio::test]
    async fn what_was_begun_is_carried_out_though_nobody_waits_for_the_answer() {
        let folder = tempfile::tempdir().unwrap();
        let (clocks, ours) = Clocks::start();
        let config = Config::for_testing(folder.path());
        let entropy = Entropy::Seeded(0.into());
        let app = serve::open(config, Arc::new(ours), entropy).await.unwrap();
        clocks.turn_wall(TimeDelta::hours(1));
        let head = app.stores().log.head().await.unwrap();
        let acting = Arc::new(Semaphore::new(1));
        let accept = Question::Clock(clock::Question::Accept);
        assert!(carry_out(&app, &acting, accept).now_or_never().is_none());
        let _done = acting.acquire().await.unwrap();
        assert_eq!(app.stores().log.head().await.unwrap().0, head.0 + 1);
        assert!(!acceptance::status(&app).unwrap().alarm);
        assert_eq!(app.now(), noon() + TimeDelta::hours(1));
    }
}
