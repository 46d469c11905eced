//! Lines of a flat tensor, each divided by its own norm: weights made from trained numbers, and the way back.
//!
//! A line is one output of a layer (a column of the matrix `[inputs, outputs]`) or one input (a row of it). With
//! `x̂ = (x − μ) / n`, where `n = ‖x − μ‖` and `μ` is the mean of the line or 0:
//!
//! ```text
//! y = c x̂                     ∂x = c/n · (∂y − mean(∂y) − x̂ (x̂·∂y))        c fixed
//! y = g x̂                     ∂x = g/n · (∂y − x̂ (x̂·∂y)),  ∂g = x̂·∂y       g trained
//! ```
//!
//! `mean(∂y)` is taken only where `μ` is, and `x̂ (x̂·∂y)` is left out where the norm counts as a constant. A line of
//! zeros has no direction: it stays zero and gets no gradient. What belongs to no line is copied.
//!
//! All lines of all matrices are one launch, one thread a line; not differentiated by autodiff, since the optimizer
//! holds all trained numbers and all gradients as one tensor each.

use burn::tensor::{Device, Int, Tensor, TensorData};
use cubecl::prelude::*;

use super::loops::indices;
use super::prelude::*;

/// Numbers at equal distances within the row of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The first.
    pub offset: usize,
    /// How many.
    pub count: usize,
    /// Distance between two.
    pub stride: usize,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineMap {
    /// Whether its mean is taken away first.
    pub centered: bool,
    /// Whether its length afterwards is a trained number.
    pub trained_length: bool,
    /// Whether the gradient takes the norm as a constant.
    pub stopped: bool,
}

/// Lines on a device.
#[derive(Clone, Debug)]
pub struct Lines {
    /// `[L · 4]`: offset, count, stride, and [`COPIED`], [`FIXED`] or where the trained length is.
    table: Tensor<1, Int>,
    /// `[R, L]`: fixed lengths.
    lengths: Tensor<2>,
}

/// Mark of a line that is copied.
const COPIED: i32 = -1;
/// Mark of a line whose length is fixed.
const FIXED: i32 = 0;
/// Numbers of a line in the table.
const FIELDS: usize = 4;
/// Lines that a stretch between two matrices is copied by: neighbours are copied by neighbouring threads.
const COPYING: usize = 256;
/// Norms below this are those of lines of zeros.
pub(super) const TINY: f32 = 1e-12;

impl Lines {
    /// Lines of fixed lengths (`lengths[replica][line]`), or of trained ones that lie at the places `trained`.
    ///
    /// `rest` are the stretches, from and to, that are copied.
    pub fn new(
        lines: &[Line],
        lengths: &[Vec<f32>],
        trained: Option<&[usize]>,
        rest: &[(usize, usize)],
        device: &Device,
    ) -> Self {
        let mark = |index: usize| trained.map_or(FIXED, |places| places[index] as i32);
        let mapped = lines.iter().enumerate().map(|(index, &line)| (line, mark(index)));
        let copied = rest.iter().flat_map(|&(from, to)| {
            let stride = COPYING.min(to - from);
            (from..from + stride)
                .map(move |offset| (Line { offset, count: (to - offset).div_ceil(stride), stride }, COPIED))
        });
        let table: Vec<i32> = mapped
            .chain(copied)
            .flat_map(|(line, mark)| [line.offset as i32, line.count as i32, line.stride as i32, mark])
            .collect();
        let count = table.len() / FIELDS;
        let padded = lengths.iter().flat_map(|row| {
            let row = row.iter().copied().chain(std::iter::repeat(1.0));
            row.take(count)
        });
        let lengths = TensorData::new(padded.collect::<Vec<f32>>(), [lengths.len(), count]);
        Self {
            table: Tensor::from_data(TensorData::new(table, [FIELDS * count]), device),
            lengths: Tensor::from_data(lengths, device),
        }
    }

