//! The instances of Sigstore whose roots come with this program.

/// An instance of Sigstore that anybody may use.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    /// Where its repository is published.
    pub mirror: &'static str,
    /// The root that clients begin with.
    pub root: &'static [u8],
}

impl Instance {
    /// The public-good instance.
    pub const PUBLIC_GOOD: Self = Self {
        mirror: "https://tuf-repo-cdn.sigstore.dev",
        root: include_bytes!("../../data/tuf/public_good.root.json"),
    };

    /// The instance on which new versions of the services are tried out.
    pub const STAGING: Self = Self {
        mirror: "https://tuf-repo-cdn.sigstage.dev",
        root: include_bytes!("../../data/tuf/staging.root.json"),
    };

    /// The instance that is published at a mirror.
    pub fn at(mirror: &str) -> Option<Self> {
        let instances = [Self::PUBLIC_GOOD, Self::STAGING];
        instances.into_iter().find(|instance| instance.mirror == mirror)
    }
}
