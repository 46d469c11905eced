//! All trainable numbers of a replica in one long row, `[R, P]`, and what every optimizer does with such rows.
//!
//! A layer sees views into the row ([`view`]), so an update is three kernels whatever the number of layers: two for
//! the norms, one for the numbers. The gradients are packed into another row, seven tensors a launch (WebGPU grants
//! eight storage buffers at least), and clipped by each replica's own global norm:
//!
//! ```text
//! g ← g · min(1, clip / (‖g‖ + 10⁻⁶))        ‖g‖ over all parameters of one replica
//! ```
//!
//! The 10⁻⁶ is that of PyTorch's `clip_grad_norm_`.

use burn::tensor::Tensor;
use burn_flex::Layout;
use burn_std::Metadata;
use cubecl::prelude::*;

use super::loops::dot;
use super::prelude::*;

/// Gradients packed by one launch.
pub const PACKED: usize = 7;

/// Every parameter begins at a multiple of this many numbers: a WebGPU buffer is bound at multiples of 256 bytes.
pub const ALIGNMENT: usize = 64;

/// A parameter as the layers see it: no copy on the GPU.
///
/// # Shapes
/// - `flat`: `[R, P]`
/// - returns `[R, rows, columns]`, the numbers from `offset` on
pub fn view(flat: Tensor<2>, offset: usize, rows: usize, columns: usize) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::parameter_view(flat.into_dispatch(), offset, rows, columns))
}

/// Copies up to [`PACKED`] gradients to their places in `into`.
///
/// # Shapes
/// - `into`: `[R, P]`
/// - `gradients`: each `[R, rows, columns]`, with its offset
/// - returns `[R, P]`
pub fn pack_gradients(into: Tensor<2>, gradients: Vec<(usize, Tensor<3>)>) -> Tensor<2> {
    assert!((1..=PACKED).contains(&gradients.len()), "one launch packs 1 to {PACKED} gradients");
    // A launch has a fixed number of tensors: the unused places repeat the last one with nothing to copy.
    let sizes: Vec<_> = gradients.iter().map(|(at, g)| (*at, g.dims()[1] * g.dims()[2])).collect();
    let places = std::array::from_fn(|i| sizes.get(i).copied().unwrap_or((0, 0)));
    let last = gradients[gradients.len() - 1].1.clone();
    let mut tensors = gradients.into_iter().map(|(_, gradient)| gradient);
    let [a, b, c, d, e, f, g] =
        std::array::from_fn(|_| tensors.next().unwrap_or_else(|| last.clone()).into_dispatch());
    Tensor::from_dispatch(Dispatch::pack(into.into_dispatch(), a, b, c, d, e, f, g, Places(places)))
}

/// Global gradient norm of each replica.
///
/// # Shapes
/// - `gradients`: `[R, P]`
/// - returns `[R]`
pub fn clip_norms(gradients: Tensor<2>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::row_norms(gradients.into_dispatch()))
}

/// Writes loss and gradient norm of a step into a log that is read every few steps.
///
/// # Shapes
/// - `log`: `[S, 2, R]`
/// - `losses`, `norms`: `[R]`
/// - returns `[S, 2, R]`, line `slot` replaced
pub fn record(log: Tensor<3>, losses: Tensor<1>, norms: Tensor<1>, slot: usize) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::record_step(
        losses.into_dispatch(),
        norms.into_dispatch(),
        log.into_dispatch(),
        slot,
    ))
}

/// Offset and length of each packed gradient.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places([(usize, usize); PACKED]);

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait RowOps: Backend {
    #[fusion(dtype = flat, shape = Shape::new([flat[0], *rows, *columns]))]
    fn parameter_view(
        flat: FloatTensor<Self>,
        offset: usize,
        rows: usize,
        columns: usize,
    ) -> FloatTensor<Self>;

    #[fusion(dtype = into, shape = into)]
    fn pack(
        into: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
        e: FloatTensor<Self>,
        f: FloatTensor<Self>,
        g: FloatTensor<Self>,
        places: Places,
    ) -> FloatTensor<Self>;

    #[fusion(dtype = gradients, shape = Shape::new([gradients[0]]))]
    fn row_norms(gradients: FloatTensor<Self>) -> FloatTensor<Self>;

    #[fusion(dtype = log, shape = log)]
    fn record_step(
        losses: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        log: FloatTensor<Self>,
        slot: usize,
    ) -> FloatTensor<Self>;
}

