//! Which experiment is meant, and where it is to run.

use std::path::Path;

use kappa_core::catalog;
use kappa_core::catalog::link::from_link;
use kappa_core::protocol::DeviceChoice;
use kappa_core::spec::{Experiment, from_toml, nearest, set_path, toml::MAX_BYTES};

use crate::failure::Failure;

/// An experiment, and what to call its folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The experiment, checked.
    pub experiment: Experiment,
    /// The name in the catalog, that of the file, or "link".
    pub name: String,
}

/// The experiment with this name, in this file, or behind this link.
pub fn experiment(word: &str) -> Result<Chosen, Failure> {
    if let Some(entry) = catalog::find(word) {
        return Ok(Chosen { experiment: entry.experiment().clone(), name: entry.id().to_owned() });
    }
    // A link may stand behind the address of a page.
    if let Some(start) = word.find("&from=").and_then(|from| word[..from].rfind("v=")) {
        let experiment = from_link(&word[start..]).map_err(Failure::experiment)?;
        return Ok(Chosen { experiment, name: "link".to_owned() });
    }
    let path = Path::new(word);
    let is_file = path.is_file();
    if !is_file && path.extension().is_none_or(|extension| extension != "toml") {
        let ids: Vec<_> = catalog::entries().map(|entry| entry.id()).collect();
        let hint = nearest(word, ids.iter().copied())
            .map(|id| format!(" Did you mean \"{id}\"?"))
            .unwrap_or_default();
        return Err(Failure::usage(format!(
            "There is no experiment \"{word}\".{hint} The names are {}; a file must end in .toml.",
            ids.join(", ")
        )));
    }
    let text = read(path)?;
    let experiment = from_toml(&text).map_err(|problems| {
        let sentences = problems.into_iter().map(|problem| format!("{word}: {problem}"));
        Failure::Usage(sentences.collect())
    })?;
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("experiment").to_owned();
    Ok(Chosen { experiment, name })
}

/// A file's text, if it is not far too large to be an experiment.
fn read(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let large = std::fs::metadata(path).is_ok_and(|file| file.len() > MAX_BYTES as u64);
    if large {
        return Err(Failure::usage(format!(
            "{shown} has more than {MAX_BYTES} bytes; that is no experiment."
        )));
    }
    std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("{shown} cannot be read: {error}.")))
}

/// The experiment with the settings of the command line.
pub fn changed(
    mut experiment: Experiment,
    seeds: Option<u32>,
    steps: Option<u32>,
    tune: Option<&str>,
    settings: &[String],
) -> Result<Experiment, Failure> {
    let words = [
        seeds.map(|n| format!("seeds.count={n}")),
        steps.map(|n| format!("training.steps={n}")),
        tune.map(|values| format!("tune.values={values}")),
    ];
    let mut problems = Vec::new();
    for setting in words.iter().flatten().chain(settings) {
        problems.extend(set_path(&mut experiment, setting).err());
    }
    problems.extend(experiment.check().err().unwrap_or_default());
    if problems.is_empty() { Ok(experiment) } else { Err(Failure::experiment(problems)) }
}

/// Where it is to run.
pub fn device(word: &str) -> Result<DeviceChoice, Failure> {
    const CHOICES: [(&str, DeviceChoice); 5] = [
        ("auto", DeviceChoice::Auto),
        ("cpu", DeviceChoice::Cpu),
        ("gpu", DeviceChoice::Gpu),
        ("flex", DeviceChoice::Cpu),
        ("wgpu", DeviceChoice::Gpu),
    ];
    let found = CHOICES.iter().find(|(name, _)| *name == word);
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let names = CHOICES.map(|(name, _)| name);
        let hint = nearest(word, names).map(|name| format!(" Did you mean \"{name}\"?")).unwrap_or_default();
        Failure::usage(format!("There is no device \"{word}\".{hint} The choices are {}.", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kappa_core::catalog::link::to_link;
    use kappa_core::spec::to_toml;

    fn sentences(failure: Failure) -> Vec<String> {
        let Failure::Usage(sentences) = failure else { panic!("{failure:?}") };
        sentences
    }

    #[test]
    fn an_experiment_is_found_by_name_by_file_and_by_link() {
        let tiny = experiment("tiny").unwrap();
        assert_eq!(tiny.name, "tiny");

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.toml");
        std::fs::write(&file, to_toml(&tiny.experiment)).unwrap();
        let mine = experiment(file.to_str().unwrap()).unwrap();
        assert_eq!(mine, Chosen { name: "mine".to_owned(), ..tiny.clone() });

        let link = format!("somewhere/kappa/#{}", to_link(&tiny.experiment));
        assert_eq!(experiment(&link).unwrap(), Chosen { name: "link".to_owned(), ..tiny });
    }

    #[test]
    fn what_is_not_there_is_named_with_the_choices() {
        let found = sentences(experiment("digts").unwrap_err());
        assert!(
            found[0].starts_with("There is no experiment \"digts\". Did you mean \"digits\"?"),
            "{found:?}"
        );
        let found = sentences(experiment("missing.toml").unwrap_err());
        assert!(found[0].starts_with("missing.toml cannot be read"), "{found:?}");
        let found = sentences(device("gpuu").unwrap_err());
        assert_eq!(
            found,
            [
                "There is no device \"gpuu\". Did you mean \"gpu\"? The choices are auto, cpu, gpu, flex, wgpu."
            ]
        );
        assert_eq!(device("flex"), Ok(DeviceChoice::Cpu));
    }

    #[test]
    fn all_problems_of_a_file_and_of_the_settings_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bad.toml");
        std::fs::write(
            &file,
            "version = 2\ntitle = 'x'\ntask = 'digits'\nmodel.hats = 1\nmodel.heads = 0\n[[variant]]\n",
        )
        .unwrap();
        assert_eq!(sentences(experiment(file.to_str().unwrap()).unwrap_err()).len(), 2);

        let tiny = experiment("tiny").unwrap().experiment;
        let settings = ["model.hats=1".to_owned(), "model.depth=x".to_owned()];
        assert_eq!(sentences(changed(tiny.clone(), Some(0), None, None, &settings).unwrap_err()).len(), 3);
        let changed = changed(tiny, Some(3), Some(40), None, &["model.heads=4".to_owned()]).unwrap();
        assert_eq!((changed.seeds.count, changed.training.steps), (3, 40));
        let heads = kappa_core::spec::field("model.heads").expect("a field");
        assert_eq!(changed.reading_of(heads), "4");
    }
}
