//! One change of the source.

/// What is changed, and where.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The number of its switch.
    pub(crate) number: usize,
    /// The file, below the project's root.
    pub(crate) path: String,
    /// The line in the source as it was.
    pub(crate) line: usize,
    /// The function.
    pub(crate) function: String,
    /// What is done instead.
    pub(crate) what: String,
    /// The expression that it is done to, shortened.
    pub(crate) code: String,
}

impl Change {
    /// What names it in `survivors.toml`, which outlives changes elsewhere in the file.
    pub(crate) fn name(&self) -> String {
        let file = self.path.strip_prefix("crates/core/src/").unwrap_or(&self.path);
        format!("{file} {}: {}: {}", self.function, self.what, self.code)
    }
}
