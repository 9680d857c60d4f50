//! How each certificate stands, and whose it is: what a relying party asks, and where to look when
//! a service names one that it has seen. Whether its holder may log on with it is decided by his own
//! stream (B-52, B-61, C-15).

mod writing;

use chrono::{DateTime, Utc};
use domain::{
    card::Slot,
    certificate::CRL_REASON_SUPERSEDED,
    desk::DeskEvent,
    holder::HolderEvent,
    ids::{CardSerial, CertificateSerial, HolderId, NotAnId},
};
use serde::Serialize;
use stores::{
    database::{Pool, Query, Transaction},
    event_store::Position,
};
use uuid::Uuid;

use self::writing::{Issue, confirm, give_up, hold, keep, reinstate, revoke, supersede};
use crate::{ProjectionError, fact::Fact};

/// The most entries of one page of revoked certificates.
pub const REVOKED_PAGE_MAX: u32 = 10_000;

/// Who got a certificate, and on which card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateOwner {
    /// Who.
    pub holder: HolderId,
    /// On which card.
    pub card: CardSerial,
}

/// How a certificate stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateStatus {
    /// Its serial number.
    pub serial: CertificateSerial,
    /// Whose it is.
    pub holder: HolderId,
    /// On which card.
    pub card: CardSerial,
    /// In which slot.
    pub slot: Slot,
    /// First instant of its validity.
    pub not_before: DateTime<Utc>,
    /// Last instant of its validity.
    pub not_after: DateTime<Utc>,
    /// How it stands, whether it is within its validity or not.
    #[serde(flatten)]
    pub state: CertificateState,
}

/// How a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CertificateState {
    /// It was issued, and is not known to be on the card.
    Unconfirmed {
        /// When it was issued.
        since: DateTime<Utc>,
    },
    /// It was read back from the card.
    Good {
        /// When.
        since: DateTime<Utc>,
    },
    /// B-54: another has taken its place; it may still be relied on.
    Superseded {
        /// When.
        since: DateTime<Utc>,
    },
    /// C-15, B-55: it may not be relied on.
    Revoked {
        /// When.
        since: DateTime<Utc>,
        /// Why: the code of RFC 5280 5.3.1.
        reason: u8,
    },
}

/// An entry of a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Its serial number.
    pub serial: CertificateSerial,
    /// When it was revoked.
    pub at: DateTime<Utc>,
    /// Why: the code of RFC 5280 5.3.1.
    pub reason: u8,
    /// Last instant of its validity.
    pub not_after: DateTime<Utc>,
    /// Where in the log.
    pub position: Position,
}

impl RevokedCertificate {
    /// The cursor of the page after this entry.
    #[must_use]
    pub fn cursor(&self) -> RevokedCursor {
        RevokedCursor { position: self.position, serial: self.serial.clone() }
    }
}

/// Where a page of revoked certificates begins: after this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCursor {
    /// Where in the log it was revoked.
    pub position: Position,
    /// Its serial number.
    pub serial: CertificateSerial,
}

#[derive(sqlx::FromRow)]
struct Row {
    serial: String,
    holder_id: Uuid,
    card: String,
    slot: String,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    state: String,
    since: DateTime<Utc>,
    reason: Option<i32>,
}

#[derive(sqlx::FromRow)]
struct RevokedRow {
    serial: String,
    since: DateTime<Utc>,
    reason: i32,
    not_after: DateTime<Utc>,
    revoked_position: i64,
}

