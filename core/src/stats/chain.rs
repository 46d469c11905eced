//! How the t statistics of several looks at the same seeds hang together, and what each look may decide at.
//!
//! Whoever looks at 4 seeds, then at 8, then at 16, and stops when 5 % is reached, errs more often than in 5 %. Lan
//! and DeMets (1983, *Biometrika* 70) spend the error by a plan instead: at the share `τ` of all planned seeds, the
//! error that may have been made until then is
//!
//! ```text
//! spent(τ) = 4 · (1 − Φ(z / √τ)),   z: exceeded with probability α / 4          two-sided; spent(1) = α
//! ```
//!
//! which is their function of O'Brien and Fleming's (1979) type, half of α on each side: next to nothing early, nearly
//! all of α at the end. The level of each look solves
//!
//! ```text
//! P(|t| beyond its bound at this look, and not at an earlier one) = spent(τ) − spent(τ before)
//! ```
//!
//! In books (Jennison and Turnbull, *Group Sequential Methods*, chapters 7 and 19; the recursion is Armitage,
//! McPherson and Rowe's, 1969) this probability is that of a normal process, and t statistics take over its levels.
//! With so few seeds that is too generous: simulated, the error is 5.06 % for looks at 4, 8, 16 and 5.55 % for one
//! after each seed from 3 to 16. So the recursion here is that of the t statistics themselves, which is exact for
//! normal differences and becomes the normal one for many seeds (a test compares it with the printed bounds).
//!
//! The recursion. Let `u = Σ dᵢ / √(n Σ dᵢ²)`, the cosine of the angle between the differences and equality, and `u =
//! sin ψ`; then `t = √(n − 1) tan ψ`. For normal differences without effect, the direction of the first `n`, the
//! direction of the next `m`, and the ratio `r` of their sums of squares are independent, so that `u` is a Markov
//! chain:
//!
//! ```text
//! u' = (u √(n r) + v √(m (1 − r))) / √(n + m),   r ~ Beta(n/2, m/2),  v² ~ Beta(1/2, (m − 1)/2) with either sign
//! ```
//!
//! The mass of what has crossed a bound already is kept on a grid of `√n |ψ|`, which hardly changes its shape with `n`.

use statrs::function::beta::inv_beta_reg;

use super::{normal, student};

/// Cells of the grid, and equally likely values that stand for `r` and for `|v|`.
const CELLS: usize = 256;
const RATIOS: usize = 24;
const DIRECTIONS: usize = 48;

/// Planned looks, with what the recursion needs of them, which does not depend on any level.
pub(super) struct Chain {
    grids: Vec<Grid>,
    /// From each look to the next: where the mass of each cell goes.
    steps: Vec<Vec<[f64; CELLS]>>,
}

/// The error that may have been made at the share `fraction` of all seeds.
pub(super) fn spent(alpha: f64, fraction: f64) -> f64 {
    if fraction >= 1.0 {
        return alpha;
    }
    4.0 * normal::upper_tail(normal::upper_quantile(alpha / 4.0) / fraction.sqrt())
}

impl Chain {
    /// Looks at these numbers of seeds: at least one, ascending, the first at least 2.
    pub(super) fn new(seeds: &[usize]) -> Self {
        let grids: Vec<Grid> = seeds.iter().map(|seeds| Grid::new(*seeds)).collect();
        let steps = grids.windows(2).map(|pair| step(&pair[0], &pair[1])).collect();
        Self { grids, steps }
    }

    /// The two-sided level of each look up to the one with this index, for an error of `alpha` in all.
    pub(super) fn levels(&self, alpha: f64, look: usize) -> Vec<f64> {
        let last = self.grids[self.grids.len() - 1].n;
        let mut crossed = [0.0; CELLS];
        let mut before = 0.0;
        let mut levels = Vec::new();
        for (index, grid) in self.grids[..=look].iter().enumerate() {
            if index > 0 {
                crossed = carried(&crossed, &self.steps[index - 1]);
            }
            let until_now = spent(alpha, grid.n / last);
            let bound = grid.bound(&crossed, until_now - before);
            levels.push((until_now - before + beyond(&crossed, bound / grid.width)).min(alpha));
            grid.cross(&mut crossed, bound);
            before = until_now;
        }
        levels
    }

