//! Layers of images: whiteouts, links, packed in any way. No path leads out of the image, and none has a part that is not one; nor
//! is one of those that a layer replaces or deletes of the layer below it.

#![no_main]

use countersign_artifacts::overrides::of_bytes;
use countersign_artifacts::sbom::fuzzing::layers;
use countersign_fuzz::checksummed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let middle = bytes.len() / 2;
    let (lower, upper) = bytes.split_at(middle);
    let is_packed = |layer: &[u8]| layer.starts_with(&[0x1f, 0x8b]) || layer.starts_with(&[0x28, 0xb5]);
    let form = |layer: &[u8]| if is_packed(layer) { layer.to_vec() } else { checksummed(layer) };
    let (all, lower, upper) = (form(bytes), form(lower), form(upper));
    for stack in [vec![&all[..]], vec![&lower[..], &upper[..]], vec![&all[..], &all[..]]] {
        let found = of_bytes(&stack, 1, Box::new(|_| true)).unwrap_or_default();
        assert!(found.count >= found.listed.len() && found.listed == found.forbidden);
        for one in &found.listed {
            assert!(one.layer == 2 && stack.len() == 2, "{one:?}");
            assert!(!one.path.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")), "{one:?}");
        }
        for path in layers(&stack).into_iter().flatten() {
            let parts = path.split("!/").next().unwrap_or_default().split('/').skip(1);
            for part in parts {
                assert!(!matches!(part, "" | "." | ".."), "{path}");
            }
        }
    }
});
