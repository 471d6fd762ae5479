//! What is said of bases: configurations of images, statements, and manifests that get marks.

#![no_main]

use countersign::base::{Marks, marked};
use countersign::sign::Subject;
use countersign_core::base::{BaseStatement, Layers};
use countersign_core::json_object::JsonObject;
use countersign_core::payload::statement::Statement;
use countersign_oci::{Manifest, Reference};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for count in 0..3 {
        if let Ok(layers) = Layers::of_configuration(bytes, count) {
            assert_eq!(layers.len(), count);
            assert_eq!(layers.lowest(count), Some(layers));
        }
    }
    if let Ok(statement) = Statement::parse(bytes)
        && let Ok(said) = BaseStatement::of_predicate(statement.predicate())
        && let Ok(layers) = said.diff_ids()
    {
        let digest = layers.diff_ids()[0].clone();
        let again = Statement::parse(&said.to_statement(&digest, &layers)).expect("it is a statement");
        let again = BaseStatement::of_predicate(again.predicate()).expect("it is of a base");
        assert_eq!(again, said);
    }
    if let Ok(object) = JsonObject::parse(bytes) {
        let _twin = object.twin();
        let written = object.to_json();
        assert_eq!(JsonObject::parse(&written).expect("it was written").to_json(), written);
    }
    mark(bytes);
});

/// A manifest that got marks has them, and is a manifest still.
fn mark(bytes: &[u8]) {
    let Ok(manifest) = Manifest::parse(bytes.to_vec().into(), "application/vnd.oci.image.manifest.v1+json") else {
        return;
    };
    let name: Reference = "reg.example/a:b".parse().expect("this is a name");
    let mut subject = Subject {
        image: name.clone().pin(manifest.digest().clone()),
        descriptor: manifest.descriptor(),
        manifest,
    };
    let marks = Marks {
        signatures: vec!["AAAA".to_owned()],
        bundles: vec![b"{}".to_vec()],
    };
    let marks = [(1, marks)].into();
    if let Ok(Some(new)) = marked(&subject, &marks) {
        assert_eq!(new.layers().len(), subject.manifest.layers().len());
        subject.manifest = new;
        assert!(matches!(marked(&subject, &marks), Ok(None)));
    }
}