    /// Weights from trained numbers.
    ///
    /// # Shapes
    /// - `raw`, result: `[R, P]`
    pub fn map(&self, raw: Tensor<2>, map: LineMap) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::line_map(
            raw.into_dispatch(),
            self.lengths.clone().into_dispatch(),
            self.table.clone().into_dispatch(),
            map,
        ))
    }

    /// Gradients by the trained numbers from gradients by the weights, in place where nothing else holds them.
    ///
    /// # Shapes
    /// - `raw`, `gradients`, result: `[R, P]`
    pub fn gradient(&self, raw: Tensor<2>, gradients: Tensor<2>, map: LineMap) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::line_gradient(
            gradients.into_dispatch(),
            raw.into_dispatch(),
            self.lengths.clone().into_dispatch(),
            self.table.clone().into_dispatch(),
            map,
        ))
    }
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait LineOps: Backend {
    #[fusion(dtype = raw, shape = raw)]
    fn line_map(
        raw: FloatTensor<Self>,
        lengths: FloatTensor<Self>,
        table: IntTensor<Self>,
        map: LineMap,
    ) -> FloatTensor<Self>;

    #[fusion(dtype = gradients, shape = gradients)]
    fn line_gradient(
        gradients: FloatTensor<Self>,
        raw: FloatTensor<Self>,
        lengths: FloatTensor<Self>,
        table: IntTensor<Self>,
        map: LineMap,
    ) -> FloatTensor<Self>;
}

/// Offset, count, stride and mark of a line.
#[cube]
fn line_of(table: &[i32], line: usize) -> (usize, usize, usize, i32) {
    let at = line * FIELDS;
    (table[at] as usize, table[at + 1] as usize, table[at + 2] as usize, table[at + 3])
}

/// Mean and norm of a line; the mean is 0 where it is not taken away.
#[cube]
fn measure(raw: &[f32], first: usize, count: usize, stride: usize, #[comptime] centered: bool) -> (f32, f32) {
    let mut mean = 0.0f32;
    if comptime!(centered) {
        for i in 0..count {
            mean += raw[first + i * stride];
        }
        mean /= f32::cast_from(count);
    }
    let mut squares = 0.0f32;
    for i in 0..count {
        let value = raw[first + i * stride] - mean;
        squares += value * value;
    }
    (mean, squares.sqrt())
}

/// One thread a line and replica.
#[cube(launch_unchecked)]
fn line_map_kernel(
    raw: &[f32],
    lengths: &[f32],
    table: &[i32],
    weights: &mut [f32],
    units: usize,
    lines: usize,
    width: usize,
    #[comptime] centered: bool,
    #[comptime] trained_length: bool,
) {
    end_beyond(units);
    let start = ABSOLUTE_POS / lines * width;
    let (offset, count, stride, mark) = line_of(table, ABSOLUTE_POS % lines);
    let first = start + offset;
    let mut shift = 0.0f32;
    let mut factor = 1.0f32;
    if mark != COPIED {
        let (mean, norm) = measure(raw, first, count, stride, centered);
        shift = mean;
        factor = 0.0f32;
        if norm > TINY {
            if comptime!(trained_length) {
                factor = raw[start + mark as usize] / norm;
            } else {
                factor = lengths[ABSOLUTE_POS] / norm;
            }
        }
    }
    for i in 0..count {
        let at = first + i * stride;
        weights[at] = (raw[at] - shift) * factor;
    }
}

/// One thread a line and replica.
#[cube(launch_unchecked)]
fn line_gradient_kernel(
    raw: &[f32],
    lengths: &[f32],
    table: &[i32],
    gradients: &mut [f32],
    units: usize,
    lines: usize,
    width: usize,
    #[comptime] centered: bool,
    #[comptime] trained_length: bool,
    #[comptime] stopped: bool,
) {
    end_beyond(units);
    let start = ABSOLUTE_POS / lines * width;
    let (offset, count, stride, mark) = line_of(table, ABSOLUTE_POS % lines);
    let first = start + offset;
    if mark != COPIED {
        let (mean, norm) = measure(raw, first, count, stride, centered);
        let mut inverse = 0.0f32;
        if norm > TINY {
            inverse = 1.0f32 / norm;
        }
        let mut sum = 0.0f32;
        let mut along = 0.0f32;
        for i in 0..count {
            let at = first + i * stride;
            sum += gradients[at];
            along += gradients[at] * (raw[at] - mean) * inverse;
        }
        let mut mean_gradient = 0.0f32;
        if comptime!(centered) {
            mean_gradient = sum / f32::cast_from(count);
        }
        let mut factor = inverse;
        if comptime!(trained_length) {
            factor *= raw[start + mark as usize];
            gradients[start + mark as usize] = along;
        } else {
            factor *= lengths[ABSOLUTE_POS];
        }
        if comptime!(stopped) {
            along = 0.0f32;
        }
        for i in 0..count {
            let at = first + i * stride;
            let direction = (raw[at] - mean) * inverse;
            gradients[at] = (gradients[at] - mean_gradient - direction * along) * factor;
        }
    }
}

