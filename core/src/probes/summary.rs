//! Spectra of all replicas, summed up: what a chart draws and a recording keeps. Plain numbers, no Burn.
//!
//! Condition numbers, norms and singular values differ by factors, so their logarithms are averaged, and the interval is
//! Student's (see [`crate::stats`]) of the logarithms:
//!
//! ```text
//! g = exp(mean ln xᵣ)        from g / f to g · f,  f = exp(t₀.₉₇₅(R − 1) · s(ln xᵣ) / √R)
//! ```
//!
//! One singular matrix makes the mean of κ infinite. That is said, with the rank, and not hidden by leaving it out.

use super::report::{ProbeReport, Quantity, Spectrum};
use crate::stats::mean_ci;

/// A geometric mean, and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometric {
    /// 0 or infinite where a value is; NaN where there is no value.
    pub mean: f64,
    /// The 95 % interval reaches from `mean / factor` to `mean · factor`. `None` for fewer than two values, and where
    /// the mean is not positive and finite.
    pub factor: Option<f64>,
    /// Values in it.
    pub n: usize,
}

impl Geometric {
    /// The mean of these values, none of them negative; what is not a number is left out, and `n` says how many are left.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let logarithms: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).map(f64::ln).collect();
        let (mean, half_width) = mean_ci(&logarithms);
        // A stream of means loses an infinite value to `∞ − ∞`.
        let infinite = logarithms.iter().copied().find(|logarithm| logarithm.is_infinite());
        Self {
            mean: infinite.unwrap_or(mean).exp(),
            factor: half_width.filter(|half| infinite.is_none() && half.is_finite()).map(f64::exp),
            n: logarithms.len(),
        }
    }

    /// The lower and the upper end of the interval; both are the mean where there is none.
    pub fn ends(&self) -> (f64, f64) {
        let factor = self.factor.unwrap_or(1.0);
        (self.mean / factor, self.mean * factor)
    }
}

/// One matrix of a network, over all replicas.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// What the matrix is.
    pub quantity: Quantity,
    /// Its name or its place, as in [`Spectrum::name`].
    pub name: String,
    /// Head; `None` where heads are not told apart, and for the mean over all of them.
    pub head: Option<usize>,
    /// κ; infinite as soon as one replica's is.
    pub condition_number: Geometric,
    /// ‖A‖_F² / σ₁².
    pub stable_rank: Geometric,
    /// ‖A‖_F.
    pub frobenius_norm: Geometric,
    /// Replicas whose matrix is singular to rounding.
    pub singular: usize,
    /// κ of the other replicas.
    pub regular: Geometric,
    /// The smallest and the largest numerical rank that was found.
    pub rank: (usize, usize),
    /// Singular values of the matrix: its full rank.
    pub full_rank: usize,
    /// Each singular value's geometric mean, largest first, with the factor of its interval; 1 where there is none.
    pub singular_values: Vec<[f32; 2]>,
}

impl Summary {
    /// σ₁ = ‖A‖_F / √(stable rank), of the means.
    pub fn largest(&self) -> f64 {
        self.frobenius_norm.mean / self.stable_rank.mean.sqrt()
    }

    /// σ_k = σ₁ / κ, of the means; 0 for a singular matrix.
    pub fn smallest(&self) -> f64 {
        self.largest() / self.condition_number.mean
    }

    /// κ in words: "3.14", or what a singular matrix has in its place: "∞ in 2 of 5 seeds, rank 15 of 16, otherwise
    /// 1.2e4".
    pub fn kappa_in_words(&self) -> String {
        let replicas = self.condition_number.n;
        if self.singular == 0 || replicas == 0 {
            return significant(self.condition_number.mean);
        }
        let rank = match self.rank {
            (least, most) if least == most => format!("rank {least} of {}", self.full_rank),
            (least, most) => format!("rank {least} to {most} of {}", self.full_rank),
        };
        if self.singular == replicas {
            return format!("∞, {rank}");
        }
        let otherwise = significant(self.regular.mean);
        format!("∞ in {} of {replicas} seeds, {rank}, otherwise {otherwise}", self.singular)
    }
}

