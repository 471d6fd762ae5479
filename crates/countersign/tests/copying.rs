//! Copies between stores that are watched, and stores that are not as they should be.

use std::path::PathBuf;
use std::sync::Mutex;

use countersign::attachment::Location;
use countersign::copy::{Copied, CopyError, CopyOptions, Destination, Origin, copy};
use countersign::sign::find;
use countersign_core::Digest;
use countersign_oci::blob::{BlobStream, Uploaded};
use countersign_oci::manifest::Descriptor;
use countersign_oci::store::Condition;
use countersign_oci::{Layout, Manifest, Pinned, Reference, Repository, Store, StoreError, Upload, media_type};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A layout that notes what is written to it, and does not keep what it is told to lose.
struct Watched {
    layout: Layout,
    folder: PathBuf,
    log: Mutex<Vec<String>>,
    loses: &'static str,
}

impl Watched {
    async fn new(folder: &TempDir, loses: &'static str) -> Self {
        let folder = folder.path().join("target");
        Self {
            layout: Layout::create(&folder).await.expect("it can be made"),
            folder,
            log: Mutex::default(),
            loses,
        }
    }

    fn note(&self, what: &str) {
        self.log
            .lock()
            .expect("no test fails while it writes")
            .push(what.to_owned());
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().expect("no test fails while it writes").clone()
    }
}

impl Store for Watched {
    async fn resolve(&self, reference: &Reference) -> Result<Pinned, StoreError> {
        self.layout.resolve(reference).await
    }

    async fn manifest(&self, reference: &Reference) -> Result<Manifest, StoreError> {
        self.layout.manifest(reference).await
    }

    async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<BlobStream, StoreError> {
        self.layout.blob(repository, digest, size).await
    }

    async fn referrers(&self, repository: &Repository, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        match self.loses {
            "list" => Ok(Vec::new()),
            _ => self.layout.referrers(repository, digest).await,
        }
    }

    async fn push_blob(&self, repository: &Repository, upload: &Upload) -> Result<Uploaded, StoreError> {
        self.note("blob");
        let uploaded = self.layout.push_blob(repository, upload).await?;
        if self.loses == "blob" {
            let digest = &uploaded.digest;
            let place = format!("blobs/{}/{}", digest.algorithm().name(), digest.hex());
            std::fs::remove_file(self.folder.join(place)).expect("it was written");
        }
        Ok(uploaded)
    }

    async fn push_manifest(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        condition: Condition,
    ) -> Result<(), StoreError> {
        self.note(&reference.target().to_string());
        match self.loses {
            "name" => Ok(()),
            _ => self.layout.push_manifest(reference, manifest, condition).await,
        }
    }

    async fn push_manifests(
        &self,
        repository: &Repository,
        manifests: &[(&Digest, &Manifest)],
    ) -> Result<(), StoreError> {
        for (_, manifest) in manifests {
            let kind = match manifest.content().subject {
                Some(_) => "referrer",
                None if manifest.is_index() => "index",
                None => "image",
            };
            self.note(kind);
        }
        match self.loses {
            "manifest" => Ok(()),
            _ => self.layout.push_manifests(repository, manifests).await,
        }
    }
}

async fn source(folder: &TempDir) -> Layout {
    Layout::create(folder.path().join("source"))
        .await
        .expect("it can be made")
}

fn name(tag: &str) -> Reference {
    Layout::repository().tag(tag).expect("this is a tag")
}

async fn blob(layout: &Layout, content: &str) -> Value {
    let upload = Upload::bytes(content.to_owned());
    let pushed = layout.push_blob(&Layout::repository(), &upload).await;
    let pushed = pushed.expect("it can be written");
    json!({"mediaType": "application/vnd.example", "size": pushed.size, "digest": pushed.digest})
}

fn parse(content: &Value, media_type: &str) -> Manifest {
    Manifest::parse(content.to_string().into(), media_type).expect("this is a manifest")
}

async fn image(layout: &Layout, layer: &str, subject: Option<&Manifest>) -> Manifest {
    let mut content = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
        "config": blob(layout, "{}").await, "layers": [blob(layout, layer).await]});
    if let Some(subject) = subject {
        content["subject"] = json!(subject.descriptor());
    }
    parse(&content, media_type::OCI_MANIFEST)
}

fn index_of(children: &[&Manifest]) -> Manifest {
    let children: Vec<Descriptor> = children.iter().map(|child| child.descriptor()).collect();
    let content = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": children});
    parse(&content, media_type::OCI_INDEX)
}

async fn put(layout: &Layout, reference: &Reference, manifest: &Manifest) {
    let put = layout.push_manifest(reference, manifest, Condition::Always).await;
    put.expect("it can be written");
}

async fn put_by_digest(layout: &Layout, manifest: &Manifest) {
    put(
        layout,
        &Layout::repository().digest(manifest.digest().clone()),
        manifest,
    )
    .await;
}

async fn copied(source: &Layout, image: &Pinned, target: &impl Store) -> Result<Copied, CopyError> {
    let location = Location::beside(image);
    let origin = Origin {
        store: source,
        image,
        manifest: None,
        location: &location,
    };
    let destination = Destination {
        store: target,
        name: &name("copy"),
    };
    copy(origin, &destination, &CopyOptions::new(), &|_, _| {}).await
}

async fn pinned(source: &Layout) -> Pinned {
    find(source, &name("v1")).await.expect("it is there").image
}

