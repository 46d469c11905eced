//! Weight normalization (Salimans and Kingma, arXiv 1602.07868): direction and length of each row are trained apart.
//!
//! ```text
//! w_i = g_i v_i / ‖v_i‖        g_i trained, at first ‖v_i‖, so that the weights start as they are
//! ```

use crate::fields::{Problems, Room, fields};
use crate::surroundings::Surroundings;

fields! {
    /// Direction and length of each row trained apart (arXiv 1602.07868).
    #[derive(Copy)]
    pub struct Normalized as "normalized", "Weight norm" {}
}

impl Room for Normalized {
    fn words(&self) -> String {
        "weight-normalized".to_owned()
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        super::rule_of_norms(here, problems);
    }
}

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::Device;

    use super::Normalized;
    use crate::kernels::{LineMap, Lines};
    use crate::parameters::Builder;
    use crate::techniques::weights::lines::{Along, FIXED, Length, MappedLines, Pass, lines, norms, rest};
    use crate::techniques::weights::{Made, WeightTechnique};

    impl WeightTechnique for Normalized {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            // The trained lengths, which start as the norms that the matrices have.
            let matrices = builder.layout().conditioned();
            let mut places = Vec::new();
            for matrix in &matrices {
                let first = builder.layout().width();
                let of = |row: &[f32]| {
                    norms(&lines(matrix, Along::Outputs), row).into_iter().map(|x| x as f32).collect()
                };
                let initial = builder.replicas().map(|(_, row)| of(row)).collect();
                builder.add_beside(&format!("{}.length", matrix.name), initial);
                places.extend(first..first + matrix.columns);
            }
            let pass = Pass::new(builder, Along::Outputs, Length::Unit);
            let lines =
                Lines::new(&pass.lines, &pass.lengths, Some(&places), &rest(builder.layout()), device);
            let map = LineMap { trained_length: true, ..FIXED };
            Ok(Some(Box::new(MappedLines { passes: vec![lines], map })))
        }
    }
}
