//! An experiment as a tree of dotted paths: read strictly, leaf by leaf, against the table of fields.
//!
//! Reading collects *all* problems, each with its path, where serde alone would stop at the first one.

use serde_json::{Map, Value, json};

use super::experiment::{Experiment, Task, Variant};
use super::field::Field;
use super::fields::{FIELDS, field, unknown};
use super::patch;
use super::problem::Problem;

/// A field and a canonical value for it.
pub type Setting = (&'static Field, Value);

/// Every field that the experiment has, with its value, in the order of the table. Variants are not among them.
pub fn leaves(experiment: &Experiment) -> Vec<Setting> {
    let tree = tree_of(experiment);
    FIELDS
        .iter()
        .filter(|field| (field.applies)(experiment))
        .map(|field| {
            let value = leaf(&tree, field).cloned().unwrap_or_default();
            (field, field.accept(&value).unwrap_or(value))
        })
        .collect()
}

/// The value of one field; `None` where the experiment does not have it.
pub fn value(experiment: &Experiment, field: &Field) -> Option<Value> {
    let value = leaf(&tree_of(experiment), field)?.clone();
    Some(field.accept(&value).unwrap_or(value))
}

/// Takes `value`, which stands at `path`, apart into settings. A table may stand wherever a path ends.
pub fn flatten(path: &str, value: &Value, settings: &mut Vec<Setting>, problems: &mut Vec<Problem>) {
    let mut below = |table: &Map<String, Value>, skip: &str| {
        for (key, value) in table.iter().filter(|(key, _)| *key != skip) {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            flatten(&path, value, settings, problems);
        }
    };
    match (field(path), value) {
        (Some(field), Value::Object(table)) if field.is_tagged() => {
            below(table, "name");
            match table.get("name") {
                Some(name) => add(field, name, settings, problems),
                // Without a name, the fields of the choice that stands already.
                None if table.is_empty() => add(field, value, settings, problems),
                None => {}
            }
        }
        (Some(field), _) => add(field, value, settings, problems),
        (None, Value::Object(table)) if is_group(path) => below(table, ""),
        (None, _) if is_group(path) => problems.push(Problem::of(path, "must be a table of fields")),
        (None, _) => problems.push(unknown(path, FIELDS.iter().map(|field| field.path))),
    }
}

fn add(field: &'static Field, value: &Value, settings: &mut Vec<Setting>, problems: &mut Vec<Problem>) {
    if settings.iter().any(|(other, _)| other.path == field.path) {
        problems.push(Problem::of(field.path, "is given twice"));
        return;
    }
    match field.accept(value) {
        Ok(value) => settings.push((field, value)),
        Err(problem) => problems.push(problem),
    }
}

/// Whether fields stand below this path; the empty path is the root.
fn is_group(path: &str) -> bool {
    path.is_empty()
        || FIELDS.iter().any(|field| field.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The experiment with these fields changed. A new choice of a tagged field brings that choice's defaults.
pub fn apply(experiment: &Experiment, settings: &[Setting]) -> Result<Experiment, Vec<Problem>> {
    let mut tree = tree_of(experiment);
    let mut problems = Vec::new();
    // In the order of the table: a choice before the fields that it brings.
    let mut ordered: Vec<&Setting> = settings.iter().collect();
    ordered.sort_by_key(|(field, _)| FIELDS.iter().position(|row| row.path == field.path));
    for (field, value) in ordered {
        if let Some((tag, name)) = missing_choice(&tree, field) {
            let givers = choices_with(tag, field).join(" or ");
            problems.push(Problem::of(
                field.path,
                format!("is there only when {} is {givers}, not {name}", tag.path),
            ));
            continue;
        }
        let value = if field.is_tagged() { json!({ "name": value }) } else { value.clone() };
        if let Some(slot) = slot(&mut tree, field.path) {
            *slot = value;
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut changed: Experiment = serde_json::from_value(tree)
        .map_err(|error| vec![Problem::general(format!("The experiment cannot be read: {error}."))])?;
    changed.variants.clone_from(&experiment.variants);
    Ok(changed)
}

/// Reads a whole experiment and checks it.
pub fn read(tree: &Value) -> Result<Experiment, Vec<Problem>> {
    let Value::Object(root) = tree else {
        return Err(vec![Problem::general("An experiment must be a table of fields.")]);
    };
    let mut problems = Vec::new();
    // In another version, no other field can be judged.
    let version = FIELDS[0];
    match root.get(version.path).map(|value| version.accept(value)) {
        Some(Ok(_)) => {}
        Some(Err(problem)) => return Err(vec![problem]),
        None => {
            problems.push(Problem::of(version.path, format!("is missing; it must be {}", version.allowed())))
        }
    }
    for needed in ["title", "task"] {
        if !root.contains_key(needed) {
            let allowed = field(needed).map(Field::allowed).unwrap_or_default();
            problems.push(Problem::of(needed, format!("is missing; it must be {allowed}")));
        }
    }
    let mut settings = Vec::new();
    for (key, value) in root.iter().filter(|(key, _)| *key != "variant") {
        flatten(key, value, &mut settings, &mut problems);
    }
    let variants = variants(root.get("variant"), &mut problems);
    let mut start = Experiment::new("", Task::Digits { patch: 2 });
    start.variants = variants;
    let experiment = match apply(&start, &settings) {
        Ok(experiment) if problems.is_empty() => experiment,
        Ok(_) => return Err(problems),
        Err(more) => {
            // Where a choice is wrong, nothing can be said of the fields that it would bring.
            let unsettled: Vec<_> = problems.iter().map(|problem| format!("{}.", problem.field)).collect();
            problems.extend(
                more.into_iter().filter(|p| !unsettled.iter().any(|above| p.field.starts_with(above))),
            );
            return Err(problems);
        }
    };
    experiment.check()?;
    Ok(experiment)
}

/// The variants of a file, in their canonical form.
fn variants(value: Option<&Value>, problems: &mut Vec<Problem>) -> Vec<Variant> {
    let Some(Value::Array(list)) = value else {
        let what =
            if value.is_some() { "must be a list of variants" } else { "is missing; one variant is needed" };
        problems.push(Problem::of("variant", format!("{what}: each [[variant]] begins one")));
        return Vec::new();
    };
    let mut variants = Vec::new();
    // The check refuses more than a few; there is no need to read thousands before that.
    for (index, entry) in list.iter().enumerate().take(2 * super::MAX_VARIANTS) {
        let mut found = Vec::new();
        let mut variant = Variant::default();
        match entry {
            Value::Object(table) => {
                for key in table.keys().filter(|key| *key != "set") {
                    found.push(unknown(key, ["set"]));
                }
                match table.get("set") {
                    None => {}
                    Some(Value::Object(set)) => match patch::canonical(set) {
                        Ok(settings) => variant = patch::variant_of(settings),
                        Err(more) => found.extend(more),
                    },
                    Some(_) => found.push(Problem::of("set", "must be a table of dotted paths and values")),
                }
            }
            _ => found.push(Problem::general("It must be a table.")),
        }
        problems.extend(found.into_iter().map(|problem| problem.in_variant(index)));
        variants.push(variant);
    }
    variants
}

/// The experiment without its variants, as a tree.
fn tree_of(experiment: &Experiment) -> Value {
    let bare = Experiment { variants: Vec::new(), ..experiment.clone() };
    serde_json::to_value(bare).expect("an experiment is made of numbers, names and tables with text for keys")
}

/// Where the value of a field stands in a tree.
fn leaf<'a>(tree: &'a Value, field: &Field) -> Option<&'a Value> {
    let at = field.path.split('.').try_fold(tree, |tree, key| tree.get(key))?;
    if field.is_tagged() { at.get("name") } else { Some(at) }
}

/// Where a value is to stand in a tree; tables on the way are made.
fn slot<'a>(tree: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.').try_fold(tree, |tree, key| Some(tree.as_object_mut()?.entry(key).or_insert(Value::Null)))
}

/// The tagged field above `field` and the choice that stands there, if that choice does not bring `field`.
fn missing_choice(tree: &Value, field: &Field) -> Option<(&'static Field, String)> {
    let (above, last) = field.path.rsplit_once('.')?;
    let tag = FIELDS.iter().find(|row| row.path == above && row.is_tagged())?;
    let name = leaf(tree, tag).and_then(Value::as_str).unwrap_or_default();
    let brings = tag.option(name).is_some_and(|choice| choice.fields.contains(&last));
    (!brings).then(|| (tag, name.to_owned()))
}

/// The choices of `tag` that bring `field`.
fn choices_with(tag: &Field, field: &Field) -> Vec<&'static str> {
    let super::Kind::Choice { options, .. } = tag.kind else {
        return Vec::new();
    };
    let last = field.path.rsplit('.').next().unwrap_or_default();
    options.iter().filter(|choice| choice.fields.contains(&last)).map(|choice| choice.name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::experiment::Activation;
    use super::*;

    fn digits() -> Experiment {
        Experiment::new("A title", Task::Digits { patch: 2 })
    }

    fn problems_of(tree: Value) -> Vec<String> {
        read(&tree).unwrap_err().into_iter().map(|problem| problem.sentence).collect()
    }

    #[test]
    fn leaves_read_back_to_the_same_experiment() {
        let experiment = digits();
        assert_eq!(apply(&digits(), &leaves(&experiment)), Ok(experiment));
    }

    #[test]
    fn a_new_choice_brings_its_defaults_and_drops_the_fields_of_the_old_one() {
        let mut settings = Vec::new();
        flatten("model.attention.activation", &json!("polynomial"), &mut settings, &mut Vec::new());
        let cubic = apply(&digits(), &settings).unwrap();
        assert_eq!(cubic.model.attention.activation, Activation::Polynomial { power: 3, scale: 0.0 });

        let mut settings = Vec::new();
        flatten("model.attention.activation", &json!({"name": "softmax"}), &mut settings, &mut Vec::new());
        assert_eq!(apply(&cubic, &settings), Ok(digits()));
    }

    #[test]
    fn all_problems_are_found_at_once() {
        let problems = problems_of(json!({
            "version": 1,
            "task": {"name": "digits", "context": 64},
            "model": {"heads": 0, "hats": 3, "mlp": true},
            "training": {"learning_rate": null},
            "variant": [{"set": {"seeds.count": 3}}, {"sets": {}}],
        }));
        let expected = [
            "title is missing; it must be one line of text, at most 120 characters.",
            "There is no field \"model.hats\"; did you mean \"model.heads\"?",
            "model.heads must be a whole number from 1 to 64, not 0.",
            "model.mlp must be a table of fields.",
            "training.learning_rate must be a number from 1e-6 to 1.0, not a number that is not finite.",
            "Variant 1: seeds.count is shared by all variants; a variant can only change task, model and training.",
            "Variant 2: There is no field \"sets\"; did you mean \"set\"?",
            "task.context is there only when task is shakespeare, not digits.",
        ];
        for sentence in expected {
            assert!(problems.contains(&sentence.to_owned()), "{sentence:?} is not in {problems:#?}");
        }
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    }

    #[test]
    fn another_version_is_the_only_problem() {
        assert_eq!(problems_of(json!({"version": 2, "bananas": 1})), ["version must be 1, not 2."]);
    }

    #[test]
    fn a_field_that_is_given_twice_is_refused() {
        let problems = problems_of(json!({
            "version": 1, "title": "t", "task": "digits", "variant": [{}],
            "model": {"heads": 2}, "model.heads": 4,
        }));
        assert_eq!(problems, ["model.heads is given twice."]);
    }
}
