//! What was measured inside the networks, in bounded memory: summed up over the seeds at once, and thinned where it
//! becomes too much.
//!
//! A variant keeps at most [`MOST`] measurements: when there are more, every second one is dropped, but never the first
//! and the last. Singular values are the bulk of them, and go earlier ([`NUMBERS`]): κ, norms and ranks stay. Attention
//! maps are kept of the first and of the newest measurement.

use kappa_core::probes::report::{AttentionMap, ProbeReport};
use kappa_core::probes::summary::{Summary, summarize};

use super::Point;

/// Measurements of a variant that are kept, at most.
const MOST: usize = 128;
/// Singular values of a variant that are kept, at most.
const NUMBERS: usize = 300_000;
/// Attention weights of one measurement, at most, for two of them to be kept.
const WEIGHTS: usize = 400_000;

/// One measurement of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed {
    /// Steps done.
    pub step: u32,
    /// Every matrix.
    pub matrices: Vec<Summary>,
    /// The largest and the smallest curvature of the loss, if they were measured.
    pub curvature: Option<[Point; 2]>,
}

impl Probed {
    /// The measurement of a report.
    pub fn new(step: u32, report: &ProbeReport) -> Self {
        let x = f64::from(step);
        let curvature = (!report.curvatures.is_empty()).then(|| {
            [
                Point::of(x, report.curvatures.iter().map(|one| one.largest)),
                Point::of(x, report.curvatures.iter().map(|one| one.smallest)),
            ]
        });
        Self { step, matrices: summarize(report), curvature }
    }

    fn numbers(&self) -> usize {
        self.matrices.iter().map(|matrix| matrix.singular_values.len()).sum()
    }

    /// Whether the singular values are still there.
    pub fn has_spectra(&self) -> bool {
        self.matrices.iter().any(|matrix| !matrix.singular_values.is_empty())
    }
}

/// The measurements of one variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    probes: Vec<Probed>,
    /// Attention maps with their step: the first and the newest.
    maps: Vec<(u32, Vec<AttentionMap>)>,
    /// Measurements that were taken, and the milliseconds that they took.
    taken: (u32, f64),
    /// Grows with every change.
    version: u32,
}

impl History {
    /// Measurements of a recorded run: how many, and what one took on average in milliseconds.
    pub fn recorded(probes: Vec<Probed>, maps: Vec<(u32, AttentionMap)>, milliseconds: f64) -> Self {
        let taken = (probes.len() as u32, probes.len() as f64 * milliseconds);
        let step = maps.first().map(|(step, _)| *step);
        let maps = step.map(|step| (step, maps.into_iter().map(|(_, map)| map).collect()));
        Self { probes, taken, version: 1, maps: maps.into_iter().collect() }
    }

    /// Adds a measurement; those at its step and after it are replaced.
    pub fn push(&mut self, step: u32, report: ProbeReport) {
        self.keep(|at| at < step);
        self.taken.0 += 1;
        self.taken.1 += f64::from(report.milliseconds);
        self.version += 1;
        self.probes.push(Probed::new(step, &report));
        self.thin();
        if !report.attention.is_empty() {
            let size = |maps: &[AttentionMap]| maps.iter().map(|map| map.weights.len()).sum::<usize>();
            let keep_first = size(&report.attention) <= WEIGHTS;
            self.maps.truncate(usize::from(keep_first));
            self.maps.push((step, report.attention));
        }
    }

    /// Forgets what came after `step`: training went back to a checkpoint.
    pub fn rewind(&mut self, step: u32) {
        self.keep(|at| at <= step);
        self.version += 1;
    }

    fn keep(&mut self, keeps: impl Fn(u32) -> bool) {
        self.probes.retain(|probed| keeps(probed.step));
        self.maps.retain(|(at, _)| keeps(*at));
    }

    fn thin(&mut self) {
        if self.probes.len() > MOST {
            let last = self.probes.len() - 1;
            let mut index = 0..;
            self.probes.retain(|_| index.next().is_some_and(|at: usize| at.is_multiple_of(2) || at == last));
        }
        while self.probes.iter().map(Probed::numbers).sum::<usize>() > NUMBERS {
            let with: Vec<usize> =
                (0..self.probes.len()).filter(|index| self.probes[*index].has_spectra()).collect();
            // Of two, the newest stays; of one, it is what there is.
            let drop: Vec<usize> = match with.as_slice() {
                [] | [_] => return,
                [first, _] => vec![*first],
                [_, between @ .., _] => between.iter().copied().step_by(2).collect(),
            };
            for index in drop {
                self.probes[index].matrices.iter_mut().for_each(|matrix| matrix.singular_values = Vec::new());
            }
        }
    }

