//! Tokens of a SPIFFE agent, such as SPIRE's: JWT-SVIDs by the workload API
//! (<https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Workload_API.md>, §6).

use std::time::Duration;

use countersign_core::Secret;
use countersign_oci::http::grpc::{self, AgentAddress, GrpcError, UnaryCall};

/// The variable that says where the agent listens (SPIFFE Workload Endpoint, §4).
pub(super) const SOCKET: &str = "SPIFFE_ENDPOINT_SOCKET";

/// Where SPIRE's agent listens by default.
pub const AGENT: &str = "/tmp/spire-agent/public/api.sock";

/// Why an agent gave no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpiffeError {
    /// The agent did not answer, or refused.
    #[error("asking the SPIFFE agent for a token")]
    Agent(#[from] GrpcError),
    /// It answered without a token.
    #[error("SPIFFE agent {address} gave no token, expected one JWT-SVID at least")]
    NoToken {
        /// Where it listens.
        address: AgentAddress,
    },
}

/// Asks the agent for a token of this workload; the first of several is the workload's default identity.
pub(super) async fn token(address: &AgentAddress, audience: &str) -> Result<Secret<String>, SpiffeError> {
    let mut message = Vec::new();
    field(&mut message, 1, audience.as_bytes());
    let call = UnaryCall {
        method: "/SpiffeWorkloadAPI/FetchJWTSVID",
        metadata: &[("workload.spiffe.io", "true")],
        message: &message,
        limit: LIMIT,
        timeout: TIMEOUT,
    };
    let answer = grpc::unary(address, &call).await?;
    first_token(&answer).ok_or_else(|| SpiffeError::NoToken {
        address: address.clone(),
    })
}

/// The first token of a `JWTSVIDResponse`.
fn first_token(answer: &[u8]) -> Option<Secret<String>> {
    let token = first(answer, 1).and_then(|svid| first(svid, 2))?;
    let token = String::from_utf8(token.to_vec()).ok()?;
    (!token.is_empty()).then(|| Secret::new(token))
}

/// Writes a field of bytes (protobuf encoding, wire type 2).
fn field(message: &mut Vec<u8>, number: u8, content: &[u8]) {
    message.push(number << 3 | 2);
    let mut length = content.len();
    while length >= 0x80 {
        message.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    message.push(u8::try_from(length).unwrap_or_default());
    message.extend_from_slice(content);
}

/// The first field of bytes with this number; others are passed over.
fn first(mut message: &[u8], wanted: u64) -> Option<&[u8]> {
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let length = match key & 7 {
            0 => {
                varint(&mut message)?;
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut message)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (content, rest) = message.split_at_checked(length)?;
        if key == wanted << 3 | 2 {
            return Some(content);
        }
        message = rest;
    }
    None
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The door of the fuzz target: a message as an agent may send it.
#[cfg(fuzzing)]
pub mod fuzzing {
    use super::Secret;

    /// Reads the first token of an answer.
    pub fn token(answer: &[u8]) -> Option<Secret<String>> {
        super::first_token(answer)
    }
}

/// The longest answer that is read, in bytes.
const LIMIT: usize = 128 * 1024;

/// How long the agent may take.
const TIMEOUT: Duration = Duration::from_secs(30);
