//! Enrolling a workstation: a code, read out by an operator, is traded once for a certificate.

use anyhow::Context as _;
use chrono::{DateTime, Duration, Utc};
use protocol::{Answer, Bytes, Enrolled, Secret};
use sha2::{Digest as _, Sha256};
use stores::{
    agent::{AgentId, ENROLMENT_CODE_MINUTES},
    token::TokenHash,
};

use super::connection::refused;
use crate::app::App;

/// Random bytes in an enrolment code.
const CODE_BYTES: usize = 16;

/// How long an agent's certificate is good for, in days.
const CERTIFICATE_DAYS: i64 = 365;

/// What an operator hands to the person who installs the agent.
#[derive(Debug)]
pub struct Invitation {
    /// The code, hexadecimal. Shown once; only its digest is kept.
    pub code: Secret,
    /// SHA-256 of the agents' authority, which the agent pins.
    pub authority: [u8; 32],
    /// When the code ends.
    pub expires_at: DateTime<Utc>,
}

/// Makes an enrolment code.
///
/// # Errors
/// If the store cannot keep it.
pub async fn invite(app: &App) -> anyhow::Result<Invitation> {
    let now = app.real_now();
    let code = Secret(app.entropy().bytes::<CODE_BYTES>().to_vec());
    let expires_at = now + Duration::minutes(ENROLMENT_CODE_MINUTES);
    app.stores().agents.put_enrolment_code(TokenHash::of(&code.0), now).await?;
    let authority = digest(app.agents_authority()?.certificate_der());
    Ok(Invitation { code, authority, expires_at })
}

/// Trades a code for a certificate.
pub(super) async fn enrol(app: &App, code: &Secret, csr: &[u8], workstation: &str) -> Answer {
    match try_enrol(app, code, csr, workstation).await {
        Ok(Some(enrolled)) => Answer::Enrolled(enrolled),
        Ok(None) => refused("This enrolment code is wrong, used or more than 15 minutes old."),
        Err(error) => {
            tracing::warn!(%error, "an enrolment failed");
            refused("The workstation could not be enrolled. Ask for a new code and try again.")
        }
    }
}

async fn try_enrol(
    app: &App,
    code: &Secret,
    csr: &[u8],
    workstation: &str,
) -> anyhow::Result<Option<Enrolled>> {
    let now = app.real_now();
    if !app.stores().agents.take_enrolment_code(TokenHash::of(&code.0), now).await? {
        return Ok(None);
    }
    let agent = AgentId(app.entropy().uuid(now));
    let certificate = app
        .agents_authority()?
        .issue_agent_certificate(
            csr,
            agent.0,
            app.entropy().bytes(),
            now,
            now + Duration::days(CERTIFICATE_DAYS),
        )
        .context("the request for a certificate")?;
    app.stores().agents.enrol(agent, workstation, digest(&certificate), app.now()).await?;
    tracing::info!(agent = %agent.0, "a workstation was enrolled");
    let authority = app.agents_authority()?.certificate_der().to_vec();
    Ok(Some(Enrolled { certificate: Bytes(certificate), authority: Bytes(authority) }))
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
