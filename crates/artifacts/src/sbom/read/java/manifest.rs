//! Manifests of Java archives (JAR File Specification, §JAR Manifest).

use super::FileName;

/// The main section of a manifest, and those that follow.
#[derive(Default)]
pub(super) struct Manifest {
    sections: Vec<Vec<(String, String)>>,
}

impl Manifest {
    /// Reads a manifest; lines that are none are left out.
    pub(super) fn parse(text: &str) -> Self {
        let mut manifest = Self::default();
        let mut is_within = false;
        for line in text.lines() {
            if line.is_empty() {
                is_within = false;
                continue;
            }
            if let Some(more) = line.strip_prefix(' ') {
                let last = manifest.sections.last_mut().and_then(|section| section.last_mut());
                if let (true, Some((_, value))) = (is_within, last) {
                    value.push_str(more.trim());
                }
                continue;
            }
            let Some((key, value)) = line.split_once(':').filter(|(key, _)| !key.trim().is_empty()) else {
                continue;
            };
            if !is_within {
                manifest.sections.push(Vec::new());
                is_within = true;
            }
            if let Some(section) = manifest.sections.last_mut() {
                section.push((key.trim().to_owned(), value.trim().to_owned()));
            }
        }
        manifest
    }

    /// A value of the main section.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.sections.first().and_then(|section| value(section, key))
    }

    /// What the archive is called, where Maven does not say it.
    pub(super) fn name(&self, file: &FileName) -> String {
        if let Some(name) = self.bundle().filter(|name| !name.is_empty()) {
            return name.to_owned();
        }
        if !file.name.is_empty() {
            return of_file(&file.name).to_owned();
        }
        let keys = [
            "Name",
            "Bundle-Name",
            "Short-Name",
            "Extension-Name",
            "Implementation-Title",
        ];
        let mut values = keys
            .iter()
            .filter_map(|key| self.get(key))
            .filter(|value| !value.is_empty());
        values.next().unwrap_or_default().to_owned()
    }

    /// The last part of the symbolic name that Maven's bundle plug-in makes of group and artifact.
    fn bundle(&self) -> Option<&str> {
        self.get("Created-By")
            .filter(|by| by.contains("Apache Maven Bundle Plugin"))?;
        let name = self.get("Bundle-SymbolicName")?;
        // It may be the group alone.
        if self.get("Implementation-Vendor-Id") == Some(name) {
            return None;
        }
        name.rsplit('.').next()
    }

    /// The version: that of the file's name first.
    pub(super) fn version(&self, file: &FileName) -> String {
        if !file.version.is_empty() {
            return file.version.clone();
        }
        let keys = [
            "Implementation-Version",
            "Specification-Version",
            "Plugin-Version",
            "Bundle-Version",
        ];
        let mut values = keys.iter().filter_map(|key| {
            let mut values = self.sections.iter().filter_map(|section| value(section, key));
            values.find(|value| !value.is_empty())
        });
        values.next().unwrap_or_default().to_owned()
    }

    /// The group: what looks like one, the first in the alphabet.
    pub(super) fn group(&self) -> Option<String> {
        let of = |keys: &[&str]| {
            let sections = keys
                .iter()
                .flat_map(|key| self.sections.iter().map(move |section| value(section, key)));
            let groups = sections
                .flatten()
                .filter(|value| DOMAINS.iter().any(|domain| value.starts_with(domain)));
            groups
                .map(|value| value.split([';', '#']).next().unwrap_or_default().trim().to_owned())
                .min()
        };
        of(&GROUPS)
            .or_else(|| of(&GROUPS_LAST))
            .filter(|group| !group.is_empty())
    }
}

/// The last value, as later lines replace earlier ones.
fn value<'a>(section: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let found = section.iter().rev().find(|(name, _)| name == key);
    found.map(|(_, value)| value.as_str())
}

/// The artifact in a file's name that may begin with the group.
fn of_file(name: &str) -> &str {
    let is_identifier = |part: &str| part.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
    match name.contains('.') && !name.starts_with("org.eclipse.") && name.split('.').all(is_identifier) {
        true => name.rsplit('.').next().unwrap_or(name),
        false => name,
    }
}

/// What groups begin with.
const DOMAINS: [&str; 5] = ["com", "org", "net", "io", "be"];

/// Where groups are, and where they are where there is none.
const GROUPS: [&str; 8] = [
    "Group-Id",
    "Bundle-SymbolicName",
    "Extension-Name",
    "Specification-Vendor",
    "Implementation-Vendor",
    "Implementation-Vendor-Id",
    "Implementation-Title",
    "Bundle-Activator",
];
const GROUPS_LAST: [&str; 3] = ["Automatic-Module-Name", "Main-Class", "Package"];
