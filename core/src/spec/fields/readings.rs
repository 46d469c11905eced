//! How a tagged field reads as a whole: in the name of a variant and in a table.

use super::super::experiment::{
    Activation, Axis, ImpulseTarget, ImpulseValues, Initialization, NormGradient, Place, RowScale, Tokens,
    Transform, Weights, When,
};

/// "x³ / √N", "x³ / 216", "softmax".
pub(super) fn activation(activation: &Activation) -> String {
    let Activation::Polynomial { power, scale } = activation else {
        return "softmax".to_owned();
    };
    let raised = match power {
        1 => "x",
        2 => "x²",
        3 => "x³",
        4 => "x⁴",
        5 => "x⁵",
        6 => "x⁶",
        _ => return format!("{scale:?} x^{power}"),
    };
    let divisor = 1.0 / scale;
    if *scale == 0.0 {
        format!("{raised} / √N")
    } else if *scale == 1.0 {
        raised.to_owned()
    } else if divisor.round() >= 2.0 && 1.0 / divisor.round() == *scale {
        format!("{raised} / {}", divisor.round())
    } else {
        format!("{scale:?} {raised}")
    }
}

/// "plain", "conditioned", "DCT-grayed (ε 0.7)".
pub(super) fn tokens(tokens: &Tokens) -> String {
    match tokens {
        Tokens::Plain => "plain".to_owned(),
        Tokens::Conditioned { strength, iterations } => {
            let mut text = if *strength == 1.0 {
                "conditioned".to_owned()
            } else {
                format!("{strength:?} C conditioned")
            };
            match iterations {
                9 => {}
                0 => text += " (exact)",
                n => text += &format!(" ({n} iterations)"),
            }
            text
        }
        Tokens::Graying { transform, exponent, place } => {
            let name = match transform {
                Transform::Dct => "DCT",
                Transform::Svd => "SVD",
            };
            let after = if *place == Place::Embedding { ", embedded" } else { "" };
            format!("{name}-grayed (ε {exponent:?}{after})")
        }
    }
}

/// "Xavier", "mimetic", "structured".
pub(super) fn initialization(initialization: &Initialization) -> String {
    match initialization {
        Initialization::Xavier => "Xavier".to_owned(),
        Initialization::Pytorch => "PyTorch".to_owned(),
        Initialization::Kaiming => "Kaiming".to_owned(),
        Initialization::TruncatedNormal { deviation } => format!("truncated normal ({deviation:?})"),
        Initialization::Mimetic => "mimetic".to_owned(),
        Initialization::Impulse { target, kernel, mass, rank, values } => {
            let mut details = Vec::new();
            if *kernel != 3 {
                details.push(format!("{kernel}×{kernel}"));
            }
            if *mass != 0.7 {
                details.push(format!("sharpness {mass:?}"));
            }
            if *rank != 0 {
                details.push(format!("rank {rank}"));
            }
            if *values == ImpulseValues::Xavier {
                details.push("Xavier values".to_owned());
            }
            let name = if *target == ImpulseTarget::Shift { "structured" } else { "scrambled" };
            with_details(name, &details)
        }
    }
}

/// "plain", "row-equilibrated", "weight-normalized".
pub(super) fn weights(weights: &Weights) -> String {
    match weights {
        Weights::Plain => "plain".to_owned(),
        Weights::Equilibrated { axis, scale, when, gradient } => {
            let name = match axis {
                Axis::Row => "row-equilibrated",
                Axis::Column => "column-equilibrated",
                Axis::Both => "row- and column-equilibrated",
            };
            let mut details = Vec::new();
            if *scale == RowScale::Initial {
                details.push("scale-matched".to_owned());
            }
            if *when == When::Start {
                details.push("at the start only".to_owned());
            }
            if *gradient == NormGradient::Stopped {
                details.push("stopped gradient".to_owned());
            }
            with_details(name, &details)
        }
        Weights::Normalized => "weight-normalized".to_owned(),
        Weights::Standardized => "standardized".to_owned(),
        Weights::SpectralNorm => "spectral-norm".to_owned(),
        Weights::Spectral { shift } => format!("spectrally conditioned (λ {shift:?})"),
    }
}

fn with_details(name: &str, details: &[String]) -> String {
    if details.is_empty() { name.to_owned() } else { format!("{name} ({})", details.join(", ")) }
}
