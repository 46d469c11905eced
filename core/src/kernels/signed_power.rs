//! A power of the size of each number, measured by the largest of its example; signs stay.
//!
//! ```text
//! m = max |z| over one example        r = |z| / m        y = sign(z) · m · φ(r),  φ(r) = r^ε
//! ```
//!
//! The derivative of `r^ε` grows without bound towards 0. Below `r = 10⁻⁴` φ is therefore the line from 0 to the
//! power's value there, `r · (10⁻⁴)^(ε−1)`, which keeps the derivative at 6·10³ or less for ε from 0.05 to 1.
//!
//! ```text
//! ∂zᵢ = ∂yᵢ φ'(rᵢ)  +  for the largest only: sign(zᵢ) Σⱼ ∂yⱼ sign(zⱼ) (φ(rⱼ) − rⱼ φ'(rⱼ))
//! ```

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::prelude::*;

/// Where the power gives way to a line.
pub const FLOOR: f32 = 1e-4;

/// Keeps an example of zeros from being divided by zero.
const TINY: f32 = 1e-30;

/// `sign(z) m (|z| / m)^ε` for each example.
///
/// # Shapes
/// - `z`, result: `[R, B·N, D]`, N = `tokens` rows each example
pub fn signed_power(z: Tensor<3>, tokens: usize, exponent: f32) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::signed_power(z.into_dispatch(), tokens, exponent))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait SignedPowerOps: Backend {
    #[fusion(dtype = z, shape = z)]
    fn signed_power(z: FloatTensor<Self>, tokens: usize, exponent: f32) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait SignedPowerGradients: Backend {
    /// `∂z` from z, y and `∂y`
    #[fusion(dtype = z, shape = z)]
    fn signed_power_input(
        z: FloatTensor<Self>,
        y: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        tokens: usize,
        exponent: f32,
    ) -> FloatTensor<Self>;
}

impl<B: Backend + SignedPowerOps + SignedPowerGradients, C: CheckpointStrategy> SignedPowerOps
    for Autodiff<B, C>
{
    fn signed_power(z: FloatTensor<Self>, tokens: usize, exponent: f32) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [z],
            |[z], wanted| {
                let kept = wanted.then(|| z.clone());
                let y = B::signed_power(z, tokens, exponent);
                (kept.map(|z| (z, y.clone(), tokens, exponent)), y)
            },
            |(z, y, tokens, exponent), grad, _| [Some(B::signed_power_input(z, y, grad, tokens, exponent))],
        )
    }
}

/// The largest size of `count` numbers from `start`, and where it is first.
#[cube]
fn peak(z: &[f32], start: usize, count: usize) -> (f32, usize) {
    let mut largest = f32::new(TINY);
    let mut place = start;
    for i in start..start + count {
        let size = z[i].abs();
        if size > largest {
            largest = size;
            place = i;
        }
    }
    (largest, place)
}

/// One thread a row; it looks for the largest number of its example itself.
#[cube(launch_unchecked)]
fn power_kernel(
    z: &[f32],
    y: &mut [f32],
    units: usize,
    exponent: f32,
    slope: f32,
    tokens: usize,
    columns: usize,
) {
    end_beyond(units);
    let (largest, _) = peak(z, ABSOLUTE_POS / tokens * tokens * columns, tokens * columns);
    let row = ABSOLUTE_POS * columns;
    for i in row..row + columns {
        let ratio = z[i].abs() / largest;
        let mut factor = slope;
        if ratio >= FLOOR {
            factor = ratio.powf(exponent - 1.0);
        }
        y[i] = z[i] * factor;
    }
}

