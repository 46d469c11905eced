//! Equilibration: rows of weights divided by their norms.
//!
//! Weight Conditioning for Smooth Optimization of Neural Networks (Saratchandran, Wang, Lucey; ECCV 2024, arXiv
//! 2409.03424). With one row of `W` for each output, layer k computes
//!
//! ```text
//! F_k = φ(E(W_k) W_k F_{k−1} + b_k)        E(W) = diag(1/‖W_1‖, …, 1/‖W_m‖)
//! ```
//!
//! `W` stays what is trained, `E` is found anew at every step. `κ(E W)` is at most √m times that of the best diagonal
//! scaling (van der Sluis 1969). The paper names columns, and rows and then columns, too: `W D` and `E W D` with the norms
//! of the inputs.
//!
//! Not certain: the paper's body was not at hand, only its abstract and two restatements. Whether its gradient flows
//! through `E` is unknown (here it does, and a choice stops it), as is whether it conditions the last layer (here: yes in a
//! coordinate network, no in a classifier, whose head starts at zero).

use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, choice, fields, named};
use crate::surroundings::Surroundings;

fields! {
    /// Rows divided by their norms (Weight Conditioning, arXiv 2409.03424).
    #[derive(Copy)]
    pub struct Equilibrated as "equilibrated", "Equilibrated" {
        /// Which norms are made equal.
        axis: Axis = Axis::Row, named("Equilibrated", Before("equilibrated "));
        /// What the norms are afterwards.
        scale: Scale = Scale::Unit, named("Norms become", Before("norms "));
        /// At every step, or once.
        when: When = When::Always, named("When", Before("equilibrated "));
        /// Whether the gradient knows of the division by the norms.
        gradient: Gradient = Gradient::Through, named("Gradient", Before("gradient "));
    }
}

choice! {
    /// Which norms are made equal.
    pub enum Axis {
        /// The weights of one output.
        Row: "row", "Rows";
        /// The weights of one input.
        Column: "column", "Columns";
        /// First outputs, then inputs.
        Both: "both", "Rows, then columns";
    }
}

choice! {
    /// The norms afterwards.
    pub enum Scale {
        /// As in the paper.
        Unit: "unit", "1";
        /// The root mean square of the first norms, so that the scale is that of plain weights.
        Initial: "initial", "As at the start";
    }
}

choice! {
    /// When equilibration happens.
    pub enum When {
        /// As in the paper.
        Always: "always", "At every step";
        /// Once; plain training after that.
        Start: "start", "At the start only";
    }
}

choice! {
    /// Whether the gradient flows through the norms.
    pub enum Gradient {
        /// The gradient knows of the division.
        Through: "through", "Through the norms";
        /// The norms count as constants.
        Stopped: "stopped", "Past the norms";
    }
}

impl Room for Equilibrated {
    fn words(&self) -> String {
        let name = match self.axis {
            Axis::Row => "row-equilibrated",
            Axis::Column => "column-equilibrated",
            Axis::Both => "row- and column-equilibrated",
        };
        let mut details = Vec::new();
        if self.scale == Scale::Initial {
            details.push("scale-matched".to_owned());
        }
        if self.when == When::Start {
            details.push("at the start only".to_owned());
        }
        if self.gradient == Gradient::Stopped {
            details.push("stopped gradient".to_owned());
        }
        crate::techniques::with_details(name, &details)
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        super::rule_of_norms(here, problems);
    }
}

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::Device;

    use super::{Axis, Equilibrated, Gradient, Scale, When};
    use crate::kernels::{LineMap, Lines};
    use crate::parameters::Builder;
    use crate::techniques::weights::lines::{Along, FIXED, Length, MappedLines, Pass, rest};
    use crate::techniques::weights::{Made, WeightTechnique};

    impl WeightTechnique for Equilibrated {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            let passes = self.passes(builder);
            if self.when == When::Start {
                passes.iter().for_each(|pass| pass.apply(builder));
                return Ok(None);
            }
            let rest = rest(builder.layout());
            let upload = |pass: Pass| Lines::new(&pass.lines, &pass.lengths, None, &rest, device);
            let map = LineMap { stopped: self.gradient == Gradient::Stopped, ..FIXED };
            Ok(Some(Box::new(MappedLines { passes: passes.into_iter().map(upload).collect(), map })))
        }
    }

    impl Equilibrated {
        /// One pass for each axis; all but the last give norms of 1.
        fn passes(&self, builder: &mut Builder) -> Vec<Pass> {
            let length = match self.scale {
                Scale::Unit => Length::Unit,
                Scale::Initial => Length::Initial,
            };
            match self.axis {
                Axis::Row => vec![Pass::new(builder, Along::Outputs, length)],
                Axis::Column => vec![Pass::new(builder, Along::Inputs, length)],
                Axis::Both => {
                    vec![
                        Pass::new(builder, Along::Outputs, Length::Unit),
                        Pass::new(builder, Along::Inputs, length),
                    ]
                }
            }
        }
    }
}
