//! Payloads: the exact bytes that are signed, and the claims they hold.

pub mod predicate;
pub mod simple_signing;
pub mod statement;
