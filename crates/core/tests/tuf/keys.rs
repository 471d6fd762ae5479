//! Whose signatures count.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256};
use countersign_core::PublicKey;
use countersign_core::key::{KeyAlgorithm, PrivateKey, SignatureDigest};
use countersign_core::quoted::Quoted;
use countersign_core::signer::Signer;
use countersign_core::tuf::Refusal;
use serde_json::{Value, json};

use super::simulator::{Client, Repository, SigningKey};
use super::{refused, threshold};

fn public(keytype: &str, scheme: &str, key: &str) -> Value {
    json!({"keytype": keytype, "scheme": scheme, "keyval": {"public": key}})
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn own(algorithm: KeyAlgorithm, digest: Option<SignatureDigest>) -> PrivateKey {
    let key = PrivateKey::generate(algorithm).unwrap();
    match digest {
        Some(digest) => key.with_digest(digest).unwrap(),
        None => key,
    }
}

fn signing(public: Value, key: PrivateKey) -> SigningKey {
    SigningKey::of(public, move |message| key.sign(message).unwrap().as_bytes().to_vec())
}

/// What a client says of a root that also needs this key's signature.
fn judged(key: SigningKey) -> Result<(), Refusal> {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    repository.add_key("root", key);
    repository.said("root")["roles"]["root"]["threshold"] = json!(2);
    repository.publish(&["root"]);
    client.refresh(&repository).map(drop).map_err(|error| error.refusal)
}

#[test]
fn keys_of_all_kinds_sign() {
    let p256 = || own(KeyAlgorithm::EcdsaP256, None);
    let pem = |key: &PrivateKey| key.public_key().to_pem();

    let key = p256();
    judged(signing(public("ecdsa", "ecdsa-sha2-nistp256", &pem(&key)), key)).unwrap();
    let key = p256();
    let point = key.public_key().as_der()[26..].to_vec();
    judged(signing(
        public("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", &hex(&point)),
        key,
    ))
    .unwrap();
    let key = own(KeyAlgorithm::EcdsaP384, Some(SignatureDigest::Sha384));
    judged(signing(public("ecdsa", "ecdsa-sha2-nistp384", &pem(&key)), key)).unwrap();
    let key = own(KeyAlgorithm::Ed25519, None);
    let bytes = key.public_key().as_der()[12..].to_vec();
    judged(signing(public("ed25519", "ed25519", &hex(&bytes)), key)).unwrap();
    let key = own(KeyAlgorithm::Ed25519, None);
    judged(signing(public("ed25519", "ed25519", &pem(&key)), key)).unwrap();

    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pem = PublicKey::from_pkcs1(pair.public_key().as_ref()).unwrap().to_pem();
    let sign = move |message: &[u8]| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature)
            .unwrap();
        signature
    };
    judged(SigningKey::of(public("rsa", "rsassa-pss-sha256", &pem), sign)).unwrap();
}

#[test]
fn a_signature_by_another_scheme_than_the_keys_does_not_count() {
    let missing = threshold("this root", 2, 1);
    let rsa = own(KeyAlgorithm::Rsa2048, None);
    let pem = rsa.public_key().to_pem();
    // PKCS #1 v1.5 is no scheme of TUF; and a key is of the kind that it says.
    assert_eq!(
        judged(signing(public("rsa", "rsassa-pss-sha256", &pem), rsa)),
        Err(missing.clone())
    );
    for (keytype, scheme, algorithm) in [
        ("ed25519", "ed25519", KeyAlgorithm::EcdsaP256),
        ("rsa", "rsassa-pss-sha256", KeyAlgorithm::EcdsaP256),
        ("ecdsa", "ecdsa-sha2-nistp256", KeyAlgorithm::Ed25519),
        ("ecdsa", "ecdsa-sha2-nistp256", KeyAlgorithm::Rsa2048),
        ("ecdsa", "ecdsa-sha2-nistp384", KeyAlgorithm::EcdsaP256),
        ("ecdsa", "ed25519", KeyAlgorithm::EcdsaP256),
        ("unheard-of", "unheard-of", KeyAlgorithm::EcdsaP256),
    ] {
        let key = own(algorithm, None);
        let public = public(keytype, scheme, &key.public_key().to_pem());
        assert_eq!(
            judged(signing(public, key)),
            Err(missing.clone()),
            "{keytype} {scheme} {algorithm}"
        );
    }
}

#[test]
fn a_key_that_is_none_does_not_count() {
    for text in [
        "",
        "x",
        "00",
        "-----BEGIN PUBLIC KEY-----\n",
        &"00".repeat(32),
        &"00".repeat(65),
    ] {
        let key = SigningKey::of(public("ecdsa", "ecdsa-sha2-nistp256", text), |_| vec![0; 64]);
        assert_eq!(judged(key), Err(threshold("this root", 2, 1)), "{text}");
    }
}

#[test]
fn a_key_counts_once_under_whatever_names() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let key = std::sync::Arc::new(key);
    for name in ["one", "two"] {
        let mut public = public("ecdsa", "ecdsa-sha2-nistp256", &key.public_key().to_pem());
        public["x-name"] = json!(name);
        let key = std::sync::Arc::clone(&key);
        let sign = move |message: &[u8]| key.sign(message).unwrap().as_bytes().to_vec();
        repository.add_key("timestamp", SigningKey::of(public, sign));
    }
    repository.signers.get_mut("timestamp").unwrap().remove(0);
    repository.said("root")["roles"]["timestamp"]["threshold"] = json!(2);
    repository.publish(&["root", "timestamp"]);
    let refusal = threshold("the timestamp role", 2, 1);
    assert_eq!(
        refused(&mut client, &repository),
        ("timestamp.json".to_owned(), refusal)
    );
}