    /// The smallest error in all for which a two-sided p of `p` would have been enough at this look: the repeated
    /// p-value (Jennison and Turnbull, section 9.5). It is a p-value whenever one stops.
    pub(super) fn overall(&self, p: f64, look: usize) -> f64 {
        if self.grids.len() == 1 || p <= 0.0 || p >= 1.0 {
            return p;
        }
        let level = |alpha: f64| self.levels(alpha, look)[look];
        let (mut low, mut high) = (p.ln(), 0.0f64);
        if level(1.0) < p {
            return 1.0;
        }
        while high - low > 1e-7 {
            let middle = f64::midpoint(low, high);
            if level(middle.exp()) < p { low = middle } else { high = middle }
        }
        high.exp()
    }
}

/// The grid of `√n |ψ|` at one look.
struct Grid {
    n: f64,
    width: f64,
    /// The probability beyond the lower edge of each cell, and 0 at the end.
    tails: Vec<f64>,
}

impl Grid {
    fn new(seeds: usize) -> Self {
        let n = seeds as f64;
        // Beyond 9 there is nothing, as beyond nine standard deviations.
        let top = (n.sqrt() * std::f64::consts::FRAC_PI_2).min(9.0);
        let mut grid = Self { n, width: top / CELLS as f64, tails: vec![0.0; CELLS + 1] };
        for cell in 0..CELLS {
            grid.tails[cell] = grid.tail(cell as f64 * grid.width);
        }
        grid
    }

    /// The probability, without effect, of a value beyond `x` on either side.
    fn tail(&self, x: f64) -> f64 {
        let t = (self.n - 1.0).sqrt() * (x / self.n.sqrt()).tan();
        2.0 * student::upper_tail(t.max(0.0), self.n as usize - 1)
    }

    /// The bound beyond which what has not `crossed` before has this probability.
    fn bound(&self, crossed: &[f64; CELLS], probability: f64) -> f64 {
        let (mut low, mut high) = (0.0, self.width * CELLS as f64);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            let new = self.tail(middle) - beyond(crossed, middle / self.width);
            if new > probability { low = middle } else { high = middle }
        }
        high
    }

    /// All that lies beyond `bound` has crossed.
    fn cross(&self, crossed: &mut [f64; CELLS], bound: f64) {
        for (cell, mass) in crossed.iter_mut().enumerate() {
            let inside = bound / self.width - cell as f64;
            if inside <= 0.0 {
                *mass = self.tails[cell] - self.tails[cell + 1];
            } else if inside < 1.0 {
                *mass = *mass * inside + self.tail(bound) - self.tails[cell + 1];
            }
        }
    }

    /// The cosine at the middle of a cell.
    fn cosine(&self, cell: usize) -> f64 {
        ((cell as f64 + 0.5) * self.width / self.n.sqrt()).sin()
    }
}

/// The mass beyond `position`, counted in cells.
fn beyond(crossed: &[f64; CELLS], position: f64) -> f64 {
    let cell = (position as usize).min(CELLS - 1);
    let part = (cell as f64 + 1.0 - position).clamp(0.0, 1.0);
    part * crossed[cell] + crossed[cell + 1..].iter().sum::<f64>()
}

fn carried(crossed: &[f64; CELLS], step: &[[f64; CELLS]]) -> [f64; CELLS] {
    let mut after = [0.0; CELLS];
    for (mass, row) in crossed.iter().zip(step).filter(|(mass, _)| **mass > 0.0) {
        after.iter_mut().zip(row).for_each(|(after, share)| *after += mass * share);
    }
    after
}

