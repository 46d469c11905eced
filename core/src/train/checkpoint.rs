//! A session as one safetensors file: the experiment, the step, and for every variant its parameters by name and
//! the optimizer's moments.
//!
//! | tensor | shape |
//! |---|---|
//! | `{variant}.{parameter}` | `[R, rows, columns]` |
//! | `{variant}.adamw.mean.{parameter}`, `{variant}.adamw.square.{parameter}` | the same |
//!
//! Random streams are keyed by step, so nothing else is needed for the same numbers as an uninterrupted run.
//! The metadata entry `kappa` holds the experiment (TOML), the step, which replicas diverged, what tuning found, and
//! the digests of adapters that variants started from (JSON).
//! While values are tried, `variant` is the number of a run that tries some of one variant's, and R counts those too.

use std::collections::HashMap;

use burn::tensor::TensorData;
use serde::{Deserialize, Serialize};

use crate::parameters::Layout;
use crate::spec::{Experiment, Measured, Tried, from_toml, to_toml};
use crate::stats::Metric;
use crate::tensors::{Limits, Tensors, one_line, write as safetensors};

/// What a file may have at most.
pub const LIMITS: Limits = Limits { bytes: 1 << 31, header: 1 << 24, tensors: 1 << 17 };

/// Characters of what a sentence takes from a file.
const LONGEST: usize = 500;

const MOMENTS: [&str; 3] = ["", "adamw.mean.", "adamw.square."];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    experiment: String,
    step: u32,
    diverged: Vec<Vec<Option<u32>>>,
    metrics: Vec<Vec<(Metric, Vec<Option<f32>>)>>,
    #[serde(default)]
    preparing: Option<String>,
    #[serde(default)]
    tuning: bool,
    #[serde(default)]
    tuned_steps: u32,
    #[serde(default)]
    tried: Vec<Tried>,
    #[serde(default)]
    measured: Vec<Measured>,
    #[serde(default)]
    earlier: Vec<Outcomes<Option<f32>>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    given: Vec<(usize, String)>,
}

/// How the seeds of one variant ended that were trained before those of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcomes<T = f32> {
    pub(super) diverged: Vec<Option<u32>>,
    pub(super) metrics: Vec<(Metric, Vec<T>)>,
}

impl Outcomes {
    /// With the seeds that came after these.
    pub(super) fn followed_by(&self, other: &Self) -> Self {
        let metrics =
            other.metrics.iter().map(|(metric, values)| (*metric, [self.values(*metric), values].concat()));
        let diverged = [&self.diverged[..], &other.diverged[..]].concat();
        Self { diverged, metrics: metrics.collect() }
    }

    fn values(&self, metric: Metric) -> &[f32] {
        self.metrics.iter().find(|(name, _)| *name == metric).map_or(&[][..], |(_, values)| values)
    }

    /// The metric of each seed; `None` where it diverged.
    pub(super) fn of(&self, metric: Metric) -> Vec<Option<f64>> {
        let outcome = |(diverged, value): (&Option<u32>, &f32)| {
            (diverged.is_none() && value.is_finite()).then_some(f64::from(*value))
        };
        self.diverged.iter().zip(self.values(metric)).map(outcome).collect()
    }
}

/// Where a session is.
pub(super) struct Place {
    /// Steps done of tuning or of the comparison.
    pub(super) step: u32,
    /// The source that is trained, by the name of its first seed; what is said of tuning is what comes after it.
    pub(super) preparing: Option<String>,
    /// Whether values are tried still.
    pub(super) tuning: bool,
    /// Steps of tuning that came before.
    pub(super) tuned_steps: u32,
    /// What they led to.
    pub(super) tried: Vec<Tried>,
    /// What was measured for the claims.
    pub(super) measured: Vec<Measured>,
    /// Of every variant the seeds that were trained before; none where there are none.
    pub(super) earlier: Vec<Outcomes>,
    /// Variants that started from an adapter, and the digest of it: what it was drawn from is in no checkpoint.
    pub(super) given: Vec<(usize, String)>,
}

/// One variant that is to be written.
pub(super) struct Saving<'a> {
    pub(super) layout: &'a Layout,
    pub(super) diverged: &'a [Option<u32>],
    pub(super) metrics: &'a [(Metric, Vec<f32>)],
    /// Parameters, mean, square: each `[R, P]`.
    pub(super) state: &'a [Vec<f32>],
}