#[test]
fn as_many_keys_must_sign_as_the_role_says() {
    for (role, signer, path) in [
        ("timestamp", "the timestamp role", "timestamp.json"),
        ("snapshot", "the snapshot role", "2.snapshot.json"),
        ("targets", "the targets role", "2.targets.json"),
    ] {
        let mut repository = Repository::new();
        let mut client = Client::new(&repository);
        repository.add_key(role, SigningKey::new());
        repository.add_key(role, SigningKey::new());
        repository.said("root")["roles"][role]["threshold"] = json!(3);
        repository.publish(&["root", "targets", "snapshot", "timestamp"]);
        client.clone().refresh(&repository).unwrap();
        repository.signers.get_mut(role).unwrap().pop();
        repository.write(role);
        assert_eq!(
            refused(&mut client, &repository),
            (path.to_owned(), threshold(signer, 3, 2))
        );
    }
}

#[test]
fn the_first_root_must_be_signed_by_its_own_keys() {
    let mut repository = Repository::new();
    repository.signers.insert("root".to_owned(), vec![SigningKey::new()]);
    repository.write("root");
    let mut client = Client::new(&repository);
    assert_eq!(
        refused(&mut client, &repository),
        ("root.json".to_owned(), threshold("this root", 1, 0))
    );
    assert!(client.asked.is_empty());
}

#[test]
fn a_root_must_be_signed_by_the_keys_of_the_one_before_and_its_own() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    let old = repository.signers.remove("root").unwrap();
    repository.rotate("root");
    let file = "2.root.json".to_owned();
    repository.publish(&["root"]);
    assert_eq!(
        refused(&mut client, &repository),
        (file.clone(), threshold("the root before it", 1, 0))
    );

    let new = repository.signers.insert("root".to_owned(), old).unwrap();
    repository.write("root");
    assert_eq!(refused(&mut client, &repository), (file, threshold("this root", 1, 0)));

    repository.signers.get_mut("root").unwrap().extend(new);
    repository.write("root");
    client.refresh(&repository).unwrap();
}

#[test]
fn signatures_that_are_none_do_no_harm_to_those_that_are() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    let mut public = SigningKey::new().public;
    for (number, signature) in [vec![], vec![1, 2, 3], vec![0; 70]].into_iter().enumerate() {
        public["x-number"] = json!(number);
        let other = SigningKey::of(public.clone(), move |_| signature.clone());
        repository.add_key("timestamp", other);
        repository.publish(&["root", "timestamp"]);
        client.refresh(&repository).unwrap();
    }
    let mut file: Value = serde_json::from_slice(&repository.signed("timestamp")).unwrap();
    file["signatures"][1]["sig"] = json!("no hexadecimal");
    repository
        .published
        .insert("timestamp.json".to_owned(), file.to_string().into_bytes());
    Client::new(&repository).refresh(&repository).unwrap();
}

#[test]
fn a_signature_that_is_there_twice_is_refused() {
    let mut repository = Repository::new();
    let mut file: Value = serde_json::from_slice(&repository.signed("timestamp")).unwrap();
    let signature = file["signatures"][0].clone();
    let id = Quoted::new(signature["keyid"].as_str().unwrap());
    file["signatures"].as_array_mut().unwrap().push(signature);
    repository
        .published
        .insert("timestamp.json".to_owned(), file.to_string().into_bytes());
    let refusal = Refusal::DuplicateKeyId { id };
    assert_eq!(
        refused(&mut Client::new(&repository), &repository),
        ("timestamp.json".to_owned(), refusal)
    );
}

#[test]
fn a_key_that_a_role_names_twice_is_refused() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    let id = repository.said("root")["roles"]["snapshot"]["keyids"][0].clone();
    let ids = &mut repository.said("root")["roles"]["snapshot"]["keyids"];
    ids.as_array_mut().unwrap().push(id.clone());
    repository.publish(&["root"]);
    let id = Quoted::new(id.as_str().unwrap());
    assert_eq!(
        refused(&mut client, &repository),
        ("2.root.json".to_owned(), Refusal::DuplicateKeyId { id })
    );
}

#[test]
fn names_of_keys_say_nothing() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    let mut key = SigningKey::new();
    key.id = "a name".to_owned();
    repository.add_key("root", key);
    repository.said("root")["roles"]["root"]["threshold"] = json!(2);
    repository.publish(&["root"]);
    client.refresh(&repository).unwrap();
}

#[test]
fn members_that_are_not_known_are_signed_too() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    repository.said("root")["x-custom"] = json!({"b": [1, null], "a": "\u{e9}\"\\"});
    repository.publish(&["root"]);
    client.refresh(&repository).unwrap();
    let mut file: Value = serde_json::from_slice(&repository.published["2.root.json"]).unwrap();
    file["signed"]["x-custom"]["a"] = json!("other");
    repository
        .published
        .insert("2.root.json".to_owned(), file.to_string().into_bytes());
    let mut client = Client::new(&repository);
    assert_eq!(
        refused(&mut client, &repository).1,
        threshold("the root before it", 1, 0)
    );
}