/// Where the mass of each cell goes from one look to the next.
fn step(from: &Grid, to: &Grid) -> Vec<[f64; CELLS]> {
    let m = to.n - from.n;
    let middles = |count: usize| (0..count).map(move |index| (index as f64 + 0.5) / count as f64);
    let ratios: Vec<f64> = middles(RATIOS).map(|p| inv_beta_reg(from.n / 2.0, m / 2.0, p)).collect();
    let directions: Vec<f64> = if m < 1.5 {
        vec![1.0]
    } else {
        middles(DIRECTIONS).map(|p| inv_beta_reg(0.5, (m - 1.0) / 2.0, p).sqrt()).collect()
    };
    let share = 0.5 / (ratios.len() * directions.len()) as f64;
    let row = |cell: usize| {
        let mut row = [0.0; CELLS];
        let u = from.cosine(cell);
        for r in &ratios {
            let old = u * (from.n * r).sqrt();
            for v in &directions {
                let new = v * (m * (1.0 - r)).sqrt();
                for sum in [old + new, old - new] {
                    let angle = (sum.abs() / to.n.sqrt()).min(1.0).asin();
                    // Shared between the two nearest middles, so that means stay where they are.
                    let position = (angle * to.n.sqrt() / to.width - 0.5).clamp(0.0, (CELLS - 1) as f64);
                    let low = (position as usize).min(CELLS - 2);
                    let part = position - low as f64;
                    row[low] += share * (1.0 - part);
                    row[low + 1] += share * part;
                }
            }
        }
        row
    };
    (0..CELLS).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulated::{Generator, luck, share};
    use crate::stats::summary::Running;

    fn levels(seeds: &[usize], alpha: f64) -> Vec<f64> {
        Chain::new(seeds).levels(alpha, seeds.len() - 1)
    }

    #[test]
    fn with_many_seeds_the_bounds_are_the_printed_ones() {
        // Reboussin, DeMets, Kim and Lan's program (2000, Controlled Clinical Trials 21), five equal steps, and two.
        let printed: [&[f64]; 2] = [&[4.8769, 3.3569, 2.6803, 2.2898, 2.0310], &[2.9626, 1.9686]];
        for bounds in printed {
            let seeds: Vec<usize> = (1..=bounds.len()).map(|look| 20_000 * look).collect();
            for (level, bound) in levels(&seeds, 0.05).iter().zip(bounds) {
                let z = normal::upper_quantile(level / 2.0);
                assert!((z - bound).abs() < 2e-3, "{z} {bound}");
            }
        }
    }

    #[test]
    fn one_look_is_the_whole_level() {
        assert_eq!(levels(&[8], 0.05), [0.05]);
        assert_eq!(Chain::new(&[8]).overall(0.03, 0), 0.03);
    }

    #[test]
    fn the_repeated_p_value_is_five_percent_exactly_at_the_level_and_grows_with_p() {
        for seeds in [&[4, 8, 16][..], &[5, 8, 12, 16], &[6, 12]] {
            let chain = Chain::new(seeds);
            for alpha in [0.01, 0.05, 0.1] {
                for (look, level) in levels(seeds, alpha).into_iter().enumerate() {
                    let overall = chain.overall(level, look);
                    assert!((overall / alpha - 1.0).abs() < 1e-4, "{seeds:?} {look}: {overall}");
                }
            }
            for look in 0..seeds.len() {
                let overall: Vec<f64> =
                    (1..12).map(|step| chain.overall(f64::from(step) / 12.0, look)).collect();
                assert!(overall.windows(2).all(|pair| pair[0] <= pair[1]), "{overall:?}");
            }
        }
    }

    #[test]
    fn planned_looks_err_in_five_percent_where_unplanned_ones_err_in_fifteen() {
        // S6, for normal differences without effect.
        let mut random = Generator::new(1983);
        let trials = 200_000;
        for seeds in [&[4, 8, 16][..], &[3, 5, 8, 16], &[5, 8, 12, 16], &[3, 4, 5, 6, 7, 8]] {
            let bounds = |levels: Vec<f64>| -> Vec<f64> {
                let bound = |(level, n): (f64, &usize)| student::upper_quantile(level / 2.0, n - 1);
                levels.into_iter().zip(seeds).map(bound).collect()
            };
            let planned = bounds(levels(seeds, 0.05));
            let naive = bounds(vec![0.05; seeds.len()]);
            let mut naively = 0;
            let wrong = share(trials, || {
                let (mut running, mut crossed) = (Running::default(), [false; 2]);
                for (look, &n) in seeds.iter().enumerate() {
                    (running.n()..n).for_each(|_| running.push(random.normal()));
                    let t = (running.mean() / running.std().unwrap() * (n as f64).sqrt()).abs();
                    crossed[0] |= t > planned[look];
                    crossed[1] |= t > naive[look];
                }
                naively += usize::from(crossed[1]);
                crossed[0]
            });
            assert!((wrong - 0.05).abs() < luck(0.05, trials), "{seeds:?}: {wrong}");
            let naively = naively as f64 / trials as f64;
            assert!(naively > 0.10, "{seeds:?}: {naively}");
            if seeds == [3, 5, 8, 16] {
                assert!((naively - 0.145).abs() < 0.005, "{naively}"); // the review's own simulation
            }
        }
    }
}
