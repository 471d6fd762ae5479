//! Whom to trust, from a repository of The Update Framework.
//!
//! `core` decides what is believed; here files are fetched, and kept as sigstore-go keeps them, so that cosign and we
//! share what is on a disk.

mod error;
mod folder;
mod instance;
mod mirror;

use std::path::{Path, PathBuf};

use countersign_core::tuf::{self, Ask, Reach, Source, TufError, Update};
use countersign_oci::http::Http;
use jiff::Timestamp;

pub use self::error::TufFailure;
use self::folder::Folder;
pub use self::instance::Instance;
pub use self::mirror::Mirror;

/// A repository, and where what is known of it is kept.
#[derive(Clone, Debug)]
pub struct Repository {
    mirror: Mirror,
    targets_mirror: Mirror,
    folder: PathBuf,
    targets: PathBuf,
}

impl Repository {
    /// The repository at a mirror's address, kept below `root` as sigstore-go does.
    ///
    /// # Errors
    /// [`TufFailure::Address`] for an address that is none.
    pub fn at(mirror: &str, root: &Path) -> Result<Self, TufFailure> {
        let folder = root.join(folder_name(mirror));
        let mirror = Mirror::parse(mirror)?;
        Ok(Self {
            targets_mirror: mirror.join("targets"),
            mirror,
            targets: folder.join("targets"),
            folder,
        })
    }

    /// A repository whose metadata and targets have addresses and folders of their own.
    pub fn apart(metadata: (Mirror, PathBuf), targets: (Mirror, PathBuf)) -> Self {
        Self {
            mirror: metadata.0,
            targets_mirror: targets.0,
            folder: metadata.1,
            targets: targets.1,
        }
    }

    /// Where what is known of it is kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The root that an earlier update kept.
    ///
    /// # Errors
    /// [`TufFailure::File`] where it cannot be read; its absence is none.
    pub fn kept_root(&self) -> Result<Option<Vec<u8>>, TufFailure> {
        folder::read(&self.folder.join(ROOT), tuf::ROOT_LIMIT)
    }

    /// Finds out what is published, beginning with a root that is trusted, and keeps it. Nobody else changes what is kept
    /// until the view is dropped.
    ///
    /// # Errors
    /// [`TufFailure`].
    pub async fn update(&self, anchor: &[u8], reach: Reach, now: Timestamp, http: &Http) -> Result<View, TufFailure> {
        let update = Update::begin(anchor, reach, now).map_err(|source| self.refused(source))?;
        let folder = Folder::lock(&self.folder).await?;
        let mut view = View {
            repository: self.clone(),
            http: http.clone(),
            folder,
            update,
        };
        if view.folder.read(ROOT, tuf::ROOT_LIMIT)?.is_none() {
            view.folder.write(ROOT, anchor)?;
        }
        view.drive().await?;
        Ok(view)
    }

    /// Begins anew with a root that is trusted: what is published is fetched and judged first, then takes the place of
    /// what was kept before; where that fails, what was kept stays.
    ///
    /// # Errors
    /// [`TufFailure`].
    pub async fn initialize(
        &self,
        anchor: &[u8],
        targets: &[&str],
        now: Timestamp,
        http: &Http,
    ) -> Result<Vec<Result<Vec<u8>, TufFailure>>, TufFailure> {
        let kept = Folder::lock(&self.folder).await?;
        let fresh = kept.fresh()?;
        let beside = Self {
            folder: fresh.clone(),
            targets: fresh.join("targets"),
            ..self.clone()
        };
        let mut view = beside.update(anchor, Reach::Published, now, http).await?;
        let mut found = Vec::new();
        for target in targets {
            found.push(view.target(target).await);
        }
        drop(view);
        kept.replace_with(&fresh)?;
        Ok(found)
    }

    fn refused(&self, source: TufError) -> TufFailure {
        TufFailure::Refused {
            repository: self.mirror.to_string(),
            source,
        }
    }
}

/// What a repository publishes, as far as it was looked at.
pub struct View {
    repository: Repository,
    http: Http,
    folder: Folder,
    update: Update,
}

