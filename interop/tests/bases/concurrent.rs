//! Several sign one base at once: nobody's signature is lost, beside the base and under the tag of its layers.

use countersign_interop::keys::generate;
use countersign_interop::{FaultProxy, Key, Kind, Peers, Registry, Run, work};

use super::place::Place;

#[test]
fn who_signs_a_base_at_the_same_time_as_others_loses_nothing() {
    let Some(peers) = Peers::find() else { return };
    let names: Vec<String> = (0..SIGNERS).map(|number| format!("signer{number}")).collect();
    let keys: Vec<Key> = names.iter().map(|name| generate(&peers, "ours", name)).collect();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let registry = Registry::start(&peers, kind);
        // slow enough that all of them have read before any has written
        let proxy = FaultProxy::start(&peers, registry.address());
        proxy.delay(20);
        for crowd in [2, SIGNERS] {
            let namespace = format!("crowd{crowd}");
            let place = Place::new(&peers, &registry, &namespace);
            place.push("base:v1", &["one", "two"]);
            place.append("base:v1", "three", "app:v1");
            let base = format!("{}/{namespace}/base:v1", proxy.address());
            let signed = work::on_threads(crowd, &keys[..crowd], |key| {
                let arguments = ["base", "sign", "--key", &key.private, "--tlog-upload=false", "-y"];
                Run::new(&peers, "ours", &arguments).with(&[&base]).end()
            });
            for ended in signed {
                assert!(ended.succeeded(), "{kind}: {ended:#?}");
            }
            for key in &keys[..crowd] {
                let beside = place.verify(key, "base:v1", &[]);
                assert!(beside.succeeded(), "{kind}, beside the base: {beside:#?}");
                let flags = ["--base-repository", &place.name("base"), "-o", "json"];
                let tagged = place.verify(key, "app:v1", &flags);
                assert!(tagged.succeeded(), "{kind}, under the tag: {tagged:#?}");
                // the statement, and the signature over layers alone
                let counted = tagged.stdout.matches(r#""chainId":"#).count();
                assert_eq!(counted, 2, "{kind}: {tagged:#?}");
            }
        }
    }
}

/// How many sign at once, at most.
const SIGNERS: usize = 6;