#[tokio::test]
async fn blobs_come_first_then_what_is_in_the_index_then_what_is_attached_and_the_name_is_last() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (source, target) = (source(&folder).await, Watched::new(&folder, "nothing").await);
    let child = image(&source, "child", None).await;
    let (inner, direct) = (index_of(&[&child]), image(&source, "direct", None).await);
    // The child is in the outer index too, and must come before the inner one all the same.
    let outer = index_of(&[&child, &inner, &direct]);
    let note = image(&source, "note", Some(&child)).await;
    let note_on_note = image(&source, "note on note", Some(&note)).await;
    for manifest in [&child, &direct, &inner, &note, &note_on_note] {
        put_by_digest(&source, manifest).await;
    }
    let signatures = image(&source, "signatures", None).await;
    let tag = format!("sha256-{}.sig", outer.digest().hex());
    put(&source, &name(&tag), &signatures).await;
    put(&source, &name("v1"), &outer).await;
    copied(&source, &pinned(&source).await, &target)
        .await
        .expect("it is copied");
    let log = target.log();
    let first = log
        .iter()
        .position(|entry| entry != "blob")
        .expect("there are manifests");
    assert!(
        log[..first].iter().all(|entry| entry == "blob") && first == 6,
        "{log:?}"
    );
    let mut manifests = log[first..].to_vec();
    manifests[4..6].sort();
    assert_eq!(
        manifests,
        ["image", "image", "index", "index", "referrer", &tag, "referrer", "copy"],
        "{log:?}"
    );
}

#[tokio::test]
async fn a_tag_that_moves_while_it_is_copied_does_not_mix() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (source, target) = (source(&folder).await, Watched::new(&folder, "nothing").await);
    let (first, second) = (
        image(&source, "first", None).await,
        image(&source, "second", None).await,
    );
    put(&source, &name("v1"), &first).await;
    let image = pinned(&source).await;
    put(&source, &name("v1"), &second).await;
    copied(&source, &image, &target).await.expect("it is copied");
    let there = target.resolve(&name("copy")).await.expect("it is there");
    assert_eq!(there.digest(), first.digest());
}

#[tokio::test]
async fn what_a_target_took_and_does_not_have_is_told() {
    for loses in ["blob", "manifest", "name", "list"] {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (source, target) = (source(&folder).await, Watched::new(&folder, loses).await);
        let image = image(&source, "image", None).await;
        put(&source, &name("v1"), &image).await;
        let note = self::image(&source, "note", Some(&image)).await;
        put_by_digest(&source, &note).await;
        let outcome = copied(&source, &pinned(&source).await, &target).await;
        assert!(matches!(outcome, Err(CopyError::Lost { .. })), "{loses}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_referrer_that_is_listed_and_absent_is_told_of() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (source, target) = (source(&folder).await, Watched::new(&folder, "nothing").await);
    let image = image(&source, "image", None).await;
    put(&source, &name("v1"), &image).await;
    let absent = parse(&json!({"schemaVersion": 2, "layers": []}), media_type::OCI_MANIFEST);
    let list = name(&format!("sha256-{}", image.digest().hex()));
    put(&source, &list, &index_of(&[&absent])).await;
    let copied = copied(&source, &pinned(&source).await, &target)
        .await
        .expect("it is copied");
    assert_eq!(copied.found.parts().len(), 1);
    let told: Vec<&Digest> = copied.found.absent().iter().filter_map(Reference::digest).collect();
    assert_eq!(told, [absent.digest()]);
}

#[tokio::test]
async fn an_image_that_an_index_lists_and_the_source_lacks_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (source, target) = (source(&folder).await, Watched::new(&folder, "nothing").await);
    let absent = parse(&json!({"schemaVersion": 2, "layers": []}), media_type::OCI_MANIFEST);
    put(&source, &name("v1"), &index_of(&[&absent])).await;
    let outcome = copied(&source, &pinned(&source).await, &target).await;
    assert!(
        matches!(outcome, Err(CopyError::Store(StoreError::NotFound { .. }))),
        "{outcome:?}"
    );
    assert!(target.log().is_empty());
}

#[tokio::test]
async fn a_manifest_of_a_kind_that_is_not_known_is_not_copied_in_part() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (source, target) = (source(&folder).await, Watched::new(&folder, "nothing").await);
    let odd = parse(
        &json!({"schemaVersion": 2, "things": []}),
        "application/vnd.example+json",
    );
    put(&source, &name("v1"), &odd).await;
    let outcome = copied(&source, &pinned(&source).await, &target).await;
    assert!(
        matches!(&outcome, Err(CopyError::Unknown { media_type, .. }) if media_type == "application/vnd.example+json"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn indexes_in_indexes_and_attachments_of_attachments_end_at_a_depth() {
    for is_nested in [true, false] {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (source, target) = (source(&folder).await, Watched::new(&folder, "nothing").await);
        let mut last = image(&source, "image", None).await;
        put(&source, &name("v1"), &last).await;
        for level in 0..9 {
            put_by_digest(&source, &last).await;
            last = match is_nested {
                true => index_of(&[&last]),
                false => image(&source, &format!("note {level}"), Some(&last)).await,
            };
        }
        match is_nested {
            true => put(&source, &name("v1"), &last).await,
            false => put_by_digest(&source, &last).await,
        }
        let outcome = copied(&source, &pinned(&source).await, &target).await;
        assert!(
            matches!(&outcome, Err(CopyError::Store(StoreError::TooLarge { limit, .. })) if limit == "8 levels"),
            "{outcome:?}"
        );
    }
}
