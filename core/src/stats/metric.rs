//! A number by which runs are compared.

use serde::{Deserialize, Serialize};

use super::Unit;
use crate::fields::choice;
use crate::plain::read_by_serde;

read_by_serde!(Metric);

choice! {
    /// A number that an evaluation on the test split yields, one for each replica.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Metric {
        /// Share of right answers on the test split.
        Accuracy: "accuracy", "Accuracy";
        /// Share of the test sequences of which every answer is right.
        ExactMatch: "exact-match", "Exact match";
        /// Mean cross-entropy on the test split, in nats; of a picture or a matrix, mean squared
        /// error.
        Loss: "loss", "Loss";
        /// Peak signal-to-noise ratio of the whole picture, in dB.
        Psnr: "psnr", "PSNR";
        /// ‖W − T‖ / ‖T‖ of a matrix W that should be T, in the Frobenius norm.
        RelativeError: "relative-error", "Relative error";
    }
}

impl Metric {
    /// The word for it within a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::ExactMatch => "exact match",
            Self::Loss => "loss",
            Self::Psnr => "PSNR",
            Self::RelativeError => "relative error",
        }
    }

    /// Whether a larger value is the better one.
    pub fn higher_is_better(self) -> bool {
        self.measure(1).direction == super::Direction::HigherIsBetter
    }

    /// A value as people write it: "97.1 %", "0.532", "24.10 dB".
    pub fn written(self, value: f64) -> String {
        match self {
            Self::Loss | Self::RelativeError => format!("{value:.3}"),
            Self::Psnr => format!("{value:.2} dB"),
            _ => format!("{:.1} %", 100.0 * value),
        }
    }

    /// How its values are printed.
    pub fn unit(self) -> Unit {
        match self {
            Self::Accuracy | Self::ExactMatch => Unit::POINTS,
            Self::Loss => Unit { name: "nats", scale: 1.0 },
            Self::Psnr => Unit { name: "dB", scale: 1.0 },
            Self::RelativeError => Unit::NONE,
        }
    }
}
