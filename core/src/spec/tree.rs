//! An experiment as a tree of dotted paths: read strictly, leaf by leaf, against the table of fields.
//!
//! Reading collects *all* problems, each with its path, where serde alone would stop at the first one.

use serde_json::{Map, Value};

use super::claims;
use super::experiment::{Experiment, Variant};
use super::patch;
use super::sources;
use super::table::{FIELDS, field, unknown};
use super::version1;
use crate::fields::{Field, Node, Problem};

/// A field and a canonical value for it.
pub type Setting = (&'static Field, Value);

/// Every field that the experiment has, with its value, in the order of the table. Variants are not among them.
pub fn leaves(experiment: &Experiment) -> Vec<Setting> {
    FIELDS.iter().filter_map(|field| Some((field, value(experiment, field)?))).collect()
}

/// The value of one field; `None` where the experiment does not have it.
pub fn value(experiment: &Experiment, field: &Field) -> Option<Value> {
    let value = experiment.get(field.path)?;
    Some(field.accept(&value).unwrap_or(value))
}

/// The experiment as the tree of a file, with every field, so that it does not depend on any default.
pub fn written(experiment: &Experiment) -> Value {
    let mut root = Map::new();
    let said = leaves(experiment).into_iter().filter(|(field, value)| !sources::is_unsaid(field.path, value));
    for (field, value) in said {
        let path = if field.is_slot() { format!("{}.name", field.path) } else { field.path.to_owned() };
        let mut keys = path.split('.').peekable();
        let mut table = &mut root;
        while let Some(key) = keys.next() {
            if keys.peek().is_none() {
                table.insert(key.to_owned(), value);
                break;
            }
            let below = table.entry(key).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(below) = below else {
                unreachable!("{path} stands below a field that has a value")
            };
            table = below;
        }
    }
    if let Some(groups) = root.remove("source") {
        root.insert("source".to_owned(), sources::as_list(&groups));
    }
    let variants = experiment.variants.iter().map(|variant| {
        let set = variant.set.iter().map(|(path, value)| (path.clone(), value.clone())).collect();
        Value::Object(Map::from_iter([("set".to_owned(), Value::Object(set))]))
    });
    root.insert("variant".to_owned(), variants.collect());
    if !experiment.claims.is_empty() {
        let claims = experiment
            .claims
            .iter()
            .map(|claim| serde_json::to_value(claim).expect("a claim is made of names, a number and text"));
        root.insert("claim".to_owned(), claims.collect());
    }
    Value::Object(root)
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
        (Some(field), Value::Object(table)) if field.is_slot() => {
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

/// Settings in the order of the table: a choice before the fields that it brings.
pub(super) fn in_order(settings: &[Setting]) -> impl Iterator<Item = &Setting> {
    FIELDS.iter().flat_map(|row| settings.iter().filter(move |(field, _)| field.path == row.path))
}

/// Whether fields stand below this path; the empty path is the root.
fn is_group(path: &str) -> bool {
    path.is_empty()
        || FIELDS.iter().any(|field| field.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The experiment with these fields changed. A new choice of a slot brings that choice's defaults.
pub fn apply(experiment: &Experiment, settings: &[Setting]) -> Result<Experiment, Vec<Problem>> {
    let mut changed = experiment.clone();
    let mut problems = Vec::new();
    for (field, value) in in_order(settings) {
        if !changed.put(field.path, value) {
            problems.push(missing(&changed, field));
        }
    }
    if problems.is_empty() { Ok(changed) } else { Err(problems) }
}

/// Why the experiment does not have a field: another choice stands in the slot that brings it.
fn missing(experiment: &Experiment, absent: &Field) -> Problem {
    let mut brought = absent;
    while let Some(owner) = &brought.owner {
        let slot = field(owner.slot).expect("a slot has a row");
        if let Some(chosen) = experiment.get(slot.path) {
            let (choices, chosen) =
                (owner.choices.join(" or "), chosen.as_str().unwrap_or_default().to_owned());
            return Problem::of(
                absent.path,
                format!("is there only when {} is {choices}, not {chosen}", slot.path),
            );
        }
        brought = slot;
    }
    Problem::of(absent.path, "cannot have this value")
}

/// Reads a whole experiment and checks it.
pub fn read(tree: &Value) -> Result<Experiment, Vec<Problem>> {
    let experiment = read_unchecked(tree)?;
    experiment.check()?;
    Ok(experiment)
}

/// Reads a whole experiment, each field of which is in range; what does not go together is not looked for.
pub fn read_unchecked(tree: &Value) -> Result<Experiment, Vec<Problem>> {
    let Value::Object(root) = tree else {
        return Err(vec![Problem::general("An experiment must be a table of fields.")]);
    };
    let mut problems = Vec::new();
    // In another version, no other field can be judged.
    let version = field("version").expect("an experiment has a version");
    let is_first = root.get(version.path).and_then(Value::as_u64) == Some(1);
    match root.get(version.path).map(|value| version.accept(value)) {
        Some(Err(_)) if is_first => {}
        Some(Ok(_)) => {}
        Some(Err(problem)) => return Err(vec![problem]),
        None => {
            problems.push(Problem::of(version.path, format!("is missing; it must be {}", version.allowed())))
        }
    }
    for needed in ["title", "task"] {
        if !root.contains_key(needed) {
            let allowed = field(needed).map(|field| field.allowed()).unwrap_or_default();
            problems.push(Problem::of(needed, format!("is missing; it must be {allowed}")));
        }
    }
    let mut settings = Vec::new();
    for (key, value) in
        root.iter().filter(|(key, _)| !["variant", "claim", version.path].contains(&key.as_str()))
    {
        match key.as_str() {
            "source" => {
                let groups = sources::listed(value, &mut problems);
                flatten(key, &groups, &mut settings, &mut problems);
            }
            _ => flatten(key, value, &mut settings, &mut problems),
        }
    }
    let mut start = Experiment {
        variants: variants(root.get("variant"), &mut problems),
        claims: claims::read(root.get("claim"), &mut problems),
        ..Experiment::default()
    };
    if is_first {
        version1::upgrade(&start.model, &mut settings, &mut start.variants);
    }
    match apply(&start, &settings) {
        Ok(experiment) if problems.is_empty() => Ok(experiment),
        Ok(_) => Err(problems),
        Err(more) => {
            // Where a choice is wrong, nothing can be said of the fields that it would bring.
            let unsettled: Vec<_> = problems.iter().map(|problem| format!("{}.", problem.field)).collect();
            problems.extend(
                more.into_iter().filter(|p| !unsettled.iter().any(|above| p.field.starts_with(above))),
            );
            Err(problems)
        }
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples::{digits, transformer};
    use super::*;
    use crate::techniques::activation::polynomial::Polynomial;

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
        let mut cubic = apply(&digits(), &settings).unwrap();
        let activation = &transformer(&mut cubic).attention.activation;
        assert_eq!(*activation, Polynomial { power: 3, scale: 0.0 }.into());

        let mut settings = Vec::new();
        flatten("model.attention.activation", &json!({"name": "softmax"}), &mut settings, &mut Vec::new());
        assert_eq!(apply(&cubic, &settings), Ok(digits()));
    }

    #[test]
    fn all_problems_are_found_at_once() {
        let problems = problems_of(json!({
            "version": 2,
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
            "Variant 1: seeds.count is shared by all variants; a variant can only change task, model, training and source.",
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
        assert_eq!(problems_of(json!({"version": 3, "bananas": 1})), ["version must be 2, not 3."]);
    }

    #[test]
    fn a_field_that_is_given_twice_is_refused() {
        let problems = problems_of(json!({
            "version": 2, "title": "t", "task": "digits", "variant": [{}],
            "model": {"heads": 2}, "model.heads": 4,
        }));
        assert_eq!(problems, ["model.heads is given twice."]);
    }
}