    /// The measurements that are kept, in the order of their steps.
    pub fn probes(&self) -> &[Probed] {
        &self.probes
    }

    /// The measurement at this step, or the last one before it.
    pub fn at(&self, step: u32) -> Option<&Probed> {
        self.probes.iter().rev().find(|probed| probed.step <= step)
    }

    /// Attention maps of the first and of the newest measurement; of one only, if they are the same or too large.
    pub fn maps(&self) -> &[(u32, Vec<AttentionMap>)] {
        &self.maps
    }

    /// Measurements that were taken, and the milliseconds that they took together.
    pub fn taken(&self) -> (u32, f64) {
        self.taken
    }

    /// A number that changes whenever there is something else to draw.
    pub fn version(&self) -> u32 {
        self.version
    }
}

#[cfg(test)]
mod tests {
    use kappa_core::probes::report::{Curvature, Quantity, Spectrum};

    use super::*;

    fn report(matrices: usize, values: usize, tokens: usize) -> ProbeReport {
        let spectrum = |index| Spectrum {
            quantity: Quantity::Weight,
            name: format!("blocks.{index}.mlp.up.weight"),
            head: None,
            samples: 1,
            replica: 0,
            singular_values: vec![1.0; values],
            condition_number: 1.0,
            stable_rank: 1.0,
            frobenius_norm: 1.0,
            numerical_rank: values,
        };
        let map = AttentionMap { block: 0, head: 0, replica: 0, tokens, weights: vec![0.5; tokens * tokens] };
        ProbeReport {
            spectra: (0..matrices).map(spectrum).collect(),
            attention: vec![map],
            milliseconds: 2.0,
            ..ProbeReport::default()
        }
    }

    fn steps(history: &History) -> Vec<u32> {
        history.probes().iter().map(|probed| probed.step).collect()
    }

    #[test]
    fn a_long_run_keeps_a_bounded_number_of_measurements_with_both_ends() {
        let mut history = History::default();
        (0..10_000).for_each(|index| history.push(index * 5, report(1, 4, 2)));
        assert!((MOST / 2..=MOST).contains(&history.probes().len()), "{}", history.probes().len());
        assert_eq!((steps(&history)[0], *steps(&history).last().unwrap()), (0, 49_995));
        assert_eq!(history.taken(), (10_000, 20_000.0));
    }

    #[test]
    fn many_singular_values_go_and_their_summaries_stay() {
        let mut history = History::default();
        (0..20).for_each(|index| history.push(index, report(10, 4_000, 2)));
        let with: Vec<u32> =
            history.probes().iter().filter(|probed| probed.has_spectra()).map(|probed| probed.step).collect();
        assert!(with.len() <= NUMBERS / 40_000 && with[0] == 0 && with.last() == Some(&19), "{with:?}");
        assert_eq!(history.probes().len(), 20);
        assert_eq!(history.probes()[7].matrices[9].condition_number.mean, 1.0);

        let mut huge = History::default();
        (0..3).for_each(|index| huge.push(index, report(1, NUMBERS + 1, 2)));
        assert_eq!(huge.probes().iter().map(Probed::has_spectra).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn maps_are_kept_of_the_first_and_the_newest_measurement_unless_they_are_large() {
        let kept = |tokens| {
            let mut history = History::default();
            (0..4).for_each(|index| history.push(index, report(0, 0, tokens)));
            history.maps().iter().map(|(step, _)| *step).collect::<Vec<_>>()
        };
        assert_eq!(kept(8), [0, 3]);
        assert_eq!(kept(800), [3]);
    }

    #[test]
    fn what_is_measured_again_after_a_recovery_stands_there_once() {
        let mut history = History::default();
        [0, 10, 20].into_iter().for_each(|step| history.push(step, report(1, 2, 2)));
        history.rewind(15);
        assert_eq!(steps(&history), [0, 10]);
        history.push(10, report(1, 2, 2));
        history.push(20, report(1, 2, 2));
        assert_eq!((steps(&history), history.at(19).unwrap().step), (vec![0, 10, 20], 10));
        history.push(0, report(1, 2, 2));
        assert_eq!((steps(&history), history.maps().len()), (vec![0], 1));
    }

    #[test]
    fn curvatures_are_means_over_the_seeds() {
        let curvature = |replica, largest| Curvature { replica, largest, smallest: -1.0, steps: 20 };
        let report =
            ProbeReport { curvatures: vec![curvature(0, 2.0), curvature(1, 6.0)], ..ProbeReport::default() };
        let [largest, smallest] = Probed::new(5, &report).curvature.unwrap();
        assert_eq!((largest.mean, largest.n, smallest.mean), (4.0, 2, -1.0));
        assert!(Probed::new(5, &ProbeReport::default()).curvature.is_none());
    }
}
