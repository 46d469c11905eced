//! Positional encoding of places by octaves (NeRF, arXiv 2003.08934, section 5.1, with the place itself as in BARF's
//! code).
//!
//! ```text
//! γ(x) = [x, sin(2⁰πx), cos(2⁰πx), …, sin(2^{L−1}πx), cos(2^{L−1}πx)]        x: all coordinates side by side
//! ```
//!
//! A sine of a large angle is inexact on many GPUs: the angle is first brought between −π and π, which is exact for
//! powers of two. Not differentiated: the places are given.

use std::f32::consts::PI;

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::prelude::*;

/// Places to themselves and sines and cosines of `octaves` frequencies.
///
/// # Shapes
/// - `places`: `[R, M, C]`
/// - returns `[R, M, C · (1 + 2 · octaves)]`
pub fn octaves(places: Tensor<3>, octaves: usize) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::place_octaves(places.into_dispatch(), octaves))
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait OctaveOps: Backend {
    #[fusion(dtype = places, shape = Shape::new([places[0], places[1], places[2] * (1 + 2 * *octaves)]))]
    fn place_octaves(places: FloatTensor<Self>, octaves: usize) -> FloatTensor<Self>;
}

/// One thread for each number of the result.
#[cube(launch_unchecked)]
fn octaves_kernel(
    places: &[f32],
    encoded: &mut [f32],
    units: usize,
    rows: usize,
    stride: usize,
    coordinates: usize,
    features: usize,
) {
    end_beyond(units);
    let feature = ABSOLUTE_POS % features;
    let row = ABSOLUTE_POS / features;
    let mut x = places[row / rows * stride + row % rows * coordinates + feature % coordinates];
    let wave = feature / coordinates;
    if wave > 0 {
        for _ in 0..(wave - 1) / 2 {
            x *= 2.0f32;
        }
        let angle = (x - 2.0f32 * (x * 0.5f32).round()) * PI;
        if wave % 2 == 1 {
            x = angle.sin();
        } else {
            x = angle.cos();
        }
    }
    encoded[ABSOLUTE_POS] = x;
}

impl OctaveOps for CubeBackend {
    fn place_octaves(places: CubeTensor, octaves: usize) -> CubeTensor {
        let (places, stride) = replicas(places);
        let [r, m, c] = places.shape().dims();
        let features = c * (1 + 2 * octaves);
        let encoded = empty(&places, [r, m, features]);
        let units = r * m * features;
        launch!(octaves_kernel, units, [places], [encoded], [m, stride, c, features]);
        encoded
    }
}

impl OctaveOps for Flex {
    fn place_octaves(places: FlexTensor, octaves: usize) -> FlexTensor {
        let [r, m, c] = places.shape().dims();
        let features = c * (1 + 2 * octaves);
        let mut encoded = Vec::with_capacity(r * m * features);
        for place in Values::of(&places).chunks_exact(c) {
            encoded.extend_from_slice(place);
            for octave in 0..octaves {
                let angle = |x: &f32| {
                    let x = x * (1u32 << octave) as f32;
                    (x - 2.0 * (x * 0.5).round()) * PI
                };
                encoded.extend(place.iter().map(|x| libm::sinf(angle(x))));
                encoded.extend(place.iter().map(|x| libm::cosf(angle(x))));
            }
        }
        tensor(encoded, [r, m, features])
    }
}