/// Every matrix of a report, in its order, each once for all replicas. Where heads are told apart, the mean over them
/// comes first: of each replica over its heads, then over the replicas.
pub fn summarize(report: &ProbeReport) -> Vec<Summary> {
    let mut groups: Vec<Vec<&Spectrum>> = Vec::new();
    let mut last = 0;
    for spectrum in &report.spectra {
        let is_same = |group: &Vec<&Spectrum>| {
            let first = group[0];
            first.quantity == spectrum.quantity && first.head == spectrum.head && first.name == spectrum.name
        };
        // Replicas come one after the other, each in the same order: the next group is mostly the right one.
        let found =
            (last + 1..groups.len()).chain(0..groups.len().min(last + 1)).find(|at| is_same(&groups[*at]));
        last = found.unwrap_or(groups.len());
        match found {
            Some(at) => groups[at].push(spectrum),
            None => groups.push(vec![spectrum]),
        }
    }
    let mut summaries = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        let is_sibling = |other: &&Vec<&Spectrum>| {
            other[0].quantity == group[0].quantity
                && other[0].name == group[0].name
                && other[0].head.is_some()
        };
        if group[0].head.is_some() && !groups[..at].iter().any(|other| is_sibling(&other)) {
            let heads: Vec<&Vec<&Spectrum>> = groups.iter().filter(is_sibling).collect();
            summaries.push(over_heads(&heads));
        }
        summaries.push(summary(group, group[0].head));
    }
    summaries
}

fn summary(replicas: &[&Spectrum], head: Option<usize>) -> Summary {
    let first = replicas[0];
    let mean = |of: fn(&Spectrum) -> f64| Geometric::of(replicas.iter().map(|spectrum| of(spectrum)));
    let count = replicas.iter().map(|spectrum| spectrum.singular_values.len()).min().unwrap_or(0);
    // A replica that has diverged has no singular values, and no rank.
    let ranks = || replicas.iter().filter(|s| !s.condition_number.is_nan()).map(|s| s.numerical_rank);
    let kappas = || replicas.iter().map(|spectrum| spectrum.condition_number);
    Summary {
        quantity: first.quantity,
        name: first.name.clone(),
        head,
        condition_number: Geometric::of(kappas()),
        stable_rank: mean(|spectrum| spectrum.stable_rank),
        frobenius_norm: mean(|spectrum| spectrum.frobenius_norm),
        singular: kappas().filter(|kappa| kappa.is_infinite()).count(),
        regular: Geometric::of(kappas().filter(|kappa| kappa.is_finite())),
        rank: (ranks().min().unwrap_or(0), ranks().max().unwrap_or(0)),
        full_rank: first.singular_values.len(),
        singular_values: (0..count)
            .map(|at| {
                let one = Geometric::of(replicas.iter().map(|s| f64::from(s.singular_values[at])));
                [one.mean as f32, one.factor.unwrap_or(1.0) as f32]
            })
            .collect(),
    }
}

/// The mean over heads of each replica, as if it were one matrix.
fn over_heads(heads: &[&Vec<&Spectrum>]) -> Summary {
    let mut merged: Vec<Spectrum> = Vec::new();
    for spectrum in heads.iter().flat_map(|group| group.iter()) {
        if merged.iter().any(|done| done.replica == spectrum.replica) {
            continue;
        }
        let mine: Vec<&Spectrum> = heads
            .iter()
            .flat_map(|group| group.iter())
            .filter(|other| other.replica == spectrum.replica)
            .copied()
            .collect();
        let one = summary(&mine, None);
        merged.push(Spectrum {
            head: None,
            singular_values: one.singular_values.iter().map(|[mean, _]| *mean).collect(),
            condition_number: one.condition_number.mean,
            stable_rank: one.stable_rank.mean,
            frobenius_norm: one.frobenius_norm.mean,
            numerical_rank: one.rank.0,
            ..(*spectrum).clone()
        });
    }
    let most = heads.iter().flat_map(|group| group.iter()).map(|spectrum| spectrum.numerical_rank).max();
    let mut whole = summary(&merged.iter().collect::<Vec<_>>(), None);
    whole.rank.1 = whole.rank.1.max(most.unwrap_or(0));
    whole
}