/// One thread a row; the one whose row has the example's largest number adds up what comes by way of it.
#[cube(launch_unchecked)]
fn power_input_kernel(
    z: &[f32],
    y: &[f32],
    grad: &[f32],
    dz: &mut [f32],
    units: usize,
    exponent: f32,
    slope: f32,
    tokens: usize,
    columns: usize,
) {
    end_beyond(units);
    let start = ABSOLUTE_POS / tokens * tokens * columns;
    let (largest, place) = peak(z, start, tokens * columns);
    let row = ABSOLUTE_POS * columns;
    for i in row..row + columns {
        let ratio = z[i].abs() / largest;
        let mut derivative = slope;
        if ratio >= FLOOR {
            derivative = exponent * ratio.powf(exponent - 1.0);
        }
        dz[i] = grad[i] * derivative;
    }
    if place >= row && place < row + columns && largest > TINY {
        let mut sum = 0.0f32;
        for i in start..start + tokens * columns {
            if z[i].abs() / largest >= FLOOR {
                sum += grad[i] * y[i];
            }
        }
        dz[place] += (1.0 - exponent) * sum / z[place];
    }
}

/// φ's slope below the floor.
fn slope(exponent: f32) -> f32 {
    FLOOR.powf(exponent - 1.0)
}

impl SignedPowerOps for CubeBackend {
    fn signed_power(z: CubeTensor, tokens: usize, exponent: f32) -> CubeTensor {
        let z = contiguous(z);
        let [r, m, d] = z.shape().dims();
        let y = empty(&z, z.shape());
        launch!(power_kernel, r * m, [z], [y], [exponent, slope(exponent), tokens, d]);
        y
    }
}

impl SignedPowerGradients for CubeBackend {
    fn signed_power_input(
        z: CubeTensor,
        y: CubeTensor,
        grad: CubeTensor,
        tokens: usize,
        exponent: f32,
    ) -> CubeTensor {
        let (z, y, grad) = (contiguous(z), contiguous(y), contiguous(grad));
        let [r, m, d] = z.shape().dims();
        let dz = empty(&z, z.shape());
        launch!(power_input_kernel, r * m, [z, y, grad], [dz], [exponent, slope(exponent), tokens, d]);
        dz
    }
}

/// The largest size, and where it is first.
fn largest(z: &[f32]) -> (f32, usize) {
    z.iter().enumerate().fold(
        (TINY, 0),
        |found, (place, z)| {
            if z.abs() > found.0 { (z.abs(), place) } else { found }
        },
    )
}

impl SignedPowerOps for Flex {
    fn signed_power(z: FlexTensor, tokens: usize, exponent: f32) -> FlexTensor {
        let shape = z.shape();
        let mut values = Values::of(&z).to_vec();
        for example in values.chunks_exact_mut(tokens * shape[2]) {
            let (largest, _) = largest(example);
            for z in example {
                let ratio = z.abs() / largest;
                *z *= if ratio >= FLOOR { libm::powf(ratio, exponent - 1.0) } else { slope(exponent) };
            }
        }
        tensor(values, shape)
    }
}

impl SignedPowerGradients for Flex {
    fn signed_power_input(
        z: FlexTensor,
        y: FlexTensor,
        grad: FlexTensor,
        tokens: usize,
        exponent: f32,
    ) -> FlexTensor {
        let shape = z.shape();
        let size = tokens * shape[2];
        let (z, y, grad) = (&Values::of(&z)[..], &Values::of(&y)[..], &Values::of(&grad)[..]);
        let mut dz = vec![0.0; z.len()];
        for start in (0..z.len()).step_by(size) {
            let (largest, place) = largest(&z[start..start + size]);
            let mut sum = 0.0;
            for i in start..start + size {
                let ratio = z[i].abs() / largest;
                if ratio >= FLOOR {
                    dz[i] = grad[i] * exponent * libm::powf(ratio, exponent - 1.0);
                    sum += grad[i] * y[i];
                } else {
                    dz[i] = grad[i] * slope(exponent);
                }
            }
            if largest > TINY {
                dz[start + place] += (1.0 - exponent) * sum / z[start + place];
            }
        }
        tensor(dz, shape)
    }
}
