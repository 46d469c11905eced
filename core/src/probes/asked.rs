//! What an experiment asks to be measured on the way.

use crate::fields::Phrase::Before;
use crate::fields::{Problems, fields, flag, integer};
use crate::surroundings::Surroundings;

/// Largest tokens × width of which the attention's Jacobian is measured: its side.
pub const MAX_JACOBIAN: u32 = 1024;

/// Most tokens of which the score and attention matrices are measured: singular values cost the cube of it.
pub const MAX_SCORES: usize = 256;

fields! {
    /// What is measured on the way.
    #[derive(Copy, Eq)]
    pub struct Probes {
        /// Steps between measurements inside the networks.
        every: u32 = 0, integer("Probe every", 1, 1_000_000, Before("probed every "))
            .unit("steps").step(10).zero("at the end only");
        /// Measures the singular values of every weight matrix, and so its condition number.
        weights: bool = true, flag("Weight spectra", "weight spectra");
        /// Keeps the attention weights of every head for the first test example.
        attention: bool = true, flag("Attention maps", "attention maps").matters(Surroundings::attends);
        /// Measures the singular values of the tokens that enter each block, over test examples.
        tokens: bool = false, flag("Token spectra", "token spectra").matters(Surroundings::has_tokens);
        /// Measures the singular values and norms of QKᵀ and of the attention matrix, head by head.
        scores: bool = false, flag("Score spectra", "score spectra").matters(Surroundings::attends);
        /// Measures the singular values of what attention and MLP put out, with and without their skips.
        outputs: bool = false, flag("Output spectra", "output spectra").matters(Surroundings::attends);
        /// Measures the singular values of the first attention's derivative by its tokens, exactly; slow.
        jacobian: bool = false, flag("Jacobian", "Jacobian").matters(Surroundings::attends);
        /// Measures the singular values of the last update of every weight matrix.
        updates: bool = false, flag("Update spectra", "update spectra");
        /// Measures the singular values of how far every weight matrix is from where it started: ΔW.
        changes: bool = false, flag("Change spectra", "change spectra");
        /// Estimates the largest and smallest curvature of the loss from differences of gradients, by Lanczos; slow. Where a
        /// network has kinks (ReLU) the differences count those too, and the smallest lies far too low.
        hessian: bool = false, flag("Hessian", "Hessian");
    }
}

impl Probes {
    /// Nothing is measured.
    pub const NONE: Self = Self {
        every: 0,
        weights: false,
        attention: false,
        tokens: false,
        scores: false,
        outputs: false,
        jacobian: false,
        updates: false,
        changes: false,
        hessian: false,
    };

    /// Whether anything is measured.
    pub fn any(&self) -> bool {
        let Self {
            every: _,
            weights,
            attention,
            tokens,
            scores,
            outputs,
            jacobian,
            updates,
            changes,
            hessian,
        } = *self;
        weights || attention || tokens || scores || outputs || jacobian || updates || changes || hessian
    }

    /// What cannot be measured here.
    pub fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        let tokens = here.reading.tokens();
        problems.rule(
            !self.jacobian || here.attends() && tokens * here.width as usize <= MAX_JACOBIAN as usize,
            "jacobian",
            "must be false here: it needs a transformer with tokens × width of at most 1,024",
        );
        problems.rule(
            !self.scores || !here.attends() || tokens <= MAX_SCORES,
            "scores",
            "must be false here: the matrices of more than 256 tokens take too long",
        );
    }
}
