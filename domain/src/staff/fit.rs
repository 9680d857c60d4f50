//! Whether a member of staff can act at all (B-59): for the alarm that an organisation is left alone, and
//! for the question whether glass may be broken. What he may do once he can is asked of [`super::may`].

use crate::{calendar::Phase, certificate, context::Context, holder::Holder};

/// True if he can log in and may do more than renew.
#[must_use]
pub fn can_act(context: &Context<'_>, holder: &Holder) -> bool {
    let passcodes = holder.passcodes().worst(context);
    let is_open = !matches!(passcodes, Some((_, Phase::Forced { .. } | Phase::Locked)));
    let certificates = holder.certificates(context);
    let is_restricted = certificates.is_some_and(|standing| standing.restricts);
    can_come_back(context, holder) && is_open && !is_restricted
}

/// True if he can log in, and can act once he has renewed what he has to: nobody else is needed.
#[must_use]
pub fn can_come_back(context: &Context<'_>, holder: &Holder) -> bool {
    let is_locked = matches!(holder.passcodes().worst(context), Some((_, Phase::Locked)));
    let is_good = holder.certificates(context).is_some_and(|standing| match standing.phase {
        certificate::Phase::Quiet | certificate::Phase::Alert | certificate::Phase::Forced => true,
        certificate::Phase::Expired
        | certificate::Phase::Suspended
        | certificate::Phase::Revoked => false,
    });
    holder.desk().closed().is_none() && !is_locked && is_good
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::registered;

    /// Whether somebody registered on 10 March 2025 can act, and can come back, on that day.
    fn fit(on: &str) -> (bool, bool) {
        let he = registered("2025-03-10").on(on);
        he.see(|ctx, holder| (can_act(ctx, holder), can_come_back(ctx, holder)))
    }

    #[test]
    fn p17_b59_whoever_has_to_renew_cannot_act_until_he_has_and_needs_nobody_for_it() {
        assert_eq!(fit("2026-03-09"), (true, true));
        assert_eq!(fit("2026-03-10"), (false, true));
    }

    #[test]
    fn p18_b59_whoever_is_locked_out_cannot_come_back_without_somebody_else() {
        assert_eq!(fit("2026-03-30"), (false, true));
        assert_eq!(fit("2026-03-31"), (false, false));
    }
}
