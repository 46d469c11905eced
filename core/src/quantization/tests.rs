use super::*;
use crate::probes::spectrum::spectrum;
use crate::random::{Stream, fan_in_uniform};

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
        let error = squared_error(&values, &rounded);
        assert!((error / least - 1.0).abs() < 0.05, "{bits} bits: {error} is not {least}");
    }
}

#[test]
fn no_grid_has_more_values_than_its_bits_and_k_means_errs_least() {
    let values = normal(512, "values");
    for bits in 1..=MAX_BITS {
        let by = |grid| Quantization { grid, ..Quantization::default() };
        let taken = |grid| by(grid).taken(512, 64, bits);
        let [k_means, even] = [Grid::KMeans, Grid::Uniform].map(|grid| by(grid).round(&values, 64, bits));
        for rounded in [&k_means, &even] {
            let mut different: Vec<u32> = rounded.iter().map(|value| value.to_bits()).collect();
            different.sort_unstable();
            different.dedup();
            assert!(different.len() <= 1 << bits);
        }
        // From eight numbers a value on; with fewer, Lloyd's algorithm ends in the nearest of many minima.
        let better = squared_error(&values, &k_means) <= squared_error(&values, &even);
        assert!(better || bits > 5, "{bits} bits");
        // Numbers, then the codebook, or the two ends of the grid.
        assert_eq!(taken(Grid::KMeans), 512 * u64::from(bits) + (32 << bits));
        assert_eq!(taken(Grid::Uniform), 512 * u64::from(bits) + 64);
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
    let by = |group| Quantization { group, block: 16, ..Quantization::default() };
    let of_first = |group| squared_error(&values[..32], &by(group).round(&values, 32, 2)[..32]);
    assert!(of_first(Group::Row) < of_first(Group::Tensor) / 4.0);
    let taken = [Group::Tensor, Group::Row, Group::Block].map(|group| by(group).taken(128, 32, 2));
    assert_eq!(taken, [256 + 128, 256 + 4 * 128, 256 + 8 * 128]);
}

#[test]
fn what_is_not_finite_or_all_the_same_is_kept() {
    let round = |values: &[f32]| Quantization::default().round(values, values.len(), 1);
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

/// A row of the notes' table of the sine's stable rank after rounding: bits; stable rank of the product and of its sine, by k-means
/// and by an even grid; relative error of both by k-means.
type Row = (u32, [f64; 2], [f64; 2], [f64; 2]);

/// 256 × 256 from factors of rank 8, both uniform within 1/√inputs, ω 200; 32 bits are not rounded.
const NOTES: [Row; 7] = [
    (32, [5.28, 62.78], [5.28, 62.78], [0.0, 0.0]),
    (1, [5.07, 8.12], [5.17, 5.58], [0.670, 1.391]),
    (2, [5.29, 57.77], [5.49, 54.07], [0.351, 1.136]),
    (3, [5.29, 62.63], [5.26, 64.30], [0.173, 0.668]),
    (4, [5.31, 63.79], [5.25, 62.81], [0.088, 0.357]),
    (5, [5.24, 63.21], [5.29, 62.36], [0.044, 0.178]),
    (8, [5.28, 62.81], [5.28, 62.51], [0.005, 0.020]),
];

/// The notes have one draw of the factors, from another generator, and the stable rank of their product hangs on the draw: over 200
/// draws in plain loops it was 5.7 ± 0.3, from 4.7 to 6.4. So what rounding leaves of the product's is compared as a share of what it
/// was; the sine's hangs less on the draw and is compared as it is. The fewer values a factor can take, the more hangs on where its
/// centroids fall: an eighth is allowed, at two bits a sixth, at one a quarter. Errors differ by a twentieth; the notes give them three
/// decimals.
#[test]
fn rounded_factors_have_the_stable_ranks_and_errors_of_the_notes_and_the_sine_multiplies_the_error_fourfold()
{
    const N: usize = 256;
    const RANK: usize = 8;
    const FREQUENCY: f64 = 200.0;
    let a = fan_in_uniform(11, "notes.a", N, N * RANK);
    let b = fan_in_uniform(11, "notes.b", RANK, RANK * N);
    let both = |a: &[f32], b: &[f32]| -> [Vec<f32>; 2] {
        let entry = |at: usize| {
            let (row, column) = (at / N, at % N);
            (0..RANK).map(|k| f64::from(a[row * RANK + k]) * f64::from(b[k * N + column])).sum::<f64>()
        };
        let product: Vec<f64> = (0..N * N).map(entry).collect();
        [
            product.iter().map(|x| *x as f32).collect(),
            product.iter().map(|x| (FREQUENCY * x).sin() as f32).collect(),
        ]
    };
    let norms = |values: &[f32]| {
        let found = spectrum("", 0, values, N, N);
        [found.frobenius_norm, f64::from(found.singular_values[0])]
    };
    let whole = both(&a, &b);
    let norms_of_whole = [norms(&whole[0]), norms(&whole[1])];
    let of_product = (norms_of_whole[0][0] / norms_of_whole[0][1]).powi(2);
    let mut problems = Vec::new();
    for (bits, by_k_means, by_grid, errors) in NOTES {
        for (grid, ranks) in [(Grid::KMeans, by_k_means), (Grid::Uniform, by_grid)] {
            let how = Quantization { grid, ..Quantization::default() };
            let round = |values: &[f32], columns| match bits {
                WHOLE => values.to_vec(),
                bits => how.round(values, columns, bits),
            };
            let rounded = both(&round(&a, RANK), &round(&b, N));
            let mut seen = [0.0; 2];
            for form in 0..2 {
                let [frobenius, spectral] = norms(&rounded[form]);
                let stable = (frobenius / spectral).powi(2);
                let off: Vec<f32> = rounded[form].iter().zip(&whole[form]).map(|(x, y)| x - y).collect();
                let error = if bits == WHOLE { [0.0; 2] } else { norms(&off) };
                let [low, high] = stable_rank_band(norms_of_whole[form], error);
                assert!(
                    low <= stable * (1.0 + 1e-6) && stable <= high * (1.0 + 1e-6),
                    "{bits} bits: {stable}"
                );
                seen[form] = error[0] / norms_of_whole[form][0];
                let within = match bits {
                    1 => 0.25,
                    2 => 0.17,
                    _ => 0.125,
                };
                let wanted = if form == 0 { ranks[0] / NOTES[0].1[0] * of_product } else { ranks[1] };
                if (stable / wanted - 1.0).abs() > within {
                    problems.push(format!("{bits} bits, {grid:?}: stable rank {stable:.2}, not {wanted:.2}"));
                }
                let of_notes = errors[form];
                if grid == Grid::KMeans && (seen[form] - of_notes).abs() > 0.06 * of_notes + 0.0006 {
                    problems.push(format!("{bits} bits: error {:.4}, not {of_notes}", seen[form]));
                }
            }
            // ω times the deviation of an entry, 1 / (3 √n): by so much a small error of the product grows.
            let amplified = FREQUENCY / (3.0 * (N as f64).sqrt());
            if grid == Grid::KMeans
                && (4..WHOLE).contains(&bits)
                && (seen[1] / seen[0] / amplified - 1.0).abs() > 0.08
            {
                problems.push(format!("{bits} bits: {} times, not {amplified:.2}", seen[1] / seen[0]));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
