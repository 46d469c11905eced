use super::*;
use crate::random::Stream;

fn normal(count: usize, name: &str) -> Vec<f32> {
    let mut stream = Stream::new(3, name);
    (0..count).map(|_| stream.normal() as f32).collect()
}

fn squared_error(values: &[f32], rounded: &[f32]) -> f64 {
    values.iter().zip(rounded).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / values.len() as f64
}

#[test]
fn k_means_of_normal_numbers_reaches_lloyds_and_maxs_distortion() {
    // Max, Quantizing for Minimum Distortion (1960), table I: of a standard normal number.
    let values = normal(40_000, "normal");
    for (bits, least) in [(1, 0.3634), (2, 0.1175), (3, 0.03454), (4, 0.009497)] {
        let rounded = Quantization::default().round(&values, 200, bits);
        let error = squared_error(&values, &rounded.values);
        assert!((error / least - 1.0).abs() < 0.05, "{bits} bits: {error} is not {least}");
    }
}

#[test]
fn no_grid_has_more_values_than_its_bits_and_k_means_errs_least() {
    let values = normal(512, "values");
    for bits in 1..=MAX_BITS {
        let by = |grid| Quantization { grid, ..Quantization::default() }.round(&values, 64, bits);
        let (k_means, even) = (by(Grid::KMeans), by(Grid::Uniform));
        for rounded in [&k_means, &even] {
            let mut different: Vec<u32> = rounded.values.iter().map(|value| value.to_bits()).collect();
            different.sort_unstable();
            different.dedup();
            assert!(different.len() <= 1 << bits);
        }
        // From eight numbers a value on; with fewer, Lloyd's algorithm ends in the nearest of many minima.
        let better = squared_error(&values, &k_means.values) <= squared_error(&values, &even.values);
        assert!(better || bits > 5, "{bits} bits");
        // Numbers, then the codebook, or the two ends of the grid.
        assert_eq!(k_means.bits, 512 * u64::from(bits) + (32 << bits));
        assert_eq!(even.bits, 512 * u64::from(bits) + 64);
    }
}

#[test]
fn every_number_goes_to_the_value_next_to_it() {
    let values = normal(300, "nearest");
    let levels = codebook::k_means(&values, 8);
    assert!(levels.windows(2).all(|pair| pair[0] <= pair[1]), "{levels:?}");
    for value in &values {
        let least = levels.iter().map(|level| (level - value).abs()).fold(f32::INFINITY, f32::min);
        assert_eq!((codebook::nearest(&levels, *value) - value).abs(), least);
    }
}

#[test]
fn groups_share_their_values_and_each_pays_for_its_own() {
    // Rows of very different size: a value of their own each is worth its bits.
    let mut values = normal(4 * 32, "rows");
    values[32..64].iter_mut().for_each(|value| *value *= 1000.0);
    let by = |group| Quantization { group, block: 16, ..Quantization::default() }.round(&values, 32, 2);
    let (whole, row, block) = (by(Group::Tensor), by(Group::Row), by(Group::Block));
    let of_first = |rounded: &Rounded| squared_error(&values[..32], &rounded.values[..32]);
    assert!(of_first(&row) < of_first(&whole) / 4.0);
    assert_eq!([whole.bits, row.bits, block.bits], [256 + 128, 256 + 4 * 128, 256 + 8 * 128]);
}

#[test]
fn what_is_not_finite_or_all_the_same_is_kept() {
    let round = |values: &[f32]| Quantization::default().round(values, values.len(), 1).values;
    assert_eq!(round(&[2.5; 5]), [2.5; 5]);
    assert_eq!(round(&[]), [0.0; 0]);
    let kept = round(&[f32::NAN, 1.0, f32::INFINITY, 1.0]);
    assert!(kept[0].is_nan() && kept[2] == f32::INFINITY && kept[1] == 1.0);
}

#[test]
fn widths_are_whole_bits() {
    let of = |bits: &[f32]| Quantization { bits: bits.to_vec(), ..Quantization::default() }.widths();
    assert_eq!(of(&[1.0, 8.0]), Ok(vec![1, 8]));
    for bad in [0.0, 2.5, 9.0, f32::NAN, -1.0] {
        assert!(of(&[bad]).is_err_and(|sentence| sentence.contains("from 1 to 8")));
    }
}

#[test]
fn the_gap_of_two_curves_is_what_one_has_over_the_other() {
    let quality = |bytes: f64| 3.0 * bytes.log10().powi(2) - bytes.log10();
    let at = |bytes: &[f64], more: f64| bytes.iter().map(|b| (*b, quality(*b) + more)).collect::<Vec<_>>();
    let one = at(&[100.0, 200.0, 400.0, 900.0, 2000.0], 0.7);
    let other = at(&[2500.0, 150.0, 300.0, 700.0], 0.0);
    let gap = bjontegaard(&one, &other).expect("bytes in common");
    assert!((gap - 0.7).abs() < 1e-9, "{gap}");
    assert_eq!(bjontegaard(&one, &at(&[3000.0, 4000.0], 0.0)), None, "nothing in common");
    assert_eq!(bjontegaard(&one[..1], &other), None, "one point is no curve");
    // Two points each: lines, 1 apart in the middle.
    let gap = bjontegaard(&[(10.0, 1.0), (1000.0, 3.0)], &[(10.0, 0.0), (1000.0, 2.0)]);
    assert!((gap.expect("lines") - 1.0).abs() < 1e-12);
}

#[test]
fn a_stable_rank_stays_within_its_band() {
    assert_eq!(stable_rank_band([4.0, 2.0], [0.0, 0.0]), [4.0, 4.0]);
    let [low, high] = stable_rank_band([4.0, 2.0], [1.0, 0.5]);
    assert!((low - (3.0f64 / 2.5).powi(2)).abs() < 1e-12 && (high - (5.0f64 / 1.5).powi(2)).abs() < 1e-12);
    assert_eq!(stable_rank_band([4.0, 2.0], [5.0, 2.0]), [0.0, f64::INFINITY]);
}
