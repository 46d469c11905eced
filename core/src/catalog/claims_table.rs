//! Every claim with a recorded run, as one table of Markdown: what the README shows. Written by `kappa claims`; a test
//! asserts that the README has it as the recordings are.

use std::fmt::Write as _;

use super::recording::Recording;
use crate::spec::{JudgedClaim, shown};
use crate::stats::Whose;

/// The end of a table, and what its beginning begins with: `<!-- claims: …` for all of them, `<!-- claims of ID: …` for those
/// of one experiment.
const END: &str = "<!-- end of claims -->";
const BEGIN: &str = "<!-- claims";

/// The table, in the order of the catalog.
pub fn table(recordings: &[Recording]) -> String {
    let mut text =
        String::from("| experiment | whose | claim | what came of it | tuned |\n|---|---|---|---|---|\n");
    for recording in recordings {
        for row in &recording.claims {
            let JudgedClaim { claim, judged } = row;
            let whose = match claim.whose {
                Whose::Paper => "the paper’s",
                Whose::Control => "a control’s",
                Whose::Lab => "the lab’s",
            };
            let (id, tuned) = (&recording.id, tuned(recording, row));
            let _ = writeln!(text, "| `{id}` | {whose} | {} | {} | {tuned} |", claim.text, judged.sentence);
        }
    }
    text
}

/// The values at which the variants of a row were compared: "0.002 against 0.004"; "–" where nothing was tuned.
fn tuned(recording: &Recording, row: &JudgedClaim) -> String {
    let names: Vec<&str> = recording.variants.iter().map(|variant| variant.name.as_str()).collect();
    let value = |index: usize| {
        let tried = recording.tried.iter().find(|tried| tried.variant == index);
        tried.map_or("–".to_owned(), |tried| {
            shown(tried.value()) + if tried.is_at_the_edge() { " (edge)" } else { "" }
        })
    };
    match row.claim.find(&names) {
        Ok(found) if !recording.tried.is_empty() => {
            let pairs = std::iter::once(found.pair).chain(found.than);
            let words = pairs.map(|(one, other)| format!("{} against {}", value(one), value(other)));
            words.collect::<Vec<_>>().join("; ")
        }
        _ => "–".to_owned(),
    }
}

/// The text with a table between each pair of its marks; `None` if it has none.
pub fn between(text: &str, recordings: &[Recording]) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (mark, after) = after.split_once(" -->\n")?;
        let (_, after) = after.split_once(END)?;
        let id = mark.strip_prefix(" of ").and_then(|mark| mark.split(':').next());
        let wanted: Vec<Recording> =
            recordings.iter().filter(|one| id.is_none_or(|id| one.id == id)).cloned().collect();
        let _ = write!(out, "{before}{BEGIN}{mark} -->\n{}{END}", table(&wanted));
        rest = after;
    }
    (!out.is_empty()).then(|| out + rest)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::catalog::{entries, find};

    fn recordings() -> Vec<Recording> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
        let read = |id: &str| std::fs::read_to_string(folder.join(format!("{id}.json"))).ok();
        let texts = entries().filter_map(|entry| read(entry.id()));
        texts.map(|text| Recording::read(&text).expect("a recording of this repository").0).collect()
    }

    #[test]
    fn the_readme_and_the_table_of_changes_have_the_claims_as_the_recordings_judge_them() {
        for file in ["README.md", "docs/verdicts.md"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
            let text = std::fs::read_to_string(path).expect("a file of this repository");
            let wanted = between(&text, &recordings()).expect("marks for the table");
            assert!(text == wanted, "write it anew: kappa claims --judge --write {file}");
        }
    }

    #[test]
    fn a_table_of_one_experiment_has_its_rows_only() {
        let text = "a\n<!-- claims of weight-conditioning: x -->\nold\n<!-- end of claims -->\nb";
        let found = between(text, &recordings()).expect("marks");
        assert!(found.contains("| `weight-conditioning` |") && !found.contains("| `always-skip` |"));
        assert!(found.starts_with("a\n") && found.ends_with("-->\nb") && !found.contains("old"));
        assert_eq!(between("no marks", &recordings()), None);
    }

    #[test]
    fn every_recording_is_judged_by_the_claims_of_today() {
        for recording in recordings() {
            let mut anew = recording.clone();
            anew.judge_anew(find(&recording.id).expect("an entry").experiment());
            // Numbers in a file may lose their last digit.
            let shown = |recording: &Recording| -> Vec<(String, String)> {
                let row = |row: &JudgedClaim| (row.claim.text.clone(), row.judged.sentence.clone());
                recording.claims.iter().map(row).collect()
            };
            assert_eq!(shown(&recording), shown(&anew), "{}: kappa claims --judge", recording.id);
        }
    }
}
