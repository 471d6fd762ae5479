//! The version of a main module that was built from a checkout: what the builder told the linker, or the commit.

use jiff::Timestamp;
use regex_lite::Regex;

/// The version; `(devel)` where nothing says more. Unlike syft we do not take what merely looks like one in the program.
pub(super) fn of_main(path: &str, settings: &[(&str, &str)]) -> String {
    let setting = |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    if let Some(version) = setting("-ldflags").and_then(|flags| told(path, flags)) {
        return version;
    }
    let (Some(revision), Some(time)) = (setting("vcs.revision"), setting("vcs.time")) else {
        return DEVELOPED.to_owned();
    };
    match time.parse::<Timestamp>() {
        Ok(time) => {
            let commit = revision.get(..12).unwrap_or(revision);
            format!("v0.0.0-{}-{commit}", time.strftime("%Y%m%d%H%M%S"))
        }
        Err(_) => DEVELOPED.to_owned(),
    }
}

/// What `-X main.version=…` and its like say.
fn told(path: &str, flags: &str) -> Option<String> {
    if flags.len() > FLAGS_LIMIT || path.len() > FLAGS_LIMIT {
        return None;
    }
    PATTERNS.iter().find_map(|pattern| {
        let pattern = format!(r"(?m)(?:main|{}/\S*){pattern}", regex_lite::escape(path));
        let found = Regex::new(&pattern).ok()?.captures(flags)?;
        let version = found.name("version")?.as_str();
        Some(match version.starts_with('v') {
            true => version.to_owned(),
            false => format!("v{version}"),
        })
    })
}

const DEVELOPED: &str = "(devel)";

/// Names of variables that hold versions, as syft knows them.
const PATTERNS: [&str; 2] = [
    r"\.[a-zA-Z0-9]*(?:[rR]elease)?(?:[gG]it)?(?:[bB]uild)?[vV]er(?:sion)?=(?:\S+/)*(?P<version>v?\d+.\d+.\d+[-\w]*)",
    r"\.[a-zA-Z0-9]*(?:[tT]ag)=(?:\S+/)*(?P<version>v?\d+.\d+.\d+[-\w]*)",
];

/// The longest text that is searched.
const FLAGS_LIMIT: usize = 16 << 10;
