//! What the spatial filters of a ConvMixer start from, and stay if they are frozen.
//!
//! Structured Initialization for Vision Transformers (arXiv 2505.19985) and its first version (arXiv 2401.12511): with
//! the filters frozen at random, the linear layer over channels makes any filter of them, and random impulses serve
//! as well. Scales as in the authors' code, all of the same norm √(1/3), for filters of edge f:
//!
//! ```text
//! random  U ±1/f        impulse  √(1/3) at one random place        box  √(1/(3 f²)) everywhere        bias  U ±1/f
//! ```
//!
//! **Proposition 1** (its statement is known from reviews of arXiv 2404.01139, the two lines of proof are the notes'
//! own). N tokens of rank k are x_d = Σᵢ a_di zᵢ in channel d, and filter d is Σ_b c_db B_b for the f² shifts B_b. Then
//!
//! ```text
//! Σ_d w_jd H_d x_d = Σ_b,i (Σ_d w_jd G_d,bi) B_b zᵢ,   G_d,bi = c_db a_di
//! ```
//!
//! so that every filtered output is in reach of the weights w alone if and only if G has rank k f², for which at least
//! k f² channels are needed. Box filters have c of rank 1, and so G of rank k at most: they fail.
//!
//! The box covers all f² places, as in the authors' `convmixer_*_box` models (`init='box9'` for 3×3, osiriszjq/structured_init,
//! 9c2d0e0). Filters do not follow `model.initialization`.

use crate::fields::choice;
#[cfg(feature = "engine")]
use crate::random::{Stream, fan_in_uniform};

choice! {
    /// The spatial filters.
    pub enum Filters {
        /// Learned, from random numbers.
        Trained: "trained", "Trained";
        /// Random numbers that stay as they are.
        Random: "random", "Random, frozen";
        /// One number that is not zero, √⅓, at a random place of each filter.
        Impulse: "impulse", "Impulse, frozen";
        /// All numbers equal: filters that span one dimension only.
        Box: "box", "Box, frozen";
    }
}

/// First filters of a layer; equal for the same seed and name whether they are trained or not.
///
/// # Shapes
/// - returns `[f², D]`
#[cfg(feature = "engine")]
pub fn filters(kind: Filters, seed: u64, name: &str, kernel: usize, width: usize) -> Vec<f32> {
    let places = kernel * kernel;
    match kind {
        Filters::Trained | Filters::Random => fan_in_uniform(seed, name, places, places * width),
        Filters::Impulse => {
            let mut stream = Stream::new(seed, name);
            let mut values = vec![0.0; places * width];
            for channel in 0..width {
                values[stream.below(places) * width + channel] = libm::sqrt(1.0 / 3.0) as f32;
            }
            values
        }
        Filters::Box => vec![libm::sqrt(1.0 / (3.0 * places as f64)) as f32; places * width],
    }
}

/// First biases of a layer's filters, `[1, D]`.
#[cfg(feature = "engine")]
pub fn filter_biases(seed: u64, name: &str, kernel: usize, width: usize) -> Vec<f32> {
    fan_in_uniform(seed, name, kernel * kernel, width)
}

#[cfg(all(test, feature = "engine"))]
mod tests {
    use nalgebra::DMatrix;

    use super::*;

    /// Rank of G for `width` channels that show tokens of rank `k`.
    fn rank(kind: Filters, kernel: usize, width: usize, k: usize) -> usize {
        let filters = filters(kind, 4, "filters", kernel, width);
        let mut stream = Stream::new(4, "tokens");
        let channels: Vec<f64> = (0..width * k).map(|_| stream.normal()).collect();
        let columns = kernel * kernel * k;
        let khatri_rao = DMatrix::from_fn(width, columns, |d, bi| {
            f64::from(filters[bi / k * width + d]) * channels[d * k + bi % k]
        });
        khatri_rao.rank(1e-9)
    }

    #[test]
    fn random_filters_reach_every_filter_if_and_only_if_there_are_k_f_squared_channels() {
        for (kernel, k) in [(3, 1), (3, 2), (3, 4), (5, 2)] {
            let needed = k * kernel * kernel;
            for width in [needed / 2, needed - 1, needed, needed + 5] {
                assert_eq!(
                    rank(Filters::Random, kernel, width, k),
                    needed.min(width),
                    "{kernel} {k} {width}"
                );
            }
        }
    }

    #[test]
    fn impulse_filters_reach_every_filter_once_each_place_has_k_channels() {
        let (kernel, k) = (3, 2);
        for width in [9, 17, 18, 36, 90] {
            let filters = filters(Filters::Impulse, 4, "filters", kernel, width);
            let used = |place: usize| filters[place * width..][..width].iter().filter(|&&x| x > 0.0).count();
            let wanted: usize = (0..9).map(|place| used(place).min(k)).sum();
            assert_eq!(rank(Filters::Impulse, kernel, width, k), wanted, "{width}");
        }
        assert!(rank(Filters::Impulse, kernel, 17, k) < 18, "never with fewer than k f² channels");
        assert_eq!(rank(Filters::Impulse, kernel, 90, k), 18, "and with a few times as many it is so");
    }

    #[test]
    fn box_filters_reach_one_filter_however_many_channels_there_are() {
        assert_eq!(rank(Filters::Box, 3, 200, 2), 2);
    }

    #[test]
    fn all_kinds_of_filters_have_the_same_norm_on_average() {
        for kind in [Filters::Trained, Filters::Random, Filters::Impulse, Filters::Box] {
            let square: f32 = filters(kind, 1, "filters", 3, 1000).iter().map(|x| x * x).sum();
            assert!((square / 1000.0 - 1.0 / 3.0).abs() < 0.02, "{kind:?}: {}", square / 1000.0);
        }
    }
}
