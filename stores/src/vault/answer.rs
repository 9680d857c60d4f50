//! The codes by which a holder answers a mail with "this was not me" (B-57): worked out when the mail
//! is written and again when something is typed, and kept nowhere, as those of [`super::code`] are.
//!
//! A mail names no version of the key, so the instant of what it tells of has to: its code is made with
//! the newest key of the days *before*. Today's may come into being at any moment of today, and a mail
//! that is written twice has to say the same both times.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::HolderId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use super::{Code, Vault, VaultError, code::written};

/// What such a code is good for. Each other mail or holder has another one.
#[derive(Debug, Clone, Copy)]
pub struct AnswerBinding {
    /// The step of the mail.
    pub step: Uuid,
    /// Whom it was sent to.
    pub holder: HolderId,
    /// When what it tells of happened.
    pub at: DateTime<Utc>,
}

/// B-38: the version of the codes' key that is made on the day of `now`: the day, counted from 1970.
#[must_use]
pub fn code_key_of(now: DateTime<Utc>) -> u32 {
    let days = now.date_naive().signed_duration_since(NaiveDate::default()).num_days();
    u32::try_from(days.max(1)).unwrap_or(u32::MAX)
}

impl Vault {
    /// The code by which this mail is answered. Once its key is gone there is another one, which is no
    /// mail's: whoever asks refuses by time.
    pub fn answer_code(&self, binding: &AnswerBinding) -> Result<Code, VaultError> {
        let keys = self.keys.code.now();
        let (version, key) = keys.before(code_key_of(binding.at));
        let AnswerBinding { step, holder, at } = binding;
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| VaultError::Broken)?;
        mac.update(b"latchkey/v1 not me\0");
        mac.update(step.as_bytes());
        mac.update(&version.to_be_bytes());
        mac.update(holder.0.as_bytes());
        mac.update(&at.timestamp_micros().to_be_bytes());
        Ok(written(mac))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{
        testing::{holder, stores},
        vault::Keys,
    };

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn binding() -> AnswerBinding {
        AnswerBinding {
            step: Uuid::from_u128(1),
            holder: holder(1),
            at: at("2026-03-10T09:30:00Z"),
        }
    }

    #[tokio::test]
    async fn b57_each_mail_person_and_instant_has_another_code_and_always_the_same() {
        let vault = stores().await.vault;
        let code = |binding| vault.answer_code(&binding).unwrap();
        let ours = code(binding()).plain();
        assert!(code(binding()).is(&ours));
        for other in [
            AnswerBinding { step: Uuid::from_u128(2), ..binding() },
            AnswerBinding { holder: holder(2), ..binding() },
            AnswerBinding { at: binding().at + TimeDelta::microseconds(1), ..binding() },
        ] {
            assert!(!code(other).is(&ours));
        }
    }

    #[tokio::test]
    async fn b57_a_mail_that_is_written_before_and_after_the_day_has_its_key_says_the_same_code() {
        let vault = stores().await.vault;
        let today = code_key_of(binding().at);
        vault.renew_code_keys(Keys::new(today - 1, [1; 32]));
        let before = vault.answer_code(&binding()).unwrap().plain();
        vault.renew_code_keys(Keys::new(today, [2; 32]).with_older(today - 1, [1; 32]));
        assert!(vault.answer_code(&binding()).unwrap().is(&before));
        let later = Keys::new(today + 3, [4; 32]).with_older(today, [2; 32]);
        vault.renew_code_keys(later.with_older(today - 1, [1; 32]));
        assert!(vault.answer_code(&binding()).unwrap().is(&before));
        vault.renew_code_keys(Keys::new(today + 3, [4; 32]).with_older(today, [2; 32]));
        assert!(!vault.answer_code(&binding()).unwrap().is(&before));
    }

    #[tokio::test]
    async fn b57_on_the_first_day_of_all_there_is_no_key_of_a_day_before_and_the_first_one_does() {
        let vault = stores().await.vault;
        let today = code_key_of(binding().at);
        vault.renew_code_keys(Keys::new(today, [2; 32]));
        let before = vault.answer_code(&binding()).unwrap().plain();
        vault.renew_code_keys(Keys::new(today + 1, [3; 32]).with_older(today, [2; 32]));
        assert!(vault.answer_code(&binding()).unwrap().is(&before));
    }
}
