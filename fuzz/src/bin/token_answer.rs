//! Answers of token servers and refusals of registries: what the user reads of them is short and cannot move the cursor.

#![no_main]

use countersign_oci::registry::fuzzing;
use http::StatusCode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((status, body)) = bytes.split_first() else {
        return;
    };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let told = fuzzing::token(status, body).err();
    for text in [told, Some(fuzzing::refusal(status, body).to_string())]
        .into_iter()
        .flatten()
    {
        assert!(
            text.chars().count() < 600 && !text.contains(char::is_control),
            "{text:?}"
        );
    }
});

const STATUSES: [StatusCode; 7] = [
    StatusCode::OK,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::INTERNAL_SERVER_ERROR,
];