impl View {
    /// The content of a target: as it was kept, if that is what was signed, or fetched and then kept.
    ///
    /// # Errors
    /// [`TufFailure`].
    pub async fn target(&mut self, path: &str) -> Result<Vec<u8>, TufFailure> {
        self.update
            .seek(path)
            .map_err(|source| self.repository.refused(source))?;
        self.drive().await?;
        let file = self
            .update
            .found(path)
            .map_err(|source| self.repository.refused(source))?;
        let refused = |refusal| {
            let file = path.into();
            self.repository.refused(TufError { file, refusal })
        };
        let limit = file.length().map_err(refused)?;
        let kept = self.repository.targets.join(file_name(path));
        if let Some(bytes) = folder::read_kept(&kept, limit)?
            && file.check(&bytes).is_ok()
        {
            return Ok(bytes);
        }
        if self.update.reach() == Reach::Kept {
            return Err(refused(tuf::Refusal::Absent));
        }
        let prefix = match self.update.has_consistent_snapshots() {
            true => Some(file.digest().map_err(refused)?),
            false => None,
        };
        let address = tuf::target_address(path, prefix);
        let bytes = self
            .repository
            .targets_mirror
            .fetch(&address, limit, &self.http)
            .await?;
        let bytes = bytes.ok_or_else(|| refused(tuf::Refusal::Absent))?;
        file.check(&bytes).map_err(refused)?;
        folder::write(&kept, &bytes)?;
        Ok(bytes)
    }

    async fn drive(&mut self) -> Result<(), TufFailure> {
        while let Some(ask) = self.update.ask() {
            let answer = self.answer(&ask).await?;
            let keep = self.update.give(answer.as_deref());
            for path in keep.map_err(|source| self.repository.refused(source))? {
                self.folder.write(&path, answer.as_deref().unwrap_or_default())?;
            }
        }
        Ok(())
    }

    async fn answer(&self, ask: &Ask) -> Result<Option<Vec<u8>>, TufFailure> {
        match ask.source {
            Source::Kept => self.folder.read(&ask.path, ask.limit),
            Source::Published => self.repository.mirror.fetch(&ask.path, ask.limit, &self.http).await,
        }
    }
}

/// The folder of a mirror, called as sigstore-go calls it.
fn folder_name(mirror: &str) -> String {
    let name = mirror.strip_prefix("https://").unwrap_or(mirror);
    let name = name.strip_prefix("http://").unwrap_or(name);
    name.replace(['/', ':'], "-").to_lowercase()
}

/// A target's file, whose name has no separator in it and is not a folder's.
fn file_name(path: &str) -> String {
    match tuf::encode(path).as_str() {
        dots @ ("." | "..") => dots.replace('.', "%2E"),
        name => name.to_owned(),
    }
}

/// Writes down which mirror an instance is read from, as cosign does.
///
/// # Errors
/// [`TufFailure::File`].
pub fn remember_mirror(root: &Path, mirror: &str) -> Result<(), TufFailure> {
    let remote = serde_json::json!({"mirror": mirror}).to_string();
    folder::write(&root.join(REMOTE), remote.as_bytes())
}

/// The mirror that was written down, if one was.
///
/// # Errors
/// [`TufFailure::File`], and [`TufFailure::Remote`] where the file is not what cosign and we write.
pub fn remembered_mirror(root: &Path) -> Result<Option<String>, TufFailure> {
    let path = root.join(REMOTE);
    let Some(bytes) = folder::read(&path, REMOTE_LIMIT)? else {
        return Ok(None);
    };
    let remote: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
    let mirror = remote.as_ref().and_then(|remote| remote["mirror"].as_str());
    mirror
        .map(|mirror| Some(mirror.to_owned()))
        .ok_or(TufFailure::Remote { path })
}

/// Where cosign writes down which mirror it reads.
const REMOTE: &str = "remote.json";
const REMOTE_LIMIT: u64 = 64 * 1024;

/// The root that is trusted, below the folder of a repository.
const ROOT: &str = "root.json";