/// What an event changes.
pub(crate) async fn fold(tx: &mut Transaction, fact: &Fact<'_>) -> sqlx::Result<()> {
    match &fact.event {
        HolderEvent::CardIssued(issued) => {
            give_up(tx, fact).await?;
            for certificate in &issued.certificates {
                keep(tx, fact, certificate, Issue { card: &issued.card, update: None }).await?;
            }
            Ok(())
        }
        HolderEvent::CertificateIssued { update, card, certificate, .. } => {
            keep(tx, fact, certificate, Issue { card, update: Some(*update) }).await
        }
        HolderEvent::CertificateWritten { update, slot } => confirm(tx, fact, *update, *slot).await,
        HolderEvent::CertificateAbandoned { serial, .. } => {
            revoke(tx, fact, serial, CRL_REASON_SUPERSEDED).await
        }
        HolderEvent::CertificatesRenewed { superseded, superseded_revoked, .. } => {
            for serial in superseded {
                if *superseded_revoked {
                    revoke(tx, fact, serial, CRL_REASON_SUPERSEDED).await?;
                } else {
                    supersede(tx, fact, serial).await?;
                }
            }
            Ok(())
        }
        HolderEvent::CertificatesRevoked { serials, reason, .. } => {
            for serial in serials {
                revoke(tx, fact, serial, reason.crl_reason()).await?;
            }
            Ok(())
        }
        HolderEvent::Desk(DeskEvent::CertificatesSuspended { serials, .. }) => {
            for serial in serials {
                hold(tx, fact, serial).await?;
            }
            Ok(())
        }
        HolderEvent::Desk(DeskEvent::CertificatesReinstated { serials, .. }) => {
            for serial in serials {
                reinstate(tx, fact, serial).await?;
            }
            Ok(())
        }
        HolderEvent::HolderRegistered {}
        | HolderEvent::PasscodeSet { .. }
        | HolderEvent::PasscodeBlanked { .. }
        | HolderEvent::PasscodeChangedElsewhere { .. }
        | HolderEvent::UsedBeforeRefused { .. }
        | HolderEvent::SelfServiceRefused { .. }
        | HolderEvent::HistoryCyclingFlagged { .. }
        | HolderEvent::LogonRefused { .. }
        | HolderEvent::AlertRaised { .. }
        | HolderEvent::AlertDeclined { .. }
        | HolderEvent::RenewalForced { .. }
        | HolderEvent::LockAnnounced { .. }
        | HolderEvent::AccountLocked { .. }
        | HolderEvent::RestrictedSessionOpened { .. }
        | HolderEvent::CardUpdateBegun { .. }
        | HolderEvent::CardUpdateResumed { .. }
        | HolderEvent::CardWriteOpened { .. }
        | HolderEvent::CardKeyMade { .. }
        | HolderEvent::CardKeyKept(_)
        | HolderEvent::CardUpdateAbandoned { .. }
        | HolderEvent::RenewalAcknowledged { .. }
        | HolderEvent::RenewalAuthorised { .. }
        | HolderEvent::Desk(_)
        | HolderEvent::CertificateAlertRaised { .. }
        | HolderEvent::RaRenewalNeeded { .. }
        | HolderEvent::RenewalObstructed { .. }
        | HolderEvent::RenewalDeferred { .. }
        | HolderEvent::RegistrationBegun { .. }
        | HolderEvent::RegistrationCompleted { .. }
        | HolderEvent::RegistrationCancelled { .. }
        | HolderEvent::RegistrationRedirected { .. }
        | HolderEvent::CodeSent { .. }
        | HolderEvent::CodeRefused { .. }
        | HolderEvent::CodeVoided { .. }
        | HolderEvent::CodeAccepted { .. }
        | HolderEvent::UnlockPaused { .. }
        | HolderEvent::UnlockStarted { .. }
        | HolderEvent::QuestionsDrawn { .. }
        | HolderEvent::UnlockRefused { .. }
        | HolderEvent::AnswersWrong { .. }
        | HolderEvent::AnswersRight { .. }
        | HolderEvent::SelfServiceBlocked { .. }
        | HolderEvent::RecoveryPasscodeWrong { .. }
        | HolderEvent::RecoveryPasscodeBlocked { .. }
        | HolderEvent::RecoveryPasscodeRight { .. }
        | HolderEvent::UnlockCompleted { .. }
        | HolderEvent::PukRecorded { .. }
        | HolderEvent::PukReleased { .. }
        | HolderEvent::PukProbed { .. }
        | HolderEvent::PukSettled { .. }
        | HolderEvent::PukRuledOut { .. }
        | HolderEvent::PukLost { .. }
        | HolderEvent::PukReplaced { .. } => Ok(()),
    }
}

