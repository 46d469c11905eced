//! What the measurements inside the networks say, as curves: of one kind of matrix, over the steps, over the depth of
//! the network, or as a whole spectrum. One curve a variant, each point a geometric mean over the seeds.

use kappa_core::probes::report::Quantity;
use kappa_core::probes::summary::{Geometric, Summary, significant};

use super::probes::Probed;
use super::{Point, RunLog, VariantLog};
use crate::chart::columns::Mark;

/// Matrices of the same kind: one in each block, or one in the whole network.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// What they are; `None` stands for the curvature of the loss, which belongs to no matrix.
    pub quantity: Option<Quantity>,
    /// Which of them, for example "attention query".
    pub part: String,
    /// The blocks that have one, counted from 0; empty where it belongs to none.
    pub blocks: Vec<usize>,
    /// Heads that are told apart.
    pub heads: usize,
    /// Whether all singular values are known.
    pub has_spectrum: bool,
}

/// The number of a matrix that is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// κ = σ₁ / σ_k.
    #[default]
    ConditionNumber,
    /// ‖A‖_F² / σ₁².
    StableRank,
    /// Singular values above rounding, of the seed that has the fewest.
    Rank,
    /// ‖A‖_F.
    FrobeniusNorm,
    /// σ₁; of a curvature, the largest eigenvalue.
    Largest,
    /// σ_k; of a curvature, the smallest eigenvalue.
    Smallest,
}

/// All measures, as they are written in a menu.
pub const MEASURES: [(Measure, &str, &str); 6] = [
    (Measure::ConditionNumber, "condition-number", "Condition number κ"),
    (Measure::StableRank, "stable-rank", "Stable rank"),
    (Measure::Rank, "rank", "Rank"),
    (Measure::FrobeniusNorm, "frobenius-norm", "Frobenius norm"),
    (Measure::Largest, "largest", "Largest singular value σ₁"),
    (Measure::Smallest, "smallest", "Smallest singular value"),
];

/// What is on the horizontal axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Steps of training.
    #[default]
    Steps,
    /// Blocks of the network, at one step.
    Depth,
    /// Singular values, largest first, at one step.
    Spectrum,
}

/// Everything that decides what is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Which matrices.
    pub kind: Kind,
    /// Which block's; ignored where there are none, and over the depth.
    pub block: usize,
    /// Which head's; `None` for the mean over heads.
    pub head: Option<usize>,
    /// Which number of them.
    pub measure: Measure,
    /// Over what.
    pub view: View,
    /// At which step, where that is not the axis.
    pub step: u32,
}

/// Every kind that was measured in some variant: what flows through the network first, then its weights.
pub fn kinds(log: &RunLog) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    let probes = || log.variants.iter().filter_map(|variant| variant.probes.probes().last());
    for matrix in probes().flat_map(|probed| &probed.matrices) {
        let (block, part) = place(&matrix.name);
        let found = kinds.iter_mut().find(|kind| kind.quantity == Some(matrix.quantity) && kind.part == part);
        let kind = match found {
            Some(kind) => kind,
            None => {
                kinds.push(Kind::new(Some(matrix.quantity), part));
                kinds.last_mut().expect("one was just added")
            }
        };
        if let Some(block) = block.filter(|block| !kind.blocks.contains(block)) {
            let place = kind.blocks.partition_point(|other| *other < block);
            kind.blocks.insert(place, block);
        }
        kind.has_spectrum |= !matrix.singular_values.is_empty();
        kind.heads = kind.heads.max(matrix.head.map_or(0, |head| head + 1));
    }
    if probes().any(|probed| probed.curvature.is_some()) {
        kinds.push(Kind::new(None, ""));
    }
    let is_weight = |kind: &Kind| kind.quantity.is_some_and(Quantity::is_of_weights);
    let (weights, others): (Vec<Kind>, Vec<Kind>) = kinds.into_iter().partition(is_weight);
    others.into_iter().chain(weights).collect()
}

/// Block and part of a name: `blocks.0.attention.query.weight` is in block 0.
fn place(name: &str) -> (Option<usize>, &str) {
    let name = name.strip_suffix(".weight").unwrap_or(name);
    let Some(rest) = name.strip_prefix("blocks.") else {
        return (None, name);
    };
    let (block, part) = rest.split_once('.').unwrap_or((rest, ""));
    block.parse().map_or((None, name), |block| (Some(block), part))
}

impl Kind {
    fn new(quantity: Option<Quantity>, part: &str) -> Self {
        Self { quantity, part: part.to_owned(), blocks: Vec::new(), heads: 0, has_spectrum: false }
    }

    /// What it is called in a menu. `alone`: whether there is no other part of the same quantity.
    pub fn label(&self, alone: bool) -> String {
        let Some(quantity) = self.quantity else {
            return "Curvature of the loss".to_owned();
        };
        let part = self.part.replace(['.', '_'], " ");
        if !quantity.is_of_weights() && (alone || part.is_empty()) {
            quantity.label().to_owned()
        } else {
            format!("{}: {part}", quantity.label())
        }
    }

    /// Over what it can be drawn.
    pub fn views(&self) -> &'static [View] {
        match (self.blocks.len() > 1, self.has_spectrum) {
            (false, false) => &[View::Steps],
            (true, false) => &[View::Steps, View::Depth],
            (false, true) => &[View::Steps, View::Spectrum],
            (true, true) => &[View::Steps, View::Depth, View::Spectrum],
        }
    }

    /// What can be drawn of it.
    pub fn measures(&self) -> &'static [(Measure, &'static str, &'static str)] {
        const EIGENVALUES: [(Measure, &str, &str); 2] = [
            (Measure::Largest, "largest", "Largest eigenvalue of the Hessian"),
            (Measure::Smallest, "smallest", "Smallest eigenvalue of the Hessian"),
        ];
        if self.quantity.is_none() { &EIGENVALUES } else { &MEASURES }
    }
}

