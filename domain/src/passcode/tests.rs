//! Tests, by rule.
