//! What networks start from: trainings that are kept, and what is taken of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::exchange::Given;
use super::kept::Kept;
use crate::fields::quote;
use crate::parameters::{Builder, Layout, Matrix};
use crate::random::Stream;
use crate::spec::sources::{Embeddings, Form};
use crate::spec::{Experiment, Needed};
use crate::techniques::weights::peft::transposed;

const TOKENS: &str = "embedding.token.weight";
const POSITIONS: &str = "embedding.position";
const HEAD: &str = "head.weight";
const HEAD_BIAS: &str = "head.bias";

/// The sources of an experiment's variants, as far as they are trained.
#[derive(Clone)]
pub(super) struct Origins {
    /// The whole experiment: a source is a patch on it.
    experiment: Rc<Experiment>,
    kept: BTreeMap<String, Rc<Kept>>,
    /// Adapters that variants start from.
    given: Vec<Given>,
    /// Whether nothing is taken: what networks start from is written over.
    idle: bool,
}

impl Origins {
    /// None is trained yet.
    pub(super) fn new(experiment: &Experiment) -> Self {
        Self {
            experiment: Rc::new(experiment.clone()),
            kept: BTreeMap::new(),
            given: Vec::new(),
            idle: false,
        }
    }

    /// With the adapters that variants start from.
    pub(super) fn with(self, given: Vec<Given>) -> Self {
        Self { given, ..self }
    }

    /// The adapter that a variant starts from.
    pub(super) fn given(&self, variant: usize) -> Option<&Given> {
        self.given.iter().find(|given| given.variant == variant)
    }

    /// Of every variant, which adapter it starts from; nothing where none does.
    pub(super) fn digests(&self) -> Vec<(usize, String)> {
        let mut digests: Vec<_> = self.given.iter().map(|given| (given.variant, given.digest())).collect();
        digests.sort();
        digests
    }

    /// One more.
    pub(super) fn add(&mut self, kept: Kept) {
        self.kept.insert(kept.name.clone(), Rc::new(kept));
    }

    /// Whether this one is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.kept.contains_key(name)
    }

    /// The same, of which nothing is taken: for networks whose numbers are all restored.
    pub(super) fn idle(&self) -> Self {
        Self { idle: true, ..self.clone() }
    }

    /// The sources of a resolved variant.
    ///
    /// # Errors
    /// One sentence for each problem of a source.
    pub(super) fn needed(&self, resolved: &Experiment) -> Result<Vec<Needed>, Vec<String>> {
        self.experiment.needed(resolved).map_err(super::session::sentences)
    }

    /// Puts what is taken of the sources where the first values of every replica are; `values` are the resolved experiments
    /// of as many equal shares of the replicas.
    ///
    /// # Errors
    /// A sentence about what does not fit.
    ///
    /// # Panics
    /// If a source is not there.
    pub(super) fn transfer(&self, values: &[Experiment], builder: &mut Builder) -> Result<(), String> {
        if self.idle {
            return Ok(());
        }
        let layout = builder.layout().clone();
        let needed = values.iter().map(|value| self.needed(value)).collect::<Result<Vec<_>, _>>();
        let needed = needed.map_err(|problems| problems.join(" "))?;
        let replicas: Vec<(u64, &mut [f32])> = builder.replicas().collect();
        let share = replicas.len() / values.len();
        for (index, (seed, row)) in replicas.into_iter().enumerate() {
            for one in &needed[index / share] {
                let name = one.name(seed);
                let kept = self.kept.get(&name).expect("sources are prepared before what starts from them");
                take(one, kept, seed, &layout, row)?;
            }
        }
        Ok(())
    }
}

