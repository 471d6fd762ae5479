//! `trusted-root`.

mod create;
