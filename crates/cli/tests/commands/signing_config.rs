//! `signing-config`.

mod create;
