//! What the statistics must know of a quantity: which way is worse, in steps of what it is counted, and how a
//! difference of two of its values is taken and read.

use super::{Metric, Unit};

/// A quantity that a claim can be about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// Which way is worse. It says how a run without a number counts.
    pub direction: Direction,
    /// How two values are compared.
    pub form: Form,
    /// How a difference is printed.
    pub unit: Unit,
    /// The smallest step by which a value can change; 0 where it is continuous.
    pub step: f64,
}

/// Which way a quantity gets worse. A run that diverged is worse than every number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Accuracy, PSNR: a diverged run is below every number.
    HigherIsBetter,
    /// Loss, κ: a diverged run, or a singular matrix, is above every number.
    LowerIsBetter,
    /// A norm: a diverged run could lie on either side, and counts against whatever is being shown.
    Neither,
}

/// How two values of a quantity are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By their difference.
    Difference,
    /// By the logarithm of their ratio, for what differs by factors. A margin `m` is the factor `1 + m`.
    Ratio,
}

impl Measure {
    /// The share of `examples` that are right.
    ///
    /// It is a multiple of one example. Over seeds, a spread below that step cannot be told from none, and no spread at
    /// all would be certainty: see [`Measure::floor`].
    ///
    /// # Panics
    /// If there is no example.
    pub fn share_of(examples: usize) -> Self {
        assert!(examples > 0, "a share needs examples");
        let (direction, form) = (Direction::HigherIsBetter, Form::Difference);
        Self { direction, form, unit: Unit::POINTS, step: 1.0 / examples as f64 }
    }

    /// A positive quantity that differs by factors: κ and curvatures (lower is better), norms (neither).
    pub fn factor(direction: Direction) -> Self {
        Self { direction, form: Form::Ratio, unit: Unit::NONE, step: 0.0 }
    }

    /// The smallest standard deviation that differences of `pairs` pairs of values are taken to have: one step for one
    /// pair, √2 steps for a contrast of two.
    ///
    /// Why one step. A difference of accuracies over the same `N` examples is a whole number of steps `1/N`. (1) Where
    /// it is `k ≥ 1` steps, at least `k` examples are answered differently, and their number has a binomial standard
    /// deviation of about `√k ≥ 1` steps. (2) `n` equal differences do not exclude, at 95 %, that a share `1 −
    /// 0.05^(1/n)` of seeds is a step away, a standard deviation of 0.8 steps for `n = 3`, 0.67 for 5 and 0.56 for 8.
    /// (3) With it Student's test is never surer than the exact one on the smallest differences there are: `n` seeds,
    /// each one example better, are decided from `n = 7` on, where the exact sign test has p = 0.016; without a floor,
    /// or with that of the rounding error alone (`1/√12` of a step), they are decided at `n = 3`.
    pub fn floor(&self, pairs: usize) -> f64 {
        self.step * (pairs as f64).sqrt()
    }

    /// The margin as a difference in the form in which values are compared.
    pub(super) fn threshold(&self, margin: f64) -> f64 {
        match self.form {
            Form::Difference => margin,
            Form::Ratio => margin.ln_1p(),
        }
    }
}

impl Metric {
    /// What the statistics must know of it, when it is measured over `examples` test examples. Accuracy over several places of
    /// an example is counted in steps of an example all the same: its places do not err independently.
    ///
    /// # Panics
    /// If there is no example.
    pub fn measure(self, examples: usize) -> Measure {
        let (direction, step) = match self {
            Self::Accuracy | Self::ExactMatch => return Measure::share_of(examples),
            Self::Loss | Self::RelativeError => (Direction::LowerIsBetter, 0.0),
            Self::Psnr => (Direction::HigherIsBetter, 0.0),
        };
        Measure { direction, form: Form::Difference, unit: self.unit(), step }
    }
}