/// Puts what is taken of one training into the row of a replica.
fn take(needed: &Needed, kept: &Kept, seed: u64, layout: &Layout, row: &mut [f32]) -> Result<(), String> {
    let (source, number) = (&needed.source, needed.number);
    let matrices = layout.all();
    let absent = source.taken().find(|name| {
        let one = crate::spec::Source { take: (*name).to_owned(), ..Default::default() };
        !matrices.iter().any(|matrix| one.takes(&matrix.name))
    });
    if let Some(name) = absent {
        let known = layout.part_names().join(", ");
        return Err(format!(
            "source.{number}.take names {}, which this network does not have. It has {known}.",
            quote(name)
        ));
    }
    for matrix in matrices.iter().filter(|matrix| source.takes(&matrix.name)) {
        let is_end = matrix.name.starts_with("embedding.") || matrix.name.starts_with("head.");
        let values = if is_end && source.embeddings == Embeddings::Mean {
            match mean_of(kept, matrix, number)? {
                Some(values) => values,
                None => continue,
            }
        } else {
            let (shape, values) = kept
                .tensor(&matrix.name)
                .map(|(shape, values)| (shape, Cow::from(values)))
                .or_else(|| tied_head(kept, matrix))
                .ok_or_else(|| {
                    format!("source.{number}.take names {}, which the source does not have.", matrix.name)
                })?;
            let longer = matrix.name == POSITIONS && shape[0] > matrix.rows && shape[1] == matrix.columns;
            if !longer && shape != [matrix.rows, matrix.columns] {
                let hint = if is_end {
                    "; take it as a mean (embeddings = \"mean\"), or do not take it"
                } else {
                    "; give the source the same model"
                };
                return Err(format!(
                    "source.{number} takes {}, which is {} × {} there and {} × {} here{hint}.",
                    matrix.name, shape[0], shape[1], matrix.rows, matrix.columns
                ));
            }
            let values = &values[..matrix.rows * matrix.columns];
            formed(values, source.form, seed, &format!("source.{number}.{}", matrix.name))
        };
        matrix.scatter(row, &values);
    }
    Ok(())
}

/// The head of a source that reads its answers by its table of symbols.
fn tied_head<'a>(kept: &Kept, matrix: &Matrix) -> Option<([usize; 2], Cow<'a, [f32]>)> {
    let ([symbols, width], values) = kept.tensor(TOKENS).filter(|_| matrix.name == HEAD)?;
    Some(([width, symbols], transposed(values, [symbols, width]).into()))
}

/// Embeddings and head as in the authors' code; `None` for what stays as it is.
fn mean_of(kept: &Kept, matrix: &Matrix, number: usize) -> Result<Option<Vec<f32>>, String> {
    let table = || {
        kept.tensor(TOKENS).ok_or_else(|| {
            format!(
                "source.{number}.embeddings is mean, but the source reads no symbols; take them as they are."
            )
        })
    };
    match matrix.name.as_str() {
        TOKENS | HEAD => {
            let ([_, width], values) = table()?;
            let rows = values.chunks_exact(width);
            let count = rows.len().max(1) as f64;
            let mut mean = vec![0.0f64; width];
            rows.for_each(|row| mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x) / count));
            let is_head = matrix.name == HEAD;
            let fits = if is_head { matrix.rows == width } else { matrix.columns == width };
            if !fits {
                return Err(format!("source.{number} has tokens {width} wide, which this network has not."));
            }
            let at = |index: usize| mean[if is_head { index / matrix.columns } else { index % width }] as f32;
            Ok(Some((0..matrix.rows * matrix.columns).map(at).collect()))
        }
        POSITIONS => Ok(kept.tensor(POSITIONS).and_then(|([rows, columns], values)| {
            let enough = rows >= matrix.rows && columns == matrix.columns;
            enough.then(|| values[..matrix.rows * columns].to_vec())
        })),
        HEAD_BIAS => Ok(None),
        _ => table().map(|_| None),
    }
}

/// The numbers of one matrix in the form that was asked for.
fn formed(values: &[f32], form: Form, seed: u64, stream: &str) -> Vec<f32> {
    let mut values = values.to_vec();
    match form {
        Form::Exact => {}
        Form::Shuffled => {
            let mut stream = Stream::new(seed, stream);
            for last in (1..values.len()).rev() {
                values.swap(last, stream.below(last + 1));
            }
        }
        Form::Statistics => {
            let count = values.len().max(1) as f64;
            let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
            let square = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count;
            let mut stream = Stream::new(seed, stream);
            values.iter_mut().for_each(|x| *x = (mean + square.sqrt() * stream.normal()) as f32);
        }
    }
    values
}

#[cfg(test)]
mod tests;
