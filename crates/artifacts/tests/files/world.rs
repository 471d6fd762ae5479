//! Where the tests take place.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use countersign_artifacts::{FileSpec, PackOptions, Plan, PullError, PullOptions, Pulled, pull, push};
use countersign_oci::store::Condition;
use countersign_oci::{Layout, Manifest, Store, Upload};
use jiff::Timestamp;
use tempfile::TempDir;

pub(crate) const AT_ONCE: NonZeroUsize = NonZeroUsize::new(5).unwrap();

/// A folder for files, a layout for artifacts, and a folder for what is pulled.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) layout: Layout,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path().join("layout")).await.unwrap();
        Self { folder, layout }
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.folder.path().join("output")
    }

    pub(crate) async fn push(&self, names: &[&str]) {
        let mut options = PackOptions::new(Timestamp::UNIX_EPOCH);
        options.folder = self.folder.path().to_owned();
        let files: Vec<FileSpec> = names.iter().map(|name| name.parse().unwrap()).collect();
        let plan = Plan::of(&files, &options).await.unwrap();
        push(&self.layout, &Layout::repository(), &["v1"], &plan, AT_ONCE)
            .await
            .unwrap();
    }

    /// Stores an artifact whose layers have these titles, contents and further annotations.
    pub(crate) async fn store(&self, layers: &[(&str, Vec<u8>, &str)]) {
        let mut listed = Vec::new();
        for (title, content, more) in layers {
            let upload = Upload::bytes(content.clone());
            let pushed = self.layout.push_blob(&Layout::repository(), &upload).await.unwrap();
            let title = serde_json::to_string(title).unwrap();
            listed.push(format!(
                r#"{{"mediaType":"a/b","digest":"{}","size":{},"annotations":{{"org.opencontainers.image.title":{title}{more}}}}}"#,
                pushed.digest, pushed.size
            ));
        }
        self.store_manifest(&format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}},"layers":[{}]}}"#,
            listed.join(",")
        ))
        .await;
    }

    pub(crate) async fn store_manifest(&self, text: &str) {
        let manifest = Manifest::parse(text.to_owned().into(), "").unwrap();
        let name = Layout::repository().tag("v1").unwrap();
        self.layout
            .push_manifest(&name, &manifest, Condition::Always)
            .await
            .unwrap();
    }

    pub(crate) async fn pull_with(&self, options: &PullOptions) -> Result<Pulled, PullError> {
        let name = Layout::repository().tag("v1").unwrap();
        let pinned = self.layout.resolve(&name).await.unwrap();
        pull(&self.layout, &pinned, &self.output(), options).await
    }

    pub(crate) async fn pull(&self) -> Result<Pulled, PullError> {
        self.pull_with(&PullOptions::new()).await
    }

    /// The files below the output folder, with `@` after links.
    pub(crate) fn found(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(&self.output(), &self.output(), &mut found);
        found.sort();
        found
    }
}

fn list(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if path.is_symlink() {
            found.push(format!("{name}@"));
        } else if path.is_dir() {
            list(root, &path, found);
        } else {
            found.push(name);
        }
    }
}
