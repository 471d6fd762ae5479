//! Kubernetes resources: the images that their pods run
//! (<https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#podspec-v1-core>).
//!
//! A pod's specification may be anywhere: in a Pod, in the template of a Deployment or of a resource that a stranger
//! defined, in a List. So it is known by its members, not by the kind of the resource around it.

use super::yaml::{Tree, Value};
use super::{IMAGES, Mention, MentionsError, text};

/// Reads one or more resources, YAML or JSON, and returns the images in the order in which they are written.
///
/// # Errors
/// [`MentionsError`]; an image that cannot be told is an error, not an image less.
pub fn read(bytes: &[u8]) -> Result<Vec<Mention>, MentionsError> {
    let tree = Tree::read(text(bytes)?)?;
    let mut mentions = Vec::new();
    for node in tree.nodes() {
        let Value::Mapping(pairs) = &node.value else { continue };
        for (key, value) in pairs {
            match tree.text(*key) {
                Some("containers" | "initContainers" | "ephemeralContainers") => {
                    of_items(&tree, *value, &["image"], &mut mentions)?;
                }
                Some("volumes") => of_items(&tree, *value, &["image", "reference"], &mut mentions)?,
                _ => {}
            }
        }
    }
    // Where an alias names a container twice, its image is named once.
    mentions.sort_by_key(|mention| mention.range.start);
    mentions.dedup();
    Ok(mentions)
}

/// Takes the member at `path` of each item of a sequence.
fn of_items(tree: &Tree, sequence: usize, path: &[&str], mentions: &mut Vec<Mention>) -> Result<(), MentionsError> {
    let Some(Value::Sequence(items)) = tree.node(sequence).map(|node| &node.value) else {
        return Ok(());
    };
    for item in items {
        at_path(tree, *item, path, mentions)?;
    }
    Ok(())
}

/// Follows every member of a name, also where one is there twice: readers differ on which of them counts.
fn at_path(tree: &Tree, number: usize, path: &[&str], mentions: &mut Vec<Mention>) -> Result<(), MentionsError> {
    let Some((name, rest)) = path.split_first() else {
        return image(tree, number, mentions);
    };
    let Some(Value::Mapping(pairs)) = tree.node(number).map(|node| &node.value) else {
        return Ok(());
    };
    for (key, value) in pairs {
        match tree.text(*key) {
            Some(found) if found == *name => at_path(tree, *value, rest, mentions)?,
            // What is merged in counts as if it were written here.
            Some("<<") => at_path(tree, *value, path, mentions)?,
            _ => {}
        }
    }
    Ok(())
}

fn image(tree: &Tree, number: usize, mentions: &mut Vec<Mention>) -> Result<(), MentionsError> {
    let Some(node) = tree.node(number) else { return Ok(()) };
    let found = match &node.value {
        Value::Scalar { text, is_quoted, range } => {
            let is_nothing = !is_quoted && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL");
            if is_nothing || text.is_empty() {
                return Ok(());
            }
            if mentions.len() == IMAGES {
                return Err(MentionsError::TooMany);
            }
            mentions.push(Mention {
                image: text.clone(),
                range: range.clone(),
            });
            return Ok(());
        }
        Value::Mapping(_) => "a mapping",
        Value::Sequence(_) => "a sequence",
    };
    Err(MentionsError::NoText { line: node.line, found })
}
