//! Runs that train side by side, step by step, and are read together.

use burn::tensor::{ExecutionError, Transaction};

use super::checkpoint::Outcomes;
use super::run::{LOG_SLOTS, Run};

/// Most steps between two reads.
pub const LARGEST_ADVANCE: u32 = LOG_SLOTS as u32;

/// What a shell wants in the middle of an advance; the later one outweighs those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// Nothing else.
    GoOn,
    /// No further step. The one under way is completed, so that all variants stay at the same step.
    EndStep,
    /// Nothing further at all. The session is over with that, since its variants are at different steps.
    Abandon,
}

/// A run, and what is known of its replicas.
pub(super) struct Lane {
    pub(super) run: Run,
    /// The step at which each replica diverged, and the last evaluation.
    pub(super) outcomes: Outcomes,
    /// Time that preparing steps took since the log was read.
    host_milliseconds: f32,
}

/// What some steps of one lane led to.
pub(super) struct News {
    /// Index of the lane.
    pub(super) lane: usize,
    /// `[i][r]`: of the i-th step, replica r.
    pub(super) losses: Vec<Vec<f32>>,
    /// Of the last step.
    pub(super) gradient_norms: Vec<f32>,
    /// Replicas that diverged in these steps, and at which.
    pub(super) diverged: Vec<(usize, u32)>,
    /// Steps a second.
    pub(super) speed: f32,
    /// What preparing a step took on average.
    pub(super) host_milliseconds: f32,
}

impl Lane {
    pub(super) fn new(run: Run) -> Self {
        let diverged = vec![None; run.seeds.len()];
        Self { run, outcomes: Outcomes { diverged, metrics: Vec::new() }, host_milliseconds: 0.0 }
    }

    /// Step `step`; with `keep`, the parameters before it are kept for a probe.
    fn train(&mut self, step: u32, keep: bool) -> Result<(), ExecutionError> {
        let start = web_time::Instant::now();
        if keep {
            self.run.keep();
        }
        self.run.step(step)?;
        self.host_milliseconds += start.elapsed().as_secs_f32() * 1e3;
        Ok(())
    }

    /// Whether every replica diverged, so that there is nothing left to train.
    fn is_over(&self) -> bool {
        self.outcomes.diverged.iter().all(Option::is_some)
    }
}

/// Steps `first + 1` to `last` of all lanes in turn; `keep(step, run)` says whether a probe will want the parameters before a
/// step. Returns the last step that was done, or `None` if all was abandoned.
pub(super) async fn train(
    lanes: &mut [Lane],
    (first, last): (u32, u32),
    keep: impl Fn(u32, &Run) -> bool,
    between: &mut impl AsyncFnMut() -> Wish,
) -> Result<Option<u32>, ExecutionError> {
    let mut wish = Wish::GoOn;
    let mut done = first;
    while done < last {
        let step = done + 1;
        for (place, lane) in lanes.iter_mut().filter(|lane| !lane.is_over()).enumerate() {
            if place > 0 || done > first {
                wish = wish.max(between().await);
            }
            match wish {
                Wish::EndStep if place == 0 => return Ok(Some(done)),
                Wish::GoOn | Wish::EndStep => {
                    let keep = keep(step, &lane.run);
                    lane.train(step, keep)?;
                }
                Wish::Abandon => return Ok(None),
            }
        }
        done = step;
    }
    Ok(Some(done))
}

/// What the steps after `first` led to, from one read; they began at `start`.
pub(super) async fn read(
    lanes: &mut [Lane],
    first: u32,
    start: web_time::Instant,
) -> Result<Vec<News>, ExecutionError> {
    let mut transaction = Transaction::default();
    let mut read = Vec::new();
    for (index, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| !lane.is_over()) {
        let (log, lines) = lane.run.take_log();
        let host = std::mem::take(&mut lane.host_milliseconds);
        transaction = transaction.register(log);
        read.push((index, lines, host));
    }
    if read.iter().all(|(_, lines, _)| *lines == 0) {
        return Ok(Vec::new());
    }
    let logs = transaction.execute_async().await?;
    // All lanes take turns, so each one's share of the time is the same.
    let seconds = start.elapsed().as_secs_f32() / read.len() as f32;
    let mut news = Vec::new();
    for ((index, lines, host), log) in read.into_iter().zip(logs) {
        let lane = &mut lanes[index];
        let replicas = lane.run.seeds.len();
        let values: Vec<f32> = log.iter::<f32>().take(lines * 2 * replicas).collect();
        let mut diverged = Vec::new();
        for (line, step) in values.chunks_exact(2 * replicas).zip(first + 1..) {
            for replica in 0..replicas {
                let finite = line[replica].is_finite() && line[replicas + replica].is_finite();
                if !finite && lane.outcomes.diverged[replica].is_none() {
                    lane.outcomes.diverged[replica] = Some(step);
                    diverged.push((replica, step));
                }
            }
        }
        news.push(News {
            lane: index,
            losses: values.chunks_exact(2 * replicas).map(|line| line[..replicas].to_vec()).collect(),
            gradient_norms: values[values.len() - replicas..].to_vec(),
            diverged,
            speed: lines as f32 / seconds.max(1e-6),
            host_milliseconds: host / lines.max(1) as f32,
        });
    }
    Ok(news)
}