impl Measure {
    /// Whether it spans orders of magnitude.
    pub fn is_logarithmic(self) -> bool {
        !matches!(self, Self::StableRank | Self::Rank)
    }

    fn mark(self, of: &Summary, x: f64) -> Mark {
        match self {
            Self::ConditionNumber => Mark::geometric(x, &of.condition_number),
            Self::StableRank => Mark::geometric(x, &of.stable_rank),
            Self::Rank => Mark::plain(x, of.rank.0 as f64),
            Self::FrobeniusNorm => Mark::geometric(x, &of.frobenius_norm),
            Self::Largest => {
                of.singular_values.first().map_or(Mark::plain(x, of.largest()), |one| singular(x, one))
            }
            Self::Smallest => {
                of.singular_values.last().map_or(Mark::plain(x, of.smallest()), |one| singular(x, one))
            }
        }
    }
}

/// A singular value with its factor.
fn singular(x: f64, [mean, factor]: &[f32; 2]) -> Mark {
    Mark::geometric(x, &Geometric { mean: f64::from(*mean), factor: Some(f64::from(*factor)), n: 1 })
}

impl Selection {
    /// The curve of every variant.
    pub fn curves(&self, log: &RunLog) -> Vec<Vec<Mark>> {
        log.variants.iter().map(|variant| self.curve(variant)).collect()
    }

    fn curve(&self, variant: &VariantLog) -> Vec<Mark> {
        let probes = &variant.probes;
        match self.view {
            View::Steps if self.kind.quantity.is_none() => {
                let points = probes.probes().iter().filter_map(|probed| self.curvature(probed));
                points.map(|point| Mark::even(&point, 1.0)).collect()
            }
            View::Steps => {
                let found = |probed: &Probed| {
                    Some(self.measure.mark(self.find(probed, self.block)?, f64::from(probed.step)))
                };
                probes.probes().iter().filter_map(found).collect()
            }
            View::Depth => {
                let Some(probed) = probes.at(self.step) else { return Vec::new() };
                let found =
                    |block: &usize| Some(self.measure.mark(self.find(probed, *block)?, *block as f64 + 1.0));
                self.kind.blocks.iter().filter_map(found).collect()
            }
            View::Spectrum => {
                let found = probes.at(self.step).and_then(|probed| self.find(probed, self.block));
                let values = found.map(|matrix| matrix.singular_values.as_slice()).unwrap_or_default();
                values.iter().enumerate().map(|(index, one)| singular(index as f64 + 1.0, one)).collect()
            }
        }
    }

    /// The number at one place of a variant's curve, in words: "31.4 [28.0, 35.2]", "∞, rank 15 of 16".
    pub fn words(&self, log: &RunLog, variant: usize, x: f64) -> String {
        let Some(variant) = log.variants.get(variant) else {
            return String::new();
        };
        let matrix = match self.view {
            View::Spectrum => None,
            View::Steps => variant.probes.at(x as u32).and_then(|probed| self.find(probed, self.block)),
            View::Depth => variant
                .probes
                .at(self.step)
                .and_then(|probed| self.find(probed, (x as usize).saturating_sub(1))),
        };
        let singular =
            matrix.filter(|matrix| matrix.singular > 0 && self.measure == Measure::ConditionNumber);
        if let Some(matrix) = singular {
            return matrix.kappa_in_words();
        }
        let curve = self.curve(variant);
        let Some(mark) = curve.iter().find(|mark| mark.x == x) else {
            return String::new();
        };
        match (mark.low, mark.high) {
            (low, high) if low < high => {
                format!("{} [{}, {}]", significant(mark.mean), significant(low), significant(high))
            }
            _ => significant(mark.mean),
        }
    }

    /// The steps that one can choose from: those at which some variant was measured.
    pub fn steps(&self, log: &RunLog) -> Vec<u32> {
        let useful = |probed: &&Probed| self.view != View::Spectrum || probed.has_spectra();
        let probes = log.variants.iter().flat_map(|variant| variant.probes.probes());
        let mut steps: Vec<u32> = Vec::new();
        for probed in probes.filter(useful) {
            let place = steps.partition_point(|other| *other < probed.step);
            if steps.get(place) != Some(&probed.step) {
                steps.insert(place, probed.step);
            }
        }
        steps
    }

    fn find<'a>(&self, probed: &'a Probed, block: usize) -> Option<&'a Summary> {
        let wanted = (!self.kind.blocks.is_empty()).then_some(block);
        probed.matrices.iter().find(|matrix| {
            Some(matrix.quantity) == self.kind.quantity
                && matrix.head == self.head
                && place(&matrix.name) == (wanted, &self.kind.part)
        })
    }

    fn curvature(&self, probed: &Probed) -> Option<Point> {
        let [largest, smallest] = probed.curvature?;
        Some(if self.measure == Measure::Smallest { smallest } else { largest })
    }
}

/// "Measuring took 34 ms each time, 1.2 s in all."
pub fn cost(log: &RunLog) -> String {
    let taken = || log.variants.iter().map(|variant| variant.probes.taken());
    let (count, spent) =
        (taken().map(|(count, _)| count).sum::<u32>(), taken().map(|(_, spent)| spent).sum::<f64>());
    if count == 0 {
        return String::new();
    }
    format!("Measuring took {} each time and {} in all.", duration(spent / f64::from(count)), duration(spent))
}

fn duration(milliseconds: f64) -> String {
    if milliseconds < 1000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.1} s", milliseconds / 1000.0)
    }
}

#[cfg(test)]
mod tests;
