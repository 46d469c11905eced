//! Every claim with a recorded run, as one table of Markdown: what the README shows. Written by `kappa claims`; a test
//! asserts that the README has it as the recordings are.

use std::fmt::Write as _;

use super::recording::Recording;
use crate::spec::JudgedClaim;
use crate::stats::Whose;

/// Marks in the README.
const BEGIN: &str = "<!-- claims: written by `kappa claims --write README.md` -->\n";
const END: &str = "<!-- end of claims -->";

/// The table, in the order of the catalog.
pub fn table(recordings: &[Recording]) -> String {
    let mut text = String::from("| experiment | whose | claim | what came of it |\n|---|---|---|---|\n");
    for recording in recordings {
        for JudgedClaim { claim, judged } in &recording.claims {
            let whose = match claim.whose {
                Whose::Paper => "the paper’s",
                Whose::Control => "a control’s",
                Whose::Lab => "the lab’s",
            };
            let _ = writeln!(text, "| `{}` | {whose} | {} | {} |", recording.id, claim.text, judged.sentence);
        }
    }
    text
}

/// The text with the table between its marks; `None` if it has none.
pub fn between(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{table}{END}{after}"))
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
    fn the_readme_has_the_claims_as_the_recordings_judge_them() {
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
        let readme = std::fs::read_to_string(readme).expect("the README");
        let wanted = between(&readme, &table(&recordings())).expect("marks for the table");
        assert!(readme == wanted, "write it anew: kappa claims --judge --write README.md");
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
