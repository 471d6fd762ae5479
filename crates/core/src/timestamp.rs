//! Signed timestamps (RFC 3161).

/// A time-stamp response as evidence brings it, in DER; *untrusted*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampToken {
    der: Vec<u8>,
}

impl TimestampToken {
    /// Keeps the DER of a `TimeStampResp`.
    pub fn new(der: Vec<u8>) -> Self {
        Self { der }
    }

    /// Returns the DER.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }
}
