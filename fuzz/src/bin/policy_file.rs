//! Policy files, YAML or JSON.

#![no_main]

use countersign::policy_file::{self, to_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let load = |_: &str| Err::<Vec<u8>, ()>(());
    if let Ok(policy) = policy_file::read(bytes, &load) {
        // the JSON that a policy means is the same policy
        let json = to_json(bytes).expect("it was read").to_string();
        let again = policy_file::read(json.as_bytes(), &load).expect("it is a policy");
        assert_eq!(format!("{policy:?}"), format!("{again:?}"));
    }
});