impl LineOps for CubeBackend {
    fn line_map(raw: CubeTensor, lengths: CubeTensor, table: CubeTensor, map: LineMap) -> CubeTensor {
        let raw = contiguous(raw);
        let [r, width] = raw.shape().dims();
        let lines = lengths.shape()[1];
        let weights = empty(&raw, [r, width]);
        launch!(
            line_map_kernel,
            r * lines,
            [raw, lengths, table],
            [weights],
            [lines, width],
            [map.centered, map.trained_length]
        );
        weights
    }

    fn line_gradient(
        gradients: CubeTensor,
        raw: CubeTensor,
        lengths: CubeTensor,
        table: CubeTensor,
        map: LineMap,
    ) -> CubeTensor {
        let gradients = own(gradients);
        let [r, width] = gradients.shape().dims();
        let lines = lengths.shape()[1];
        launch!(
            line_gradient_kernel,
            r * lines,
            [contiguous(raw), lengths, table],
            [gradients],
            [lines, width],
            [map.centered, map.trained_length, map.stopped]
        );
        gradients
    }
}

/// Mean and norm of a line, by plain loops.
fn measured(row: &[f32], line: Line, centered: bool) -> (f32, f32) {
    let values = || row[line.offset..].iter().step_by(line.stride).take(line.count);
    let mean = if centered { values().sum::<f32>() / line.count as f32 } else { 0.0 };
    (mean, values().map(|x| (x - mean) * (x - mean)).sum::<f32>().sqrt())
}

/// Each line of a table with its mark.
fn rows_of(table: &FlexTensor) -> Vec<(Line, i32)> {
    // A mark of −1 comes back as the largest index.
    let table = indices(table);
    let line = |f: &[usize]| (Line { offset: f[0], count: f[1], stride: f[2] }, f[3] as i32);
    table.chunks_exact(FIELDS).map(line).collect()
}

/// Those lines that are not copied, each with its mark and with its fixed length in one replica.
fn mapped<'a>(
    lines: &'a [(Line, i32)],
    lengths: &'a [f32],
    replica: usize,
) -> impl Iterator<Item = (Line, usize, f32)> + 'a {
    let lengths = &lengths[replica * lines.len()..][..lines.len()];
    let both = lines.iter().zip(lengths).filter(|((_, mark), _)| *mark != COPIED);
    both.map(|(&(line, mark), &length)| (line, mark as usize, length))
}

impl LineOps for Flex {
    fn line_map(raw: FlexTensor, lengths: FlexTensor, table: FlexTensor, map: LineMap) -> FlexTensor {
        let [r, width] = raw.shape().dims();
        let (raw, lengths, lines) = (Values::of(&raw), &Values::of(&lengths)[..], rows_of(&table));
        let mut weights = raw.to_vec();
        for (replica, row) in weights.chunks_exact_mut(width).enumerate() {
            for (line, mark, length) in mapped(&lines, lengths, replica) {
                let (mean, norm) = measured(row, line, map.centered);
                let length = if map.trained_length { row[mark] } else { length };
                let factor = if norm > TINY { length / norm } else { 0.0 };
                let values = row[line.offset..].iter_mut().step_by(line.stride).take(line.count);
                values.for_each(|x| *x = (*x - mean) * factor);
            }
        }
        tensor(weights, [r, width])
    }

    fn line_gradient(
        mut gradients: FlexTensor,
        raw: FlexTensor,
        lengths: FlexTensor,
        table: FlexTensor,
        map: LineMap,
    ) -> FlexTensor {
        let width = raw.shape()[1];
        let (raw, lengths, lines) = (&Values::of(&raw)[..], &Values::of(&lengths)[..], rows_of(&table));
        let all = gradients.storage_mut::<f32>();
        for (replica, g) in all.chunks_exact_mut(width).enumerate() {
            let row = &raw[replica * width..][..width];
            for (line, mark, length) in mapped(&lines, lengths, replica) {
                let (mean, norm) = measured(row, line, map.centered);
                let inverse = if norm > TINY { 1.0 / norm } else { 0.0 };
                let places = || (0..line.count).map(|i| line.offset + i * line.stride);
                let along: f32 = places().map(|at| g[at] * (row[at] - mean) * inverse).sum();
                let sum: f32 = if map.centered { places().map(|at| g[at]).sum() } else { 0.0 };
                let mean_gradient = sum / line.count as f32;
                let length = if map.trained_length { row[mark] } else { length };
                if map.trained_length {
                    g[mark] = along;
                }
                let along = if map.stopped { 0.0 } else { along };
                for at in places() {
                    let direction = (row[at] - mean) * inverse;
                    g[at] = (g[at] - mean_gradient - direction * along) * inverse * length;
                }
            }
        }
        gradients
    }
}