/// Copies one gradient, where this thread's column lies within it.
#[cube]
fn place<N: Size>(
    into: &mut [Vector<f32, N>],
    gradient: &[Vector<f32, N>],
    row: usize,
    width: usize,
    column: usize,
    start: usize,
    at: usize,
    length: usize,
) {
    if column >= start && column < start + length {
        into[row * width + at + column - start] = gradient[row * length + column - start];
    }
}

/// One thread for each vector of all packed gradients together.
#[cube(launch_unchecked)]
fn pack_kernel<N: Size>(
    a: &[Vector<f32, N>],
    b: &[Vector<f32, N>],
    c: &[Vector<f32, N>],
    d: &[Vector<f32, N>],
    e: &[Vector<f32, N>],
    f: &[Vector<f32, N>],
    g: &[Vector<f32, N>],
    into: &mut [Vector<f32, N>],
    units: usize,
    width: usize,
    total: usize,
    at_a: usize,
    at_b: usize,
    at_c: usize,
    at_d: usize,
    at_e: usize,
    at_f: usize,
    at_g: usize,
    end_a: usize,
    end_b: usize,
    end_c: usize,
    end_d: usize,
    end_e: usize,
    end_f: usize,
) {
    end_beyond(units);
    let column = ABSOLUTE_POS % total;
    let row = ABSOLUTE_POS / total;
    place::<N>(into, a, row, width, column, 0, at_a, end_a);
    place::<N>(into, b, row, width, column, end_a, at_b, end_b - end_a);
    place::<N>(into, c, row, width, column, end_b, at_c, end_c - end_b);
    place::<N>(into, d, row, width, column, end_c, at_d, end_d - end_c);
    place::<N>(into, e, row, width, column, end_d, at_e, end_e - end_d);
    place::<N>(into, f, row, width, column, end_e, at_f, end_f - end_e);
    place::<N>(into, g, row, width, column, end_f, at_g, total - end_f);
}

/// Partial sums that one row is split into.
const SEGMENTS: usize = 256;

/// One thread for each segment of a row.
#[cube(launch_unchecked)]
fn partial_squares_kernel<N: Size>(
    gradients: &[Vector<f32, N>],
    partial: &mut [f32],
    units: usize,
    width: usize,
    #[comptime] segments: usize,
) {
    end_beyond(units);
    let row = ABSOLUTE_POS / segments * width;
    let mut column = ABSOLUTE_POS % segments;
    let mut sum = Vector::<f32, N>::new(0.0);
    while column < width {
        let value = gradients[row + column];
        sum += value * value;
        column += segments;
    }
    partial[ABSOLUTE_POS] = sum.vector_sum();
}

/// One thread a replica.
#[cube(launch_unchecked)]
fn norms_kernel(partial: &[f32], norms: &mut [f32], units: usize, #[comptime] segments: usize) {
    end_beyond(units);
    let mut sum = 0.0f32;
    for s in ABSOLUTE_POS * segments..(ABSOLUTE_POS + 1) * segments {
        sum += partial[s];
    }
    norms[ABSOLUTE_POS] = sum.sqrt();
}

/// What clipping multiplies the gradient of a replica with.
#[cube]
pub(super) fn clipping(norms: &[f32], replica: usize, clip: f32) -> f32 {
    let mut factor = 1.0f32;
    if clip > 0.0 {
        factor = min(1.0f32, clip / (norms[replica] + 1e-6));
    }
    factor
}

/// One thread a replica.
#[cube(launch_unchecked)]
fn record_kernel(losses: &[f32], norms: &[f32], log: &mut [f32], units: usize, slot: usize) {
    end_beyond(units);
    log[slot * 2 * units + ABSOLUTE_POS] = losses[ABSOLUTE_POS];
    log[(slot * 2 + 1) * units + ABSOLUTE_POS] = norms[ABSOLUTE_POS];
}

