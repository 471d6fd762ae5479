//! Copies of bases, from and to every registry, as a folder and as an archive: images that nobody has marked are known by what is there.

use countersign_interop::keys::generate;
use countersign_interop::{Key, Kind, Peers, Registry};

use super::place::Place;

#[test]
fn images_that_nobody_has_marked_stand_on_copied_saved_and_loaded_bases() {
    let Some(peers) = Peers::find() else { return };
    let key = generate(&peers, "cosign3", "key");
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)) {
        let (from, to) = (Registry::start(&peers, kind), Registry::start(&peers, kind));
        let (from, to) = (Place::new(&peers, &from, "from"), Place::new(&peers, &to, "to"));
        from.base(&key, "base:v1", &["one", "two"], &[]);
        from.ours(&["copy", &from.name("base:v1"), &to.name("copied:v1")]);
        stands(&to, &key, "copied", kind);
        from.ours(&["copy", &from.name("base:v1"), &from.name("near:v1")]);
        stands(&from, &key, "near", kind);
        for (flag, name) in [("--dir", "folder"), ("--archive", "archive")] {
            let place = to.path(&format!("{name}-{kind}"));
            from.ours(&["save", &from.name("base:v1"), flag, &place]);
            to.ours(&["load", flag, &place, &to.name(&format!("{name}:v1"))]);
            stands(&to, &key, name, kind);
        }
    }
}

/// Builds upon the base in a repository, and finds its signature there, as nothing is on the image.
fn stands(place: &Place<'_>, key: &Key, base: &str, kind: Kind) {
    let image = format!("{base}-app:v1");
    place.append(&format!("{base}:v1"), "three", &image);
    let alone = place.verify(key, &image, &[]);
    assert_eq!(alone.code, Some(10), "{kind}: {alone:#?}");
    let found = place.verify(key, &image, &["--base-repository", &place.name(base)]);
    let found = found.expect_success();
    assert!(
        found.stdout.contains("  layers 1-2: a signed base"),
        "{kind}: {found:#?}"
    );
}
