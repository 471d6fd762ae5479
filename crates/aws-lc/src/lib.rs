//! What AWS-LC has and aws-lc-rs does not show: scrypt and Ed25519ph.