/// Three digits: "3.14", "271", "4.2e6".
pub fn significant(number: f64) -> String {
    match number {
        n if n.is_nan() => "–".to_owned(),
        n if n.is_infinite() => "∞".to_owned(),
        0.0 => "0".to_owned(),
        n if !(1e-2..1e4).contains(&n.abs()) => format!("{n:.1e}"),
        n if n.abs() < 0.9995 => format!("{n:.3}"),
        n if n.abs() < 9.995 => format!("{n:.2}"),
        n if n.abs() < 99.95 => format!("{n:.1}"),
        n => format!("{n:.0}"),
    }
}

impl Quantity {
    /// What it is called in a menu.
    pub fn label(self) -> &'static str {
        match self {
            Self::Weight => "Weight",
            Self::Update => "Update",
            Self::Change => "Change since the start",
            Self::Embedded => "Embedded tokens",
            Self::Tokens => "Tokens entering a block",
            Self::Scores => "Scores QKᵀ",
            Self::Attention => "Attention matrix",
            Self::Heads => "Heads side by side",
            Self::AttentionOutput => "Attention’s output",
            Self::AfterAttention => "After attention and its skip",
            Self::MlpOutput => "MLP’s output",
            Self::AfterMlp => "After the MLP and its skip",
            Self::Jacobian => "Jacobian of attention",
            Self::JacobianWithSkip => "Jacobian with the skip",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spectrum(head: Option<usize>, replica: usize, singular_values: &[f32]) -> Spectrum {
        let (largest, smallest) = (singular_values[0], singular_values[singular_values.len() - 1]);
        let square: f32 = singular_values.iter().map(|value| value * value).sum();
        Spectrum {
            quantity: Quantity::Scores,
            name: "blocks.0".to_owned(),
            head,
            samples: 1,
            replica,
            condition_number: f64::from(largest / smallest),
            stable_rank: f64::from(square / (largest * largest)),
            frobenius_norm: f64::from(square.sqrt()),
            numerical_rank: singular_values.iter().filter(|value| **value > 0.0).count(),
            singular_values: singular_values.to_vec(),
        }
    }

    fn report(spectra: Vec<Spectrum>) -> ProbeReport {
        ProbeReport { spectra, ..ProbeReport::default() }
    }

    fn close(a: f64, b: f64) -> bool {
        (a / b - 1.0).abs() < 1e-6
    }

    #[test]
    fn a_geometric_mean_lies_in_the_middle_of_its_factors() {
        let mean = Geometric::of([10.0, 1000.0, f64::NAN]);
        assert!(close(mean.mean, 100.0) && mean.n == 2);
        let (low, high) = mean.ends();
        assert!(close((low * high).sqrt(), 100.0) && low < 10.0 && high > 1000.0);
        assert_eq!((Geometric::of([7.0]).factor, Geometric::of([]).n), (None, 0));
        assert!(Geometric::of([]).mean.is_nan());
    }

    #[test]
    fn one_infinite_value_is_not_averaged_away_and_zero_stays_zero() {
        let infinite = Geometric::of([1.0, f64::INFINITY, 4.0]);
        assert_eq!((infinite.mean, infinite.factor, infinite.n), (f64::INFINITY, None, 3));
        assert_eq!(infinite.ends(), (f64::INFINITY, f64::INFINITY));
        assert_eq!(Geometric::of([0.0, 2.0]).mean, 0.0);
    }

    #[test]
    fn replicas_of_a_matrix_become_one_row_in_the_order_of_the_network() {
        let mut second = spectrum(None, 0, &[8.0, 1.0]);
        second.name = "blocks.1".to_owned();
        let spectra = vec![spectrum(None, 0, &[2.0, 1.0]), second.clone(), spectrum(None, 1, &[8.0, 1.0]), {
            second.replica = 1;
            second
        }];
        let rows = summarize(&report(spectra));
        assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["blocks.0", "blocks.1"]);
        assert!(close(rows[0].condition_number.mean, 4.0) && rows[0].condition_number.n == 2);
        assert!(close(f64::from(rows[0].singular_values[0][0]), 4.0));
        assert_eq!((rows[1].singular_values[0], rows[1].full_rank), ([8.0, 1.0], 2));
    }