impl RowOps for CubeBackend {
    fn parameter_view(flat: CubeTensor, offset: usize, rows: usize, columns: usize) -> CubeTensor {
        let shape = flat.shape();
        let meta =
            Metadata::new(Shape::new([shape[0], rows, columns]), burn_std::strides![shape[1], columns, 1]);
        let handle = flat.handle.offset_start((offset * size_of::<f32>()) as u64);
        CubeTensor::new(flat.client, handle, meta, flat.device, flat.dtype)
    }

    fn pack(
        into: CubeTensor,
        a: CubeTensor,
        b: CubeTensor,
        c: CubeTensor,
        d: CubeTensor,
        e: CubeTensor,
        f: CubeTensor,
        g: CubeTensor,
        Places(places): Places,
    ) -> CubeTensor {
        let into = own(into);
        let [r, width] = into.shape().dims();
        let n = vector_size(&places.map(|(_, length)| length));
        let mut end = 0;
        let [end_a, end_b, end_c, end_d, end_e, end_f, total] = places.map(|(_, length)| {
            end += length / n;
            end
        });
        let [at_a, at_b, at_c, at_d, at_e, at_f, at_g] = places.map(|(at, _)| at / n);
        let [a, b, c, d, e, f, g] = [a, b, c, d, e, f, g].map(contiguous);
        let width = width / n;
        launch!(
            pack_kernel[n],
            r * total,
            [a, b, c, d, e, f, g],
            [into],
            [
                width, total, at_a, at_b, at_c, at_d, at_e, at_f, at_g, end_a, end_b, end_c, end_d, end_e,
                end_f
            ]
        );
        into
    }

    fn row_norms(gradients: CubeTensor) -> CubeTensor {
        let gradients = contiguous(gradients);
        let [r, width] = gradients.shape().dims();
        let (partial, norms) = (empty(&gradients, [r, SEGMENTS]), empty(&gradients, [r]));
        let n = vector_size(&[width]);
        launch!(partial_squares_kernel[n], r * SEGMENTS, [gradients], [partial], [width / n], [SEGMENTS]);
        launch!(norms_kernel, r, [partial], [norms], [], [SEGMENTS]);
        norms
    }

    fn record_step(losses: CubeTensor, norms: CubeTensor, log: CubeTensor, slot: usize) -> CubeTensor {
        let log = own(log);
        let r = log.shape()[2];
        launch!(record_kernel, r, [losses, norms], [log], [slot]);
        log
    }
}

/// What clipping multiplies a gradient of this norm with.
pub(super) fn clip_factor(norm: f32, clip: f32) -> f32 {
    if clip > 0.0 { (clip / (norm + 1e-6)).min(1.0) } else { 1.0 }
}

impl RowOps for Flex {
    fn parameter_view(flat: FlexTensor, offset: usize, rows: usize, columns: usize) -> FlexTensor {
        let shape = flat.shape();
        let strides = vec![shape[1] as isize, columns as isize, 1];
        let layout = Layout::new(Shape::new([shape[0], rows, columns]), strides, offset);
        flat.with_layout(layout)
    }

    fn pack(
        mut into: FlexTensor,
        a: FlexTensor,
        b: FlexTensor,
        c: FlexTensor,
        d: FlexTensor,
        e: FlexTensor,
        f: FlexTensor,
        g: FlexTensor,
        Places(places): Places,
    ) -> FlexTensor {
        let width = into.shape()[1];
        let target = into.storage_mut::<f32>();
        for (gradient, (at, length)) in
            [a, b, c, d, e, f, g].iter().zip(places).filter(|(_, place)| place.1 > 0)
        {
            for (row, values) in Values::of(gradient).chunks_exact(length).enumerate() {
                target[row * width + at..][..length].copy_from_slice(values);
            }
        }
        into
    }

    fn row_norms(gradients: FlexTensor) -> FlexTensor {
        let [r, width] = gradients.shape().dims();
        let norm = |row: &[f32]| dot(row, row).sqrt();
        tensor(Values::of(&gradients).chunks_exact(width).map(norm).collect(), [r])
    }

    fn record_step(losses: FlexTensor, norms: FlexTensor, mut log: FlexTensor, slot: usize) -> FlexTensor {
        let r = log.shape()[2];
        let line = &mut log.storage_mut::<f32>()[slot * 2 * r..][..2 * r];
        line[..r].copy_from_slice(&Values::of(&losses));
        line[r..].copy_from_slice(&Values::of(&norms));
        log
    }
}
