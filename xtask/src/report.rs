//! What a check found.

/// The findings of one check: failures stop a build, warnings are for the reader.
#[derive(Default)]
pub(crate) struct Report {
    failures: Vec<String>,
    warnings: Vec<String>,
}

impl Report {
    pub(crate) fn fail(&mut self, finding: impl Into<String>) {
        self.failures.push(finding.into());
    }

    pub(crate) fn warn(&mut self, finding: impl Into<String>) {
        self.warnings.push(finding.into());
    }

    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }

    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
