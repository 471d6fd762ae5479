//! Issues of certificates that were checked once and for all: those between a root and what signs for it of the two public
//! instances of Sigstore that the program knows from the start.
//!
//! Whether a key signed these bytes never changes, and nearly every signature without a key is under one of these
//! certificates; each such check, on P-384, takes a tenth of the time of a verification. Only the signature is not computed
//! again: validity, purposes and names are judged as for any other. What is not listed, such as what follows these one
//! day, is computed.

use crate::certificate::Certificate;
use crate::digest::Digest;

/// Says whether it is known that `issuer`'s key signed `subject`: both are byte for byte those of a listed issue.
pub(super) fn is_issue(issuer: &Certificate, subject: &Certificate) -> bool {
    ISSUES.contains(&name(issuer, subject).to_string().as_str())
}

/// The SHA-256 of the issuer's `SubjectPublicKeyInfo` followed by the subject, both in DER, which tells where each ends.
fn name(issuer: &Certificate, subject: &Certificate) -> Digest {
    Digest::sha256(&[&*issuer.key_info, &*subject.der].concat())
}

const ISSUES: [&str; 6] = [
    // sigstore-intermediate, to 2031-10-05, by sigstore (fulcio.sigstore.dev)
    "sha256:72d77936acd8572a712771a42d5f703948d349a72d61905d197b039253126fac",
    // sigstore-tsa, to 2035-04-06, by sigstore-tsa-selfsigned (timestamp.sigstore.dev)
    "sha256:1b938c4c956028ec45170a57327a1ec68b7630bae8c7a51223d7184a40afdafb",
    // sigstore-intermediate, to 2032-03-22, by sigstore (fulcio.sigstage.dev)
    "sha256:2bbb8892731b6abde061d90527815bdf1fb669d92a8ea137857f420722746ccd",
    // sigstore-intermediate, to 2036-06-02, by sigstore (fulcio.sigstage.dev)
    "sha256:f019b35ab5f661508ce4305c288aa51c77b27856781c7ce3e4cb38e775292166",
    // sigstore-tsa, to 2035-03-26, by sigstore-tsa-selfsigned (timestamp.sigstage.dev)
    "sha256:6752f2fef54386ca224f1e56dcf11b2b1bc9651cf15c6b897f70127b4ad44c87",
    // sigstore-tsa, to 2027-06-09, by sigstore-tsa-selfsigned (timestamp.sigstage.dev)
    "sha256:22bb20d69d840a1d2b3dc7fceaeab3df4bbdb4a87b33725bf6d5046bf98b5ed2",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::algorithm;
    use crate::trust::TrustedRoot;

    const PUBLIC_GOOD: &str = include_str!("../../../tests/data/trust/public-good.json");
    const STAGING: &str = include_str!("../../../tests/data/trust/staging.json");

    fn issues(root: &str) -> Vec<(Certificate, Certificate)> {
        let root = TrustedRoot::parse(root.as_bytes()).expect("it is a trusted root");
        let authorities = root
            .certificate_authorities()
            .iter()
            .chain(root.timestamp_authorities());
        let pairs = authorities.flat_map(|authority| authority.chain().windows(2));
        pairs
            .filter_map(|pair| match pair {
                [subject, issuer] => Some((issuer.clone(), subject.clone())),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn listed_are_the_issues_of_the_public_instances_and_each_of_them_verifies() {
        let issues = [issues(PUBLIC_GOOD), issues(STAGING)].concat();
        let names: Vec<String> = issues
            .iter()
            .map(|(issuer, subject)| name(issuer, subject).to_string())
            .collect();
        assert_eq!(names, ISSUES);
        for (issuer, subject) in &issues {
            assert!(is_issue(issuer, subject));
            let scheme = algorithm::scheme(&subject.signature_algorithm).expect("it is known");
            let key = issuer.public_key().expect("it is a key");
            assert!(algorithm::verifies(scheme, key, &subject.tbs, &subject.signature));
        }
    }

    #[test]
    fn what_another_issued_is_not_listed() {
        let issues = [issues(PUBLIC_GOOD), issues(STAGING)].concat();
        for (place, (issuer, subject)) in issues.iter().enumerate() {
            assert!(!is_issue(subject, issuer) && !is_issue(subject, subject));
            for (other_issuer, other_subject) in issues.iter().skip(place + 1) {
                let is_the_same = issuer.key_info == other_issuer.key_info;
                assert_eq!(is_issue(issuer, other_subject), is_the_same);
                assert_eq!(is_issue(other_issuer, subject), is_the_same);
            }
        }
    }

    #[test]
    fn subject_of_which_one_byte_is_another_is_not_listed() {
        let listed = issues(PUBLIC_GOOD);
        let (issuer, subject) = listed.first().expect("there is one");
        for place in 0..subject.der.len() {
            let mut der = subject.der.to_vec();
            *der.get_mut(place).expect("it is in the certificate") ^= 1;
            if let Ok(changed) = Certificate::from_der(&der) {
                assert!(!is_issue(issuer, &changed), "byte {place}");
            }
        }
    }
}
