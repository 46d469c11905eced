use super::*;
use crate::quantization::ChangeRounded;
use crate::spec::from_toml;
use crate::stats::Verdict;

const FILE: &str = "version = 2\ntitle = 'x'\ntask = { name = 'matrix', size = 16 }\nseeds = { count = 3 }\n\
                    training = { batch = 16 }\nmodel = { architecture = 'linear', weights = { name = 'lora', on = 'map', along = '', rank = 2 } }\n\
                    compare = { metric = 'relative-error' }\nprobes = { changes = true }\nquantize = { bits = [1, 2, 5] }\n\
                    [[variant]]\n[[variant]]\nset.\"model.weights.rank\" = 4\n";

const RANK: &str =
    "{ number = 'stable_rank', matrix = 'change', place = 'map.weight', step = 'last', bits = 2 }";

fn with(of: &str, against: u32) -> Result<Experiment, String> {
    let claim = format!(
        "[[claim]]\nvariant = 2\nagainst = {against}\nof = {of}\nsays = 'lower'\nwhose = 'paper'\ntext = 'It is.'\n"
    );
    from_toml(&format!("{FILE}{claim}")).map_err(|problems| problems[0].to_string())
}

fn asked(of: &str) -> Asked {
    with(of, 1).expect("a good claim").claims[0].of.clone()
}

/// A variant as it is and at one and two bits, of two seeds.
fn points() -> Vec<QuantizedTo> {
    let point = |bits, bytes, errors: [f32; 2], ranks: [f64; 2]| QuantizedTo {
        bits,
        bytes,
        metrics: vec![(Metric::RelativeError, errors.to_vec())],
        changes: vec![ChangeRounded {
            name: "map.weight".to_owned(),
            stable_rank: ranks.to_vec(),
            band: [vec![0.0; 2], vec![f64::INFINITY; 2]],
            error: vec![0.25, f64::NAN],
        }],
    };
    vec![
        point(32, 1000, [0.1, 0.2], [4.0, 5.0]),
        point(1, 10, [0.9, f32::NAN], [1.0, 2.0]),
        point(2, 100, [0.5, 0.6], [3.0, f64::NAN]),
    ]
}

#[test]
fn what_rounding_left_is_read_of_every_seed() {
    let read = |of: &str| asked(of).read_rounded(&points());
    assert_eq!(
        read("{ metric = 'relative-error', bits = 2 }"),
        Some(vec![Some(0.5), Some(f64::from(0.6f32))])
    );
    assert_eq!(read(RANK), Some(vec![Some(3.0), None]));
    assert_eq!(read(&RANK.replace("stable_rank", "error")), Some(vec![Some(0.25), None]));
    assert_eq!(read("{ metric = 'relative-error', bits = 5 }"), None, "there is no such point");
    assert_eq!(read("'relative-error'"), None, "that is no question of rounding");
    // A line in log₁₀(bytes) from 0.9 at 10 to 0.5 at 100: its mean over both decades' ends is the middle.
    let mean = read("{ metric = 'relative-error', bytes = [10, 100] }").unwrap();
    assert!((mean[0].unwrap() - 0.7).abs() < 1e-6 && mean[1].is_none(), "{mean:?}");
}

#[test]
fn sides_of_different_widths_are_read_apart_and_32_bits_are_the_variant_as_it_is() {
    let metric = Asked::Metric(Metric::RelativeError);
    let two = asked("{ metric = 'relative-error', bits = 2 }");
    assert_eq!(two.sides(), [two.clone(), two.clone()]);
    assert!(two.reads_sides_alike() && metric.reads_sides_alike());
    let apart = asked("{ metric = 'relative-error', bits = 2, against_bits = 32 }");
    assert_eq!(apart.sides(), [two.clone(), metric]);
    assert!(!apart.reads_sides_alike());
    let ranks = asked(&RANK.replace("bits = 2", "bits = 2, against_bits = 32"));
    let Asked::Probed(whole) = &ranks.sides()[1] else { panic!("{ranks:?}") };
    assert_eq!((whole.bits, whole.against_bits), (None, None));
    let experiment = with("{ metric = 'relative-error', bits = 2, against_bits = 5 }", 2).expect("itself");
    assert_eq!(experiment.asked(), [two, asked("{ metric = 'relative-error', bits = 5 }")]);
}

#[test]
fn a_row_of_two_widths_compares_each_side_at_its_own() {
    let experiment = with("{ metric = 'relative-error', bits = 2, against_bits = 32 }", 2).unwrap();
    let judged = experiment.judge(|variant, asked| {
        let rounded = matches!(asked, Asked::Rounded(Rounded { bits: Some(2), .. }));
        let less = |seed: i32| if rounded { 1.0 + 0.1 * f64::from(seed) } else { 0.0 };
        (0..3).map(|seed| Some(f64::from(seed) + variant as f64 - less(seed))).collect()
    });
    assert_eq!(judged[0].judged.verdict, Verdict::Supported, "a variant against itself: {judged:?}");
    let text = serde_json::to_string(&judged).unwrap();
    assert_eq!(
        serde_json::from_str::<Vec<crate::spec::JudgedClaim>>(&text).unwrap()[0].claim,
        judged[0].claim
    );
}

#[test]
fn what_is_not_rounded_cannot_be_claimed() {
    for (of, said) in [
        (
            "{ metric = 'relative-error', bits = 3 }",
            "3 bits, and quantize.bits rounds to others: it must be one of 1, 2, 5, 32",
        ),
        ("{ metric = 'relative-error', bits = 2, against_bits = 7 }", "7 bits"),
        ("{ metric = 'relative-error', bits = 32 }", "rounds nothing"),
        ("{ metric = 'relative-error' }", "needs bits"),
        ("{ metric = 'relative-error', bits = 2, bytes = [1, 2] }", "needs bits"),
        ("{ metric = 'relative-error', bytes = [9, 9] }", "the second are more"),
        ("{ metric = 'relative-error', bytes = [9, 99], against_bits = 2 }", "needs bits"),
        ("{ metric = 'accuracy', bits = 2 }", "must be relative-error or loss"),
        ("{ metric = 'relative-error', bits = 2, byte = 3 }", "bits or bytes"),
        (&RANK.replace("bits = 2", "bits = 4"), "4 bits"),
        (&RANK.replace("stable_rank", "kappa"), "stable_rank and error"),
        (&RANK.replace("change", "weight"), "of the matrix change"),
        (&RANK.replace("stable_rank", "error").replace(", bits = 2", ""), "it needs bits"),
        (
            &RANK.replace("stable_rank", "error").replace("bits = 2", "bits = 2, against_bits = 32"),
            "not rounded",
        ),
        (&RANK.replace("bits = 2", "against_bits = 2"), "without bits"),
    ] {
        let found = with(of, 1).unwrap_err();
        assert!(found.contains(said), "{of}: {found}");
    }
    let itself = with("{ metric = 'relative-error', bits = 2 }", 2).unwrap_err();
    assert!(itself.contains("with itself"), "{itself}");
}
