//! What pages and programs call something is what events call it.

use serde::Serialize;

use super::*;

fn is_as_recorded<T: Serialize + Copy>(all: &[T], as_str: fn(T) -> &'static str) {
    for one in all {
        assert_eq!(serde_json::to_value(one).unwrap(), as_str(*one));
    }
}

#[test]
fn b57_b61_a_reason_is_called_the_same_in_events_on_pages_and_in_programs() {
    is_as_recorded(&Loss::ALL, Loss::as_str);
    is_as_recorded(&SuspensionReason::ALL, SuspensionReason::as_str);
    is_as_recorded(&CancelReason::ALL, CancelReason::as_str);
    is_as_recorded(&CloseReason::ALL, CloseReason::as_str);
    is_as_recorded(&RevocationReason::ALL, RevocationReason::as_str);
    is_as_recorded(&IdentityEvidence::ALL, IdentityEvidence::as_str);
}
