//! Tekton objects, in files and in the layers of bundles, and YAML as JSON.

#![no_main]

use countersign_artifacts::tekton::{Bundle, Input, OBJECTS, content, created, to_yaml};
use countersign_artifacts::{gzip, yaml};
use countersign_oci::manifest::Descriptor;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let layer = Descriptor::of("a/b", bytes);
    let _ = content(&layer, bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        text_of_a_file(text);
    }
});

fn text_of_a_file(text: &str) {
    let _ = created(text);
    for document in yaml::documents(text).unwrap_or_default() {
        // What we print means the same.
        assert_eq!(yaml::documents(&to_yaml(&document)).as_deref(), Ok(&[document][..]));
    }
    let input = Input {
        name: "file".to_owned(),
        text: text.to_owned(),
    };
    let Ok(bundle) = Bundle::of(vec![input]) else { return };
    assert!((1..=OBJECTS).contains(&bundle.objects().len()));
    for object in bundle.objects() {
        // What is packed is an object of the same name again.
        let mut layer = Descriptor::of("a/b", object.json());
        layer.annotations = [
            ("name", object.name().to_owned()),
            ("kind", object.lower_kind()),
            ("apiVersion", object.version().to_owned()),
        ]
        .map(|(key, value)| (format!("dev.tekton.image.{key}"), value))
        .into();
        let read = content(&layer, &gzip::compress(object.json())).expect("it was one");
        assert_eq!(read.name(), object.name());
    }
}
