//! Many images in one run.

use serde_json::Value;

use crate::harness::Outcome;
use crate::registry::Registry;
use crate::signing::{SIGN, VERIFY, push, signer};

fn lines(outcome: &Outcome) -> Vec<Value> {
    let text = String::from_utf8_lossy(&outcome.stdout);
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

#[test]
fn a_list_of_images_is_verified_with_a_line_for_each_and_one_that_sums_up() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "signed:v1", "signed");
    push(&user, &registry, "unsigned:v1", "unsigned");
    let (signed, unsigned) = (registry.name("signed:v1"), registry.name("unsigned:v1"));
    assert_eq!(user.run(&format!("{SIGN} {signed}")).exit, 0);
    user.write("images", format!("# what runs\n{unsigned}\n\n  {signed}  \n"));
    let outcome = user.run(&format!("{VERIFY} -o jsonl --images-from images {signed}"));
    assert_eq!(outcome.exit, 10, "{outcome}");
    let lines = lines(&outcome);
    let verified = lines.iter().filter(|line| line["verified"] == true).count();
    let failed: Vec<_> = lines.iter().filter(|line| line["verified"] == false).collect();
    assert_eq!((lines.len(), verified, failed.len()), (4, 2, 1), "{outcome}");
    assert_eq!(failed[0]["image"], unsigned.as_str());
    assert_eq!(failed[0]["error"]["code"], "no-signature");
    assert_eq!(
        lines[3],
        serde_json::json!({"schemaVersion":1,"summary":{"images":3,"verified":2,"failed":1,"exit":10}})
    );
}

#[test]
fn a_list_comes_from_standard_input_too() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "app");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {image}")).exit, 0);
    let outcome = user.answering(&image).run(&format!("{VERIFY} --images-from -"));
    assert_eq!(outcome.exit, 0, "{outcome}");
}

#[test]
fn a_list_that_names_nothing_is_an_error() {
    let user = signer();
    user.write("images", "# none\n");
    let outcome = user.run(&format!("{VERIFY} --images-from images"));
    assert_eq!(outcome.exit, 1, "{outcome}");
    assert!(
        outcome
            .stderr
            .starts_with("Error: --images-from images: it names no image"),
        "{outcome}"
    );
}