/// Whose a certificate is.
pub(crate) async fn owner(
    pool: &Pool,
    serial: &CertificateSerial,
) -> Result<Option<CertificateOwner>, ProjectionError> {
    let status = status(pool, serial).await?;
    Ok(status.map(|status| CertificateOwner { holder: status.holder, card: status.card }))
}

/// How a certificate stands.
pub(crate) async fn status(
    pool: &Pool,
    serial: &CertificateSerial,
) -> Result<Option<CertificateStatus>, ProjectionError> {
    let row: Option<Row> = Query::new(
        r"
        select serial, holder_id, card, slot, not_before, not_after, state, since, reason
        from certificate where serial = $1
        ",
    )
    .bind(serial.as_str())
    .fetch_optional(pool)
    .await?;
    Ok(row.map(CertificateStatus::try_from).transpose()?)
}

/// A page of what is revoked, in the order of the log.
pub(crate) async fn revoked(
    pool: &Pool,
    after: Option<&RevokedCursor>,
    limit: u32,
) -> Result<Vec<RevokedCertificate>, ProjectionError> {
    let position = after.map_or(0, |cursor| cursor.position.0.cast_signed());
    let rows: Vec<RevokedRow> = Query::new(
        r"
        select serial, since, reason, not_after, revoked_position from certificate
        where revoked_position is not null and (revoked_position, serial) > ($1, $2)
        order by revoked_position, serial
        limit $3
        ",
    )
    .bind(position)
    .bind(after.map_or("", |cursor| cursor.serial.as_str()))
    .bind(i64::from(limit.min(REVOKED_PAGE_MAX)))
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(RevokedCertificate::try_from).collect::<Result<_, _>>()?)
}

/// Where in the log a certificate was last taken off the revocation list; none if none ever was.
pub(crate) async fn last_reinstated(pool: &Pool) -> Result<Option<Position>, ProjectionError> {
    let (last,): (Option<i64>,) = Query::new(
        "select max(reinstated_position) from certificate where reinstated_position is not null",
    )
    .fetch_one(pool)
    .await?;
    Ok(last.map(|position| Position(position.cast_unsigned())))
}

impl TryFrom<Row> for CertificateStatus {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let since = row.since;
        let state = match (row.state.as_str(), row.reason) {
            ("unconfirmed", None) => CertificateState::Unconfirmed { since },
            ("good", None) => CertificateState::Good { since },
            ("superseded", None) => CertificateState::Superseded { since },
            ("revoked", Some(reason)) => {
                CertificateState::Revoked { since, reason: crl_reason(reason)? }
            }
            _ => return Err(sqlx::Error::Decode("the state of a certificate".into())),
        };
        let slot = Slot::ALL.into_iter().find(|slot| slot_text(*slot) == row.slot);
        Ok(Self {
            serial: row.serial.parse().map_err(not_an_id)?,
            holder: HolderId(row.holder_id),
            card: row.card.parse().map_err(not_an_id)?,
            slot: slot.ok_or_else(|| sqlx::Error::Decode("the slot of a certificate".into()))?,
            not_before: row.not_before,
            not_after: row.not_after,
            state,
        })
    }
}

impl TryFrom<RevokedRow> for RevokedCertificate {
    type Error = sqlx::Error;

    fn try_from(row: RevokedRow) -> sqlx::Result<Self> {
        Ok(Self {
            serial: row.serial.parse().map_err(not_an_id)?,
            at: row.since,
            reason: crl_reason(row.reason)?,
            not_after: row.not_after,
            position: Position(row.revoked_position.cast_unsigned()),
        })
    }
}

fn crl_reason(reason: i32) -> sqlx::Result<u8> {
    u8::try_from(reason).map_err(|_| sqlx::Error::Decode("the reason of a revocation".into()))
}

fn slot_text(slot: Slot) -> &'static str {
    match slot {
        Slot::Authentication => "authentication",
        Slot::Signature => "signature",
    }
}

fn not_an_id(error: NotAnId) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