    #[test]
    fn heads_have_rows_of_their_own_after_their_mean() {
        let spectra = vec![
            spectrum(Some(0), 0, &[4.0, 1.0]),
            spectrum(Some(1), 0, &[16.0, 1.0]),
            spectrum(Some(0), 1, &[4.0, 1.0]),
            spectrum(Some(1), 1, &[16.0, 1.0]),
        ];
        let rows = summarize(&report(spectra));
        assert_eq!(rows.iter().map(|row| row.head).collect::<Vec<_>>(), [None, Some(0), Some(1)]);
        // Both replicas have the same mean, so that it is known exactly: heads are no sample.
        assert!(
            close(rows[0].condition_number.mean, 8.0) && close(rows[0].condition_number.factor.unwrap(), 1.0)
        );
        assert_eq!(rows[0].condition_number.n, 2);
    }

    #[test]
    fn a_singular_matrix_is_said_with_its_rank() {
        let rows = |last: [f32; 2]| {
            let spectra = [0, 1].map(|replica| spectrum(None, replica, &[4.0, 2.0, last[replica]]));
            summarize(&report(spectra.into()))
        };
        assert_eq!(rows([0.0, 0.0])[0].kappa_in_words(), "∞, rank 2 of 3");
        assert_eq!(
            rows([0.0, 1.0])[0].kappa_in_words(),
            "∞ in 1 of 2 seeds, rank 2 to 3 of 3, otherwise 4.00"
        );
        assert_eq!(rows([1.0, 1.0])[0].kappa_in_words(), "4.00");
        assert_eq!(rows([0.0, 1.0])[0].smallest(), 0.0);
    }

    #[test]
    fn the_ends_of_the_spectrum_follow_from_the_three_means() {
        let rows = summarize(&report(vec![
            spectrum(None, 0, &[6.0, 3.0, 2.0]),
            spectrum(None, 1, &[5.0, 4.0, 0.5]),
        ]));
        assert!(close(rows[0].largest(), (6.0 * 5.0_f64).sqrt()), "{}", rows[0].largest());
        assert!(close(rows[0].smallest(), (2.0 * 0.5_f64).sqrt()), "{}", rows[0].smallest());
    }

    #[test]
    fn a_diverged_replica_is_left_out() {
        let mut lost = spectrum(None, 1, &[1.0, 1.0]);
        lost.condition_number = f64::NAN;
        lost.stable_rank = f64::NAN;
        lost.frobenius_norm = f64::NAN;
        lost.numerical_rank = 0;
        lost.singular_values = vec![f32::NAN; 2];
        let row = summarize(&report(vec![spectrum(None, 0, &[4.0, 2.0]), lost])).remove(0);
        assert_eq!((row.condition_number.mean, row.condition_number.n), (2.0, 1));
        assert_eq!((row.rank, row.singular), ((2, 2), 0));
    }

    #[test]
    fn numbers_are_short() {
        let written = [2.345, 27.18, 271.4, 42_000.0, 0.0123, 1e-9, -3.0, 0.0, 99.999].map(significant);
        assert_eq!(written, ["2.35", "27.2", "271", "4.2e4", "0.012", "1.0e-9", "-3.00", "0", "100"]);
    }
}
