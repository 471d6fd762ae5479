//! We verify what cosign signs, cosign verifies what we sign: every kind of key, both formats, three kinds of things,
//! every registry.
//!
//! The table in `docs/interop.md` is what ran: `UPDATE_INTEROP=1` writes it, and without that the test fails where the
//! document says something else.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs;

use countersign_interop::{Format, Key, Keys, Kind, Peers, Registry, Subject, Tool, work};

#[test]
fn everyone_verifies_what_the_others_sign() {
    let Some(peers) = Peers::find() else { return };
    let keys = Keys::import(&peers, "cosign3");
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| kind.is_there(&peers)).collect();
    let mut document = String::from(HEAD);
    let mut wrong = Vec::new();
    for kind in kinds {
        let registry = Registry::start(&peers, kind);
        let cells = run_cells(&peers, &registry, &keys);
        wrong.extend(
            cells
                .iter()
                .filter(|cell| cell.is_wrong())
                .map(|cell| format!("{kind}: {cell}")),
        );
        document.push_str(&section(kind, &cells));
    }
    assert!(
        wrong.is_empty(),
        "{} cells are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    compare(&document);
}

/// One thing signed by one tool, and what became of it.
struct Cell {
    kind: &'static str,
    format: Format,
    subject: Subject,
    signer: Tool,
    verifier: Tool,
    outcome: Outcome,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Verified,
    /// Verified by us; the tool that signed does not verify it without further flags.
    VerifiedNotBySigner,
    /// The tool does not sign with this kind of key.
    NotSigned,
    Refused(String),
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            format,
            subject,
            signer,
            verifier,
            outcome,
        } = self;
        write!(
            f,
            "{kind} {format} {} {signer} → {verifier}: {outcome:?}",
            subject.name()
        )
    }
}

impl Cell {
    fn is_wrong(&self) -> bool {
        match self.outcome {
            Outcome::Verified => false,
            Outcome::VerifiedNotBySigner | Outcome::NotSigned => self.signer == Tool::Ours,
            Outcome::Refused(_) => true,
        }
    }
}

fn run_cells(peers: &Peers, registry: &Registry, keys: &Keys) -> Vec<Cell> {
    let mut work_items = Vec::new();
    for key in keys.all() {
        for format in Format::ALL {
            for subject in Subject::ALL {
                for signer in [Tool::Ours, Tool::Cosign3, Tool::Cosign2] {
                    work_items.push((key, format, subject, signer));
                }
            }
        }
    }
    let done = work::on_threads(work::cores(), &work_items, |(key, format, subject, signer)| {
        sign_and_verify(peers, registry, key, *format, *subject, *signer)
    });
    done.into_iter().flatten().collect()
}

fn sign_and_verify(
    peers: &Peers,
    registry: &Registry,
    key: &Key,
    format: Format,
    subject: Subject,
    signer: Tool,
) -> Vec<Cell> {
    let store = if format == Format::Bundle { "bundle" } else { "legacy" };
    let repository = format!("{}/{store}/{}/{}", key.kind, subject.name(), signer.program());
    let digest = subject.push(registry.address(), &repository);
    let image = format!("{}/{repository}@{digest}", registry.address());
    let signed = signer.sign(peers, format, key, &image);
    let ours = signer == Tool::Ours;
    let verifiers: &[Tool] = if ours {
        &[Tool::Cosign3, Tool::Cosign2, Tool::Ours]
    } else {
        &[Tool::Ours]
    };
    let outcome = |verifier: Tool| match signed.succeeded() {
        false if ours => Outcome::Refused(signed.verdict()),
        false => Outcome::NotSigned,
        true => judge(peers, format, key, &image, (signer, verifier)),
    };
    let cell = |verifier: Tool| Cell {
        kind: key.kind,
        format,
        subject,
        signer,
        verifier,
        outcome: outcome(verifier),
    };
    verifiers.iter().copied().map(cell).collect()
}

