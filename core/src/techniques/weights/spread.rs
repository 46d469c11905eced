//! An uneven start: something for weight conditioning to even out.

use super::lines::{Along, lines, scale};
use crate::parameters::Builder;
use crate::random::Stream;

/// Rows (outputs) of the first weights times 10^u, u uniform between plus and minus the spread; with `spare_last` not those
/// of the last layer, whose outputs are the values themselves.
pub fn spread_rows(builder: &mut Builder, spread: f32, spare_last: bool) {
    if spread == 0.0 {
        return;
    }
    let mut matrices = builder.layout().conditioned();
    if spare_last {
        matrices.pop();
    }
    let spread = f64::from(spread);
    for (seed, row) in builder.replicas() {
        for matrix in &matrices {
            let mut stream = Stream::new(seed, &format!("{}.spread", matrix.name));
            for line in lines(matrix, Along::Outputs) {
                scale(&line, row, libm::pow(10.0, spread * (2.0 * stream.uniform() - 1.0)));
            }
        }
    }
}
