//! Dockerfiles: the images that a build takes its content from
//! (<https://docs.docker.com/reference/dockerfile/>, version 1.20 of the syntax).

mod lines;
mod variables;

use std::collections::BTreeMap;
use std::ops::Range;

use super::{IMAGES, Mention, MentionsError, text};
use lines::{Line, Word};

/// What a Dockerfile takes content from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dockerfile {
    /// The images, in the order in which they are named.
    pub mentions: Vec<Mention>,
    /// The number of the mention that the last stage stands on; none where that is `scratch`.
    pub base: Option<usize>,
    /// What is named where an image could be, and is none.
    pub ignored: Vec<Ignored>,
}

/// A name that is not an image's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// An earlier stage of the same file.
    Stage(String),
    /// The empty image.
    Scratch,
}

/// Reads a Dockerfile. Variables are looked up among the file's `ARG` and `ENV`, then in `environment`.
///
/// Images are named by `FROM`, by `--from=` of `COPY` and `ADD`, and by `from=` in `RUN --mount=`.
///
/// # Errors
/// [`MentionsError`]; a name that cannot be told is an error, not a name less.
pub fn read(bytes: &[u8], environment: &dyn Fn(&str) -> Option<String>) -> Result<Dockerfile, MentionsError> {
    let mut reader = Reader {
        environment,
        variables: BTreeMap::new(),
        stages: Vec::new(),
        found: Dockerfile::default(),
    };
    for line in lines::read(text(bytes)?)? {
        reader.instruction(&line.words, &line)?;
    }
    let last = reader.stages.last().and_then(|stage| stage.base);
    Ok(Dockerfile {
        base: last,
        ..reader.found
    })
}

struct Reader<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    variables: BTreeMap<String, String>,
    stages: Vec<Stage>,
    found: Dockerfile,
}

struct Stage {
    name: Option<String>,
    /// The mention that it stands on.
    base: Option<usize>,
}

impl Reader<'_> {
    fn instruction(&mut self, words: &[Word], line: &Line) -> Result<(), MentionsError> {
        let Some((first, rest)) = words.split_first() else {
            return Ok(());
        };
        match first.text.to_ascii_uppercase().as_str() {
            "ONBUILD" => self.instruction(rest, line),
            "ARG" | "ENV" => self.assign(rest, line),
            "FROM" => self.from(rest, line),
            "COPY" | "ADD" => self.copied(rest, line),
            "RUN" => self.mounted(rest, line),
            _ => Ok(()),
        }
    }

    /// `ARG NAME=value …`, `ENV NAME=value …` and the old `ENV NAME value`.
    fn assign(&mut self, words: &[Word], line: &Line) -> Result<(), MentionsError> {
        for word in words {
            let Some((name, value)) = word.text.split_once('=') else {
                continue;
            };
            // A default may itself use what is not known here; only a name that needs it must have a value.
            if let Ok(value) = self.expanded(value, line) {
                self.variables.insert(name.to_owned(), value);
            }
        }
        if let [name, value] = words
            && !name.text.contains('=')
            && let Ok(value) = self.expanded(&value.text, line)
        {
            self.variables.insert(name.text.clone(), value);
        }
        Ok(())
    }

    /// `FROM [--platform=P] IMAGE [AS NAME]`.
    fn from(&mut self, words: &[Word], line: &Line) -> Result<(), MentionsError> {
        let mut words = words.iter().skip_while(|word| word.text.starts_with("--"));
        let image = words.next().ok_or(MentionsError::NoImage {
            line: line.number,
            instruction: "FROM",
        })?;
        let name = match (words.next(), words.next()) {
            (Some(keyword), Some(name)) if keyword.text.eq_ignore_ascii_case("as") => Some(name.text.to_lowercase()),
            _ => None,
        };
        let base = self.named(image, 0..image.text.len(), Numbers::AreNames, line)?;
        self.stages.push(Stage { name, base });
        Ok(())
    }

    /// `--from=` of `COPY`.
    fn copied(&mut self, words: &[Word], line: &Line) -> Result<(), MentionsError> {
        for word in words.iter().take_while(|word| word.text.starts_with("--")) {
            if let Some(image) = word.text.strip_prefix("--from=") {
                let part = word.text.len() - image.len()..word.text.len();
                self.named(word, part, Numbers::AreStages, line)?;
            }
        }
        Ok(())
    }

    /// `from=` in `RUN --mount=`, a list with commas.
    fn mounted(&mut self, words: &[Word], line: &Line) -> Result<(), MentionsError> {
        for word in words.iter().take_while(|word| word.text.starts_with("--")) {
            let Some(options) = word.text.strip_prefix("--mount=") else {
                continue;
            };
            let mut at = word.text.len() - options.len();
            for option in options.split(',') {
                if let Some(image) = option.strip_prefix("from=") {
                    let end = at + option.len();
                    self.named(word, end - image.len()..end, Numbers::AreStages, line)?;
                }
                at += option.len() + 1;
            }
        }
        Ok(())
    }

    /// Takes a name for what it is: an earlier stage, nothing, or an image; says which image it stands for.
    fn named(
        &mut self,
        word: &Word,
        part: Range<usize>,
        numbers: Numbers,
        line: &Line,
    ) -> Result<Option<usize>, MentionsError> {
        let name = self.expanded(&word.text[part.clone()], line)?;
        if name.is_empty() {
            return Err(MentionsError::NoImage {
                line: line.number,
                instruction: "the instruction",
            });
        }
        if let Some(stage) = self.stage(&name, numbers) {
            let base = stage.base;
            self.found.ignored.push(Ignored::Stage(name));
            return Ok(base);
        }
        if name == "scratch" {
            self.found.ignored.push(Ignored::Scratch);
            return Ok(None);
        }
        if self.found.mentions.len() == IMAGES {
            return Err(MentionsError::TooMany);
        }
        self.found.mentions.push(Mention {
            image: name,
            range: word.range(part),
        });
        Ok(Some(self.found.mentions.len() - 1))
    }

    fn stage(&self, name: &str, numbers: Numbers) -> Option<&Stage> {
        let lower = name.to_lowercase();
        let by_name = || {
            let is_named = |stage: &&Stage| stage.name.as_ref() == Some(&lower);
            self.stages.iter().rev().find(is_named)
        };
        match name.parse::<usize>() {
            Ok(number) if numbers == Numbers::AreStages => self.stages.get(number).or_else(by_name),
            _ => by_name(),
        }
    }

    fn expanded(&self, written: &str, line: &Line) -> Result<String, MentionsError> {
        let value = |name: &str| {
            let own = self.variables.get(name).cloned();
            own.or_else(|| (self.environment)(name))
        };
        variables::expand(written, line.escape, &value).map_err(|error| error.at(line.number, written))
    }
}

/// What a number stands for in the place of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// A stage, counted from 0.
    AreStages,
    /// Nothing but itself.
    AreNames,
}
