//! Java archives: what their manifests and Maven's properties say, and the archives in them.

mod file_name;
mod manifest;
mod zip;

use std::collections::{BTreeMap, BTreeSet};

use super::super::content::Content;
use super::super::package::{Found, Kind, clean};
use super::{ReadError, Reading, Severity, malformed};
use file_name::FileName;
use manifest::Manifest;
use zip::{Entry, Zip};

/// Says whether a file of this name is an archive.
pub(super) fn is_archive(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| ENDS.contains(&end))
}

/// Reads the archive at `path`.
pub(super) fn read(path: &str, content: &Content, into: &mut Reading) -> Result<(), ReadError> {
    let mut budget = INNER_LIMIT;
    archive(path, "", content, &mut budget, into)
}

/// Reads an archive, which may be `within` others; those in it may have `budget` bytes together.
fn archive(path: &str, within: &str, content: &Content, budget: &mut u64, into: &mut Reading) -> Result<(), ReadError> {
    let zip = Zip::open(content)?;
    let base = path.rsplit('/').next().unwrap_or(path);
    own(&FileName::of(base), &zip, within, into)?;
    for entry in zip.entries() {
        let name = entry.name.rsplit('/').next().unwrap_or_default();
        if !is_archive(name) {
            continue;
        }
        let within = format!("{within}!/{}", clean(&entry.name));
        let read = match within.matches("!/").count() <= DEPTH_LIMIT {
            true => inner(&zip, entry, &within, budget, into),
            false => Err(malformed("archives are in archives more than three deep")),
        };
        if let Err(error) = read {
            into.gaps.push((Severity::File, format!("{within}: {error}")));
        }
    }
    Ok(())
}

fn inner(zip: &Zip<'_>, entry: &Entry, within: &str, budget: &mut u64, into: &mut Reading) -> Result<(), ReadError> {
    let left = budget.checked_sub(entry.size);
    *budget = left.ok_or(ReadError::TooLarge { limit: INNER_LIMIT })?;
    let content = Content::keep(&mut zip.reader(entry)?, entry.size)?;
    archive(&entry.name, within, &content, budget, into)
}

/// Adds the packages that the archive itself is, and those that were put into it.
fn own(file: &FileName, zip: &Zip<'_>, within: &str, into: &mut Reading) -> Result<(), ReadError> {
    let is_manifest = |entry: &&Entry| entry.name.trim_start_matches('/') == MANIFEST;
    let Some(manifest) = zip.entries().iter().rfind(is_manifest) else {
        return Ok(());
    };
    let manifest = Manifest::parse(&text(zip, manifest)?);
    // What watches a package is called as the package is (New Relic).
    if manifest.get("Weave-Classes").is_some() {
        return Ok(());
    }
    let projects = projects(zip)?;
    let names: BTreeSet<&str> = projects.iter().map(|project| project.artifact.as_str()).collect();
    let main = projects.iter().find(|project| project.is_of(&file.name, &names));
    let mut own = match main {
        Some(project) => project.clone(),
        None => Project {
            group: String::new(),
            artifact: manifest.name(file),
            version: manifest.version(file),
        },
    };
    let mut others = Vec::new();
    for project in projects {
        if project.artifact == own.artifact {
            own.version = project.version;
            if own.group.is_empty() {
                own.group = project.group;
            }
        } else {
            others.push(project);
        }
    }
    if own.group.is_empty() {
        own.group = manifest.group().unwrap_or_else(|| own.artifact.clone());
    }
    for project in std::iter::once(own).chain(others) {
        into.add(Kind::Maven, project.found(within));
    }
    Ok(())
}

/// What Maven writes of a project that it packed.
#[derive(Clone)]
struct Project {
    group: String,
    artifact: String,
    version: String,
}

impl Project {
    /// Reads `pom.properties`; none where it does not say enough.
    fn parse(text: &str) -> Option<Self> {
        let mut project = Self {
            group: String::new(),
            artifact: String::new(),
            version: String::new(),
        };
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (key, value) = line.split_once(['=', ':'])?;
            let member = match key.trim() {
                "groupId" => &mut project.group,
                "artifactId" => &mut project.artifact,
                "version" => &mut project.version,
                _ => continue,
            };
            *member = value.trim().to_owned();
        }
        Some(project).filter(|project| !project.artifact.is_empty() && !project.version.is_empty())
    }

    /// Says whether the archive of this name is of this project, of those that are in it.
    fn is_of(&self, file: &str, names: &BTreeSet<&str>) -> bool {
        if names.contains(file) {
            return self.artifact == file;
        }
        !file.is_empty() && (self.artifact.starts_with(file) || file.ends_with(&self.artifact))
    }

    fn found(&self, within: &str) -> Found {
        let group = match self.group.split(';').next().unwrap_or_default().trim() {
            // The artifact is called as a group is, or the group as the artifact.
            "" => self.artifact.as_str(),
            group => group,
        };
        let mut found = Found::new(&self.artifact, &self.version);
        found.namespace = clean(group);
        found.within = within.to_owned();
        found
    }
}

/// The projects that the archive names, in the order of their folders.
fn projects(zip: &Zip<'_>) -> Result<Vec<Project>, ReadError> {
    let mut projects = BTreeMap::new();
    for entry in zip
        .entries()
        .iter()
        .filter(|entry| entry.name.ends_with("pom.properties"))
    {
        let folder = entry.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(project) = Project::parse(&text(zip, entry)?) {
            projects.insert(folder, project);
        }
    }
    Ok(projects.into_values().collect())
}

fn text(zip: &Zip<'_>, entry: &Entry) -> Result<String, ReadError> {
    if entry.size > TEXT_LIMIT {
        return Err(ReadError::TooLarge { limit: TEXT_LIMIT });
    }
    let mut bytes = Vec::new();
    zip.reader(entry)?.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const MANIFEST: &str = "META-INF/MANIFEST.MF";

/// What the names of archives end with.
const ENDS: [&str; 10] = ["jar", "war", "ear", "par", "sar", "nar", "jpi", "hpi", "kar", "lpkg"];

/// How many archives an archive may be in: a library in a web application in an enterprise application.
const DEPTH_LIMIT: usize = 3;

/// The most bytes of all archives in an archive, and of a manifest or properties.
const INNER_LIMIT: u64 = 4 << 30;
const TEXT_LIMIT: u64 = 8 << 20;