/// The bytes of a safetensors file.
pub(super) fn write(experiment: &Experiment, place: Place, variants: &[Saving<'_>]) -> Vec<u8> {
    let header = Header {
        experiment: to_toml(experiment),
        step: place.step,
        preparing: place.preparing,
        tuning: place.tuning,
        tuned_steps: place.tuned_steps,
        tried: place.tried,
        measured: place.measured,
        given: place.given,
        earlier: place
            .earlier
            .iter()
            .map(|one| Outcomes { diverged: one.diverged.clone(), metrics: finite(&one.metrics) })
            .collect(),
        diverged: variants.iter().map(|variant| variant.diverged.to_vec()).collect(),
        metrics: variants.iter().map(|variant| finite(variant.metrics)).collect(),
    };
    let mut tensors: Vec<(String, Vec<usize>, Vec<f32>)> = Vec::new();
    for (index, variant) in variants.iter().enumerate() {
        let width = variant.layout.width();
        for (moment, flat) in MOMENTS.iter().zip(variant.state) {
            let replicas = flat.len() / width;
            for p in variant.layout.parameters() {
                let of = |row| <[f32]>::iter(row).skip(p.offset).take(p.rows * p.columns);
                let values = flat.chunks_exact(width).flat_map(of).copied().collect();
                tensors.push((
                    format!("{index}.{moment}{}", p.name),
                    vec![replicas, p.rows, p.columns],
                    values,
                ));
            }
        }
    }
    let header = serde_json::to_string(&header).expect("strings and numbers");
    let views = tensors.iter().map(|(name, shape, values)| (name.clone(), shape.clone(), &values[..]));
    safetensors(views, HashMap::from([("kappa".into(), header)]))
}

/// What was left out is not finite again.
fn numbers(metrics: &[(Metric, Vec<Option<f32>>)]) -> Vec<(Metric, Vec<f32>)> {
    let number = |values: &Vec<Option<f32>>| values.iter().map(|value| value.unwrap_or(f32::NAN)).collect();
    metrics.iter().map(|(metric, values)| (*metric, number(values))).collect()
}

/// JSON has no NaN: a number that is not finite is left out.
fn finite(metrics: &[(Metric, Vec<f32>)]) -> Vec<(Metric, Vec<Option<f32>>)> {
    let keep = |values: &Vec<f32>| values.iter().map(|v| v.is_finite().then_some(*v)).collect();
    metrics.iter().map(|(metric, values)| (*metric, keep(values))).collect()
}

/// A checkpoint that fits its experiment; its tensors are checked when they are taken.
pub(super) struct Checkpoint {
    pub(super) step: u32,
    pub(super) preparing: Option<String>,
    pub(super) tuning: bool,
    pub(super) tuned_steps: u32,
    pub(super) tried: Vec<Tried>,
    pub(super) measured: Vec<Measured>,
    pub(super) earlier: Vec<Outcomes>,
    pub(super) given: Vec<(usize, String)>,
    /// Whether its run is over, and the experiment asks for more seeds: what was trained is not needed any more.
    pub(super) is_extended: bool,
    variants: Vec<Saved>,
}

impl Checkpoint {
    /// What was saved of runs with so many replicas each, and so many steps in all.
    ///
    /// # Errors
    /// A sentence, if that does not fit.
    pub(super) fn of(self, replicas: &[usize], steps: u32) -> Result<Vec<Saved>, Vec<String>> {
        let fits = |(saved, replicas): (&Saved, &usize)| {
            saved.diverged.len() == *replicas
                && saved.metrics.iter().all(|(_, values)| values.len() == *replicas)
        };
        if self.variants.len() == replicas.len()
            && self.variants.iter().zip(replicas).all(fits)
            && self.step <= steps
        {
            Ok(self.variants)
        } else {
            Err(vec![UNFIT.to_owned()])
        }
    }
}

fn unplaced(name: &str) -> String {
    format!("The checkpoint's tensor {} has no place in this experiment.", crate::tensors::shown(name))
}

const UNFIT: &str = "The checkpoint's entry “kappa” does not fit its own experiment.";

/// One variant of a checkpoint.
pub(super) struct Saved {
    pub(super) diverged: Vec<Option<u32>>,
    pub(super) metrics: Vec<(Metric, Vec<f32>)>,
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

/// The experiment that a checkpoint belongs to, and the step of the comparison that it was taken at, 0 before that.
///
/// # Errors
/// A sentence for each problem of the file.
pub fn describe(bytes: &[u8]) -> Result<(Experiment, u32), Vec<String>> {
    let header = header(bytes)?;
    let experiment = from_toml(&header.experiment).map_err(|problems| {
        let sentence =
            |p: &crate::spec::Problem| one_line(&format!("The checkpoint's experiment: {p}"), LONGEST);
        problems.iter().map(sentence).collect::<Vec<_>>()
    })?;
    let before = header.tuning || header.preparing.is_some();
    Ok((experiment, if before { 0 } else { header.step }))
}

fn tensors(bytes: &[u8]) -> Result<Tensors<'_>, Vec<String>> {
    Tensors::read(bytes, "The checkpoint", LIMITS).map_err(|why| vec![why])
}

fn header(bytes: &[u8]) -> Result<Header, Vec<String>> {
    let file = tensors(bytes)?;
    let text = file.metadata("kappa").ok_or_else(|| {
        vec!["The file is not a checkpoint of Kappa Lab: it has no entry “kappa”.".to_owned()]
    })?;
    serde_json::from_str(text).map_err(|error| {
        vec![format!(
            "The checkpoint's entry “kappa” is damaged ({}).",
            one_line(&error.to_string(), LONGEST)
        )]
    })
}

/// Reads a checkpoint of this experiment.
///
/// # Errors
/// A sentence for each problem: not a checkpoint, damaged, or of another experiment (naming the first field that
/// differs).
pub(super) fn read(bytes: &[u8], experiment: &Experiment) -> Result<Checkpoint, Vec<String>> {
    let header = header(bytes)?;
    let (mut saved, _) = describe(bytes)?;
    let before_count = saved.seeds.count as usize;
    let over = !header.tuning && header.preparing.is_none() && header.step == saved.training.steps;
    let is_extended = over && experiment.seeds.count as usize > before_count;
    if is_extended {
        saved.seeds.count = experiment.seeds.count;
    }
    if let Some(sentence) = difference(&saved, experiment) {
        return Err(vec![sentence]);
    }
    let count = experiment.variants.len();
    let known = |tried: &Tried| {
        tried.variant < count
            && tried.best < tried.values.len()
            && experiment.tuned_field(tried.variant).is_some()
    };
    let tuned = header.tuning || !experiment.is_tuned() || !header.tried.is_empty();
    let lists = header.diverged.len() == header.metrics.len();
    let whole = |measured: &Measured| {
        measured.outcomes.len() == count && measured.outcomes.iter().all(|one| one.len() == before_count)
    };
    let earlier = |one: &Outcomes<Option<f32>>| {
        let seeds = one.diverged.len();
        seeds < before_count && one.metrics.iter().all(|(_, values)| values.len() == seeds)
    };
    let fits = (header.earlier.is_empty() || header.earlier.len() == count)
        && header.earlier.iter().all(earlier)
        && header.earlier.windows(2).all(|pair| pair[0].diverged.len() == pair[1].diverged.len())
        && header.measured.iter().all(whole)
        && lists
        && tuned
        && (!header.tuning || experiment.is_tuned())
        && header.tried.iter().all(known);
    if !fits {
        return Err(vec![UNFIT.to_owned()]);
    }
    let mut file = tensors(bytes)?;
    let mut variants: Vec<Saved> = header
        .diverged
        .iter()
        .cloned()
        .zip(header.metrics.iter().cloned())
        .map(|(diverged, metrics)| Saved { diverged, metrics: numbers(&metrics), tensors: HashMap::new() })
        .collect();
    let places: Vec<(String, Vec<usize>)> =
        file.entries().map(|(name, entry)| (name.to_owned(), entry.shape.clone())).collect();
    for (name, shape) in places {
        let (index, parameter) = name.split_once('.').unwrap_or_default();
        let variant = index.parse::<usize>().ok().and_then(|index| variants.get_mut(index));
        let Some(variant) = variant else {
            return Err(vec![unplaced(&name)]);
        };
        // A replica that diverged has numbers that are not finite.
        let values = file.take_any(&name, &shape).map_err(|why| vec![why])?;
        variant.tensors.insert(parameter.to_owned(), (shape, values));
    }
    let Header { step, preparing, tuning, tuned_steps, tried, measured, earlier, given, .. } = header;
    let read =
        |one: Outcomes<Option<f32>>| Outcomes { metrics: numbers(&one.metrics), diverged: one.diverged };
    let mut earlier: Vec<Outcomes> = earlier.into_iter().map(read).collect();
    if is_extended {
        let ended = variants
            .iter()
            .map(|saved| Outcomes { diverged: saved.diverged.clone(), metrics: saved.metrics.clone() });
        let nothing = vec![Outcomes::default(); count];
        let before = if earlier.is_empty() { &nothing } else { &earlier };
        let all: Vec<_> =
            before.iter().zip(ended).map(|(before, ended)| before.followed_by(&ended)).collect();
        if all.len() != count || all.iter().any(|one| one.diverged.len() != before_count) {
            return Err(vec![UNFIT.to_owned()]);
        }
        earlier = all;
    }
    Ok(Checkpoint {
        step,
        preparing,
        tuning,
        tuned_steps,
        tried,
        measured,
        earlier,
        given,
        is_extended,
        variants,
    })
}

/// A sentence about the first field in which the experiment of a checkpoint would train otherwise than the one that is
/// wanted, with both values; `None` if the checkpoint belongs to it.
pub fn difference(saved: &Experiment, wanted: &Experiment) -> Option<String> {
    let tree = |experiment: &Experiment| {
        let trained = Experiment {
            title: String::new(),
            probes: wanted.probes,
            compare: wanted.compare.clone(),
            claims: Vec::new(),
            ..experiment.clone()
        };
        serde_json::to_value(trained).expect("an experiment is a tree of strings and numbers")
    };
    let (saved, wanted) = (tree(saved), tree(wanted));
    first_difference("", &saved, &wanted).map(|(path, saved, wanted)| {
        format!("The checkpoint is of another experiment: {path} is {saved} there and {wanted} here.")
    })
}

fn first_difference(
    path: &str,
    a: &serde_json::Value,
    b: &serde_json::Value,
) -> Option<(String, String, String)> {
    use serde_json::Value;
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (a, b) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<_> = left.keys().chain(right.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            let missing = Value::String("missing".into());
            keys.into_iter().find_map(|key| {
                first_difference(
                    &below(key),
                    left.get(key).unwrap_or(&missing),
                    right.get(key).unwrap_or(&missing),
                )
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let pairs = left.iter().zip(right).enumerate();
            pairs.into_iter().find_map(|(i, (a, b))| first_difference(&below(&(i + 1).to_string()), a, b))
        }
        (Value::Array(left), Value::Array(right)) => {
            Some((path.to_owned(), format!("{} long", left.len()), format!("{} long", right.len())))
        }
        _ => (a != b).then(|| (path.to_owned(), a.to_string(), b.to_string())),
    }
}

impl Saved {
    /// Parameters, mean and square as `[R, P]`.
    ///
    /// # Errors
    /// A sentence about the first tensor that is missing, has another shape, or is not finite though its replica did
    /// not diverge, and how many more there are.
    pub(super) fn gather(
        &self,
        index: usize,
        layout: &Layout,
        replicas: usize,
    ) -> Result<[TensorData; 3], Vec<String>> {
        let mut problems = Vec::new();
        let width = layout.width();
        let gathered = MOMENTS.map(|moment| {
            let mut flat = vec![0.0f32; replicas * width];
            for p in layout.parameters() {
                let name = format!("{moment}{}", p.name);
                let wanted = [replicas, p.rows, p.columns];
                match self.tensors.get(&name) {
                    Some((shape, values)) if *shape == wanted => {
                        let length = p.rows * p.columns;
                        for (replica, row) in values.chunks_exact(length).enumerate() {
                            if self.diverged[replica].is_none() && row.iter().any(|x| !x.is_finite()) {
                                problems
                                    .push(format!("The checkpoint's tensor {index}.{name} is not finite."));
                            }
                            flat[replica * width + p.offset..][..length].copy_from_slice(row);
                        }
                    }
                    Some((shape, _)) => problems.push(format!(
                        "The checkpoint's tensor {index}.{name} has the shape {shape:?}, not {wanted:?}."
                    )),
                    None => problems.push(format!("The checkpoint has no tensor {index}.{name}.")),
                }
            }
            TensorData::new(flat, [replicas, width])
        });
        let known = |name: &str| {
            let own = layout.parameters().iter().map(|p| p.name.as_str());
            own.into_iter().any(|own| MOMENTS.iter().any(|moment| name.strip_prefix(moment) == Some(own)))
        };
        let mut strange: Vec<_> = self.tensors.keys().filter(|name| !known(name)).collect();
        strange.sort_unstable();
        problems.extend(strange.into_iter().map(|name| unplaced(&format!("{index}.{name}"))));
        // One missing block is dozens of tensors: the first names the place, the rest are counted.
        match (problems.len(), problems.into_iter().next()) {
            (_, None) => Ok(gathered),
            (1, Some(first)) => Err(vec![first]),
            (all, Some(first)) => Err(vec![format!("{} So it is with {} more tensors.", first, all - 1)]),
        }
    }
}
