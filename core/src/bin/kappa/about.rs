//! `list`, `show` and `devices`: text about what there is.

use std::fmt::Write as _;

use kappa_core::catalog::link::to_link;
use kappa_core::catalog::{self, Background, Entry, Paper, Source};
use kappa_core::spec::{Experiment, to_toml};
use kappa_core::train::trained_numbers;

use crate::choose;
use crate::failure::Failure;
use crate::table::columns;

/// A device, as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// The choice that takes it: "cpu", "gpu".
    pub choice: &'static str,
    /// Its own name.
    pub name: String,
    /// "Vulkan", "flex", …
    pub engine: String,
    /// Why `auto` takes it or not; empty where there is nothing to say.
    pub note: String,
}

/// Every experiment of the catalog.
pub fn list() -> String {
    let rows = |papers: bool| {
        let entries = catalog::entries().filter(|entry| entry.paper().is_some() == papers);
        let rows = entries.map(|entry| vec![format!("  {}", entry.id()), entry.summary().to_owned()]);
        columns(&rows.collect::<Vec<_>>())
    };
    format!("Papers:\n{}\nOther experiments:\n{}", rows(true), rows(false))
}

/// All about one experiment, or its file alone.
pub fn show(word: &str, toml: bool) -> Result<String, Failure> {
    let chosen = choose::experiment(word)?;
    if toml {
        return Ok(to_toml(&chosen.experiment));
    }
    let mut text = String::new();
    match catalog::find(&chosen.name).filter(|entry| entry.id() == word) {
        Some(Entry::Paper(one)) => paper(&mut text, one),
        Some(Entry::Companion(one, companion)) => {
            let _ = writeln!(text, "{}\n{}\nBelongs to {}.\n", one.title, companion.summary, one.id);
        }
        Some(Entry::Starter(starter)) => {
            let _ = writeln!(text, "{}\n{}", starter.title, starter.summary);
        }
        None => {}
    }
    experiment(&mut text, &chosen.experiment);
    Ok(text)
}

fn paper(text: &mut String, paper: &Paper) {
    let _ = writeln!(text, "{}\n{}\n{}\n{}\n", paper.title, paper.authors.join(", "), paper.venue, paper.url);
    let _ = writeln!(text, "Claim: {}\n", paper.claim);
    let background = paper.background();
    if !background.reported.is_empty() {
        reported(text, background);
    }
    text.push_str("Notes:\n");
    for note in background.notes {
        let _ = writeln!(text, "  {note}");
    }
    text.push('\n');
}

fn reported(text: &mut String, background: &Background) {
    text.push_str("Reported:\n");
    let mut secondary = false;
    let rows = background.reported.iter().map(|row| {
        let about = if row.approximate { "about " } else { "" };
        let (mark, place) = match row.source {
            Source::Paper(place) => ("", place),
            Source::Secondary(place) => {
                secondary = true;
                ("*", place)
            }
        };
        vec![
            format!("  {}", row.what),
            format!("{about}{} {}", row.baseline, row.unit),
            format!("→ {about}{} {} with {}{mark}", row.variant, row.unit, row.variant_name),
            format!("({place})"),
        ]
    });
    text.push_str(&columns(&rows.collect::<Vec<_>>()));
    if secondary {
        text.push_str("  * second hand: not checked against the paper\n");
    }
    text.push('\n');
}

fn experiment(text: &mut String, experiment: &Experiment) {
    let _ = writeln!(text, "Experiment: {}", experiment.title);
    let seeds = experiment.seeds.count;
    let _ = writeln!(
        text,
        "  {} steps, batch {}, {seeds} {}",
        experiment.training.steps,
        experiment.training.batch,
        if seeds == 1 { "seed" } else { "seeds" },
    );
    let device = burn::tensor::Device::flex();
    let names = experiment.variant_names();
    let rows = names.iter().enumerate().map(|(index, name)| {
        let changes =
            experiment.changes(index).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let changes = if changes.is_empty() { "as in the file".to_owned() } else { changes };
        // An adapter trains other numbers than the network has; one that does not fit says so when it is run.
        let trained =
            experiment.variant(index).ok().and_then(|variant| trained_numbers(&variant, &device).ok());
        let parameters =
            trained.map(|count| format!("{} trained numbers", grouped(count))).unwrap_or_default();
        vec![format!("  {}. {name}", index + 1), changes, parameters]
    });
    text.push_str(&columns(&rows.collect::<Vec<_>>()));
    let _ = writeln!(text, "\nLink: #{}", to_link(experiment));
}

/// 1234567 as 1,234,567.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Every device.
pub fn devices(devices: &[Device]) -> String {
    let row = |device: &Device| {
        vec![
            format!("--device {}", device.choice),
            device.engine.clone(),
            device.name.clone(),
            device.note.clone(),
        ]
    };
    columns(&devices.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_entry() {
        let text = list();
        for entry in catalog::entries() {
            assert!(text.contains(&format!("  {} ", entry.id())), "{text}");
        }
    }

    #[test]
    fn a_paper_is_shown_with_its_numbers_and_where_they_come_from() {
        let text = show("always-skip", false).unwrap();
        for part in
            ["Always Skip Attention", "about 92 %", "second hand", "no attention skip", "Link: #v=2&from="]
        {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn an_experiment_can_be_had_as_a_file() {
        let text = show("tiny", true).unwrap();
        let tiny = catalog::find("tiny").unwrap().experiment();
        assert_eq!(kappa_core::spec::from_toml(&text).as_ref(), Ok(tiny));
        assert!(show("tinny", true).is_err());
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1000, 1_234_567].map(grouped));
    }
}
