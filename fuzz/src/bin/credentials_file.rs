//! Docker's and Podman's files of credentials, and what helper programs answer.

#![no_main]

use countersign_oci::Repository;
use countersign_oci::registry::credentials::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for name in ["docker.io/library/alpine", "registry.example:5000/team/app"] {
        let repository: Repository = name.parse().expect("a repository");
        for error in fuzzing::is_found(bytes, &repository)
            .into_iter()
            .filter_map(Result::err)
        {
            assert!(!error.to_string().is_empty());
        }
    }
    let _ = fuzzing::is_answer(bytes);
});
