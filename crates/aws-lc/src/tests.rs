use super::*;

fn derived(password: &str, salt: &str, n: u64, r: u64, p: u64) -> String {
    let mut out = [0; 64];
    assert_eq!(scrypt(password.as_bytes(), salt.as_bytes(), n, r, p, &mut out), Ok(()));
    hex::encode(out)
}

#[test]
fn scrypt_derives_what_rfc_7914_section_12_lists() {
    assert_eq!(
        derived("", "", 16, 1, 1),
        "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442\
         fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
    );
    assert_eq!(
        derived("password", "NaCl", 1024, 8, 16),
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162\
         2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    );
    assert_eq!(
        derived("pleaseletmein", "SodiumChloride", 16384, 8, 1),
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
         d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    );
}

#[test]
fn scrypt_refuses_parameters_out_of_range() {
    let small = [(0, 8, 1), (1, 8, 1), (3, 8, 1), (16, 0, 1), (16, 8, 0)];
    let large = [(1 << 63, 8, 1), (16, u64::MAX, 1), (16, 1, u64::MAX), (1 << 33, 8, 1)];
    for (n, r, p) in small.into_iter().chain(large) {
        assert_eq!(
            scrypt(b"password", b"salt", n, r, p, &mut [0; 32]),
            Err(ScryptError { n, r, p }),
            "N={n} r={r} p={p}"
        );
    }
}

// RFC 8032 §7.3: the message "abc".
const PUBLIC_KEY: &str = "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf";
const DIGEST: &str = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                      2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
const SIGNATURE: &str = "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
                         31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406";

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text)
        .expect("a test vector is hexadecimal")
        .try_into()
        .expect("a test vector has its length")
}

#[test]
fn ed25519ph_verifies_the_signature_of_rfc_8032_section_7_3() {
    assert!(ed25519ph_verify(&bytes(DIGEST), &bytes(SIGNATURE), &bytes(PUBLIC_KEY)));
}

#[test]
fn ed25519ph_refuses_another_digest_signature_or_key() {
    let flipped = |text: &str| {
        let mut bytes: [u8; 64] = bytes(text);
        bytes[3] ^= 1;
        bytes
    };
    assert!(!ed25519ph_verify(
        &flipped(DIGEST),
        &bytes(SIGNATURE),
        &bytes(PUBLIC_KEY)
    ));
    assert!(!ed25519ph_verify(
        &bytes(DIGEST),
        &flipped(SIGNATURE),
        &bytes(PUBLIC_KEY)
    ));
    assert!(!ed25519ph_verify(&bytes(DIGEST), &bytes(SIGNATURE), &[0; 32]));
}