fn judge(peers: &Peers, format: Format, key: &Key, image: &str, (signer, verifier): (Tool, Tool)) -> Outcome {
    let verified = verifier.verify(peers, format, key, image);
    if !verified.succeeded() {
        return Outcome::Refused(verified.verdict());
    }
    let by_signer = signer == Tool::Ours || signer.verify(peers, format, key, image).succeeded();
    if by_signer {
        Outcome::Verified
    } else {
        Outcome::VerifiedNotBySigner
    }
}

const COLUMNS: [(Tool, Tool); 5] = [
    (Tool::Ours, Tool::Cosign3),
    (Tool::Ours, Tool::Cosign2),
    (Tool::Cosign3, Tool::Ours),
    (Tool::Cosign2, Tool::Ours),
    (Tool::Ours, Tool::Ours),
];

fn section(registry: Kind, cells: &[Cell]) -> String {
    let mut text = format!("\n## {registry}\n\n| key | stored as |");
    for (signer, verifier) in COLUMNS {
        write!(text, " {signer} → {verifier} |").expect("a string takes all that is written");
    }
    writeln!(text, "\n|---|---|{}", "---|".repeat(COLUMNS.len())).expect("a string takes all that is written");
    let mut rows: BTreeMap<(usize, &str), Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        let place = countersign_interop::keys::KINDS
            .iter()
            .position(|kind| *kind == cell.kind)
            .unwrap_or_default();
        let store = if cell.format == Format::Bundle {
            "a bundle"
        } else {
            "b legacy"
        };
        rows.entry((place, store)).or_default().push(cell);
    }
    for row in rows.values() {
        let Some(first) = row.first() else { continue };
        write!(text, "| {} | {} |", first.kind, first.format).expect("a string takes all that is written");
        for (signer, verifier) in COLUMNS {
            let of_column = row
                .iter()
                .filter(|cell| (cell.signer, cell.verifier) == (signer, verifier));
            write!(text, " {} |", summary(of_column)).expect("a string takes all that is written");
        }
        text.push('\n');
    }
    text
}

/// One mark for the three subjects where they agree, else one for each.
fn summary<'a>(cells: impl Iterator<Item = &'a &'a Cell>) -> String {
    let marks: Vec<(&str, &str)> = cells.map(|cell| (cell.subject.name(), mark(&cell.outcome))).collect();
    match marks.split_first() {
        Some(((_, first), rest)) if rest.iter().all(|(_, mark)| mark == first) => (*first).to_owned(),
        _ => marks
            .iter()
            .map(|(subject, mark)| format!("{subject} {mark}"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn mark(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Verified => "✓",
        Outcome::VerifiedNotBySigner => "✓ ¹",
        Outcome::NotSigned => "— ²",
        Outcome::Refused(_) => "✗",
    }
}

/// Compares section by section, so that a machine without one of the registries checks the others.
fn compare(document: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/interop.md");
    if std::env::var_os("UPDATE_INTEROP").is_some() {
        fs::write(path, document).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
        return;
    }
    let kept = fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {path}: {error}"));
    for section in document.split("\n## ") {
        assert!(
            kept.contains(section),
            "docs/interop.md says something else (UPDATE_INTEROP=1 writes it):\n{section}"
        );
    }
}

const HEAD: &str = "\
# Interop with the real tools

Written by `UPDATE_INTEROP=1 cargo test -p countersign-interop --test matrix`; each cell is the result of a test that ran,
and CI fails when a cell changes. Signed by → verified by, with a key, no transparency log and no extra flags, for an image,
an index and an artifact each; where the three agree there is one mark. cosign 2 is 2.6.1, cosign 3 is 3.1.2. The keys are
encrypted key files that cosign has written.

| mark | meaning |
|---|---|
| ✓ | signed and verified |
| ✓ ¹ | we verify it; the cosign that signed it does not, unless told the digest algorithm (P-384, P-521) or not at all (Ed25519, which it signs prehashed and verifies pure) |
| — ² | this cosign refuses to sign with such a key in this format |
";
