//! Recorded numbers in prose, by reference: a text names what it means, and the recordings say what it is.
//!
//! ```text
//! {{always-skip: accuracy "no MLP skip"}}              62.5 %                    mean over the seeds
//! {{always-skip: range accuracy "no MLP skip"}}        48.3 to 71.9 %            of the seeds
//! {{always-skip: training loss "no MLP skip"}}         0.83                      mean over the seeds, at the end
//! {{always-skip: first kappa tokens blocks.1 "base"}}  155                       of a matrix, at the first measurement or the last
//! {{always-skip: last norm attention blocks.0 "base"}} 1.45
//! {{always-skip: tuned "no MLP skip"}}                 0.001
//! {{sine-lora-bits: 2 bits relative-error "LoRA"}}     0.961                     of the variant rounded to so many bits: a metric,
//! {{sine-lora-bits: 2 bits error "LoRA"}}              0.351                     error or rank of the change, mean over the seeds,
//! {{sine-lora-bits: 2 bits bytes "LoRA"}}              1056                      or its bytes
//! {{always-skip: claim 1}}                             Supported (claimed: …     the whole sentence of the row
//! {{always-skip: seeds}}                               8
//! {{always-skip: took}}                                22 min
//! ```
//!
//! A variant is named as in the recording. What cannot be found is an error, so that a text never says what no recording says.

use super::recording::{RecordedVariant, Recording};
use crate::probes::report::Quantity;
use crate::probes::summary::{Summary, significant};
use crate::spec::{Metric, shown};

/// The text with every reference replaced by what `recording` has for it.
///
/// # Errors
/// A sentence about the first reference that means nothing.
pub fn quoted<'a>(text: &str, recording: impl Fn(&str) -> Option<&'a Recording>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (reference, after) =
            after.split_once("}}").ok_or_else(|| format!("A reference does not end: {{{{{after}"))?;
        out.push_str(before);
        let wrong = |why: &str| format!("The reference {{{{{reference}}}}} {why}.");
        let (id, what) = reference.split_once(": ").ok_or_else(|| wrong("names no recording"))?;
        let found = recording(id).ok_or_else(|| wrong("names a recording that does not exist"))?;
        out.push_str(&one(found, what).map_err(|why| wrong(&why))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// What a recording has for one reference.
fn one(recording: &Recording, what: &str) -> Result<String, String> {
    let (words, variant) = match what.split_once('"') {
        Some((words, name)) => {
            let name = name.strip_suffix('"').ok_or("has a name without an end")?;
            let index = recording.variants.iter().position(|variant| variant.name == name);
            let known: Vec<_> = recording.variants.iter().map(|variant| variant.name.as_str()).collect();
            (words, Some(index.ok_or_else(|| format!("names none of the variants {}", known.join("; ")))?))
        }
        None => (what, None),
    };
    let words: Vec<&str> = words.split_whitespace().collect();
    let of = |index: usize| &recording.variants[index];
    match (words.as_slice(), variant) {
        (["seeds"], None) => Ok(recording.variants.first().map_or(0, |one| one.diverged.len()).to_string()),
        (["took"], None) => Ok(format!("{:.0} min", (recording.seconds / 60.0).max(1.0))),
        (["claim", number], None) => {
            let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let row = index
                .and_then(|index| recording.claims.get(index))
                .ok_or("names a row that does not exist")?;
            Ok(row.judged.sentence.clone())
        }
        (["tuned"], Some(index)) => {
            let tried = recording.tried.iter().find(|tried| tried.variant == index);
            Ok(shown(tried.ok_or("names a variant that was not tuned")?.value()))
        }
        (["training", "loss"], Some(index)) => {
            let last = of(index).losses.last().ok_or("has no loss")?;
            Ok(format!("{:.2}", mean(last).ok_or("has no loss that is finite")?))
        }
        (["range", metric], Some(index)) => {
            let (metric, outcomes) = outcomes(of(index), metric)?;
            let (scale, digits, unit) = reading(metric);
            let low = outcomes.iter().copied().fold(f64::INFINITY, f64::min) * scale;
            let high = outcomes.iter().copied().fold(f64::NEG_INFINITY, f64::max) * scale;
            Ok(format!("{low:.digits$} to {high:.digits$}{unit}"))
        }
        ([bits, "bits", what], Some(index)) => rounded(of(index), bits, what),
        ([when @ ("first" | "last"), number, quantity, place], Some(index)) => {
            matrix(of(index), *when == "first", number, quantity, place)
        }
        ([metric], Some(index)) => {
            let (metric, outcomes) = outcomes(of(index), metric)?;
            let (scale, digits, unit) = reading(metric);
            let mean = outcomes.iter().sum::<f64>() / outcomes.len() as f64;
            Ok(format!("{:.digits$}{unit}", mean * scale))
        }
        _ => Err("asks for nothing that a recording has".to_owned()),
    }
}

/// The last evaluation, of the seeds that did not diverge.
fn outcomes(variant: &RecordedVariant, name: &str) -> Result<(Metric, Vec<f64>), String> {
    let metric = Metric::from_name(name).ok_or_else(|| format!("asks for {name}, which is no metric"))?;
    let lines = variant.metrics.iter().find(|(other, _)| *other == metric);
    let last = lines.and_then(|(_, lines)| lines.last()).ok_or("asks for a metric that was not measured")?;
    let finite =
        last.iter().zip(&variant.diverged).filter(|(_, step)| **step == 0).filter_map(|(value, _)| *value);
    let outcomes: Vec<f64> = finite.collect();
    if outcomes.is_empty() {
        Err("names a variant of which every seed diverged".to_owned())
    } else {
        Ok((metric, outcomes))
    }
}

/// Factor, decimals and unit of a metric in prose.
fn reading(metric: Metric) -> (f64, usize, &'static str) {
    match metric {
        Metric::Accuracy | Metric::ExactMatch => (100.0, 1, " %"),
        Metric::Loss => (1.0, 2, ""),
        Metric::Psnr => (1.0, 1, " dB"),
        Metric::RelativeError => (1.0, 3, ""),
    }
}

/// What rounding to so many bits left.
fn rounded(variant: &RecordedVariant, bits: &str, what: &str) -> Result<String, String> {
    let points = variant.rounded();
    let point = points.iter().find(|point| point.bits.to_string() == bits).ok_or_else(|| {
        let widths: Vec<_> = points.iter().map(|point| point.bits.to_string()).collect();
        format!("names a width that was not recorded; there are {}", widths.join(", "))
    })?;
    let of_change = |number: Option<f64>| number.ok_or("asks for changes, which were not recorded");
    match what {
        "bytes" => Ok(point.bytes.to_string()),
        "error" => Ok(format!("{:.3}", of_change(point.change(|one| &one.error))?)),
        "rank" => Ok(significant(of_change(point.change(|one| &one.stable_rank))?)),
        name => {
            let metric =
                Metric::from_name(name).ok_or_else(|| format!("asks for {name}, which is no metric"))?;
            let values: Vec<Option<f64>> = point
                .metric(metric)
                .iter()
                .map(|value| Some(f64::from(*value)).filter(|x| x.is_finite()))
                .collect();
            let (scale, digits, unit) = reading(metric);
            let mean = mean(&values).ok_or("asks for a metric that was not recorded")?;
            Ok(format!("{:.digits$}{unit}", mean * scale))
        }
    }
}

fn matrix(
    variant: &RecordedVariant,
    first: bool,
    number: &str,
    quantity: &str,
    place: &str,
) -> Result<String, String> {
    let quantity: Quantity =
        serde_json::from_value(quantity.into()).map_err(|error| format!("is wrong: {error}"))?;
    let matrix = variant.matrices.iter().find(|one| one.quantity == quantity && one.name == place);
    let matrix = matrix.ok_or_else(|| {
        let known = variant.matrices.iter().filter(|one| one.quantity == quantity);
        let known: Vec<_> = known.map(|one| one.name.as_str()).collect();
        format!("names a matrix that was not measured; there are {}", known.join(", "))
    })?;
    let index = if first { 0 } else { variant.probed.len().saturating_sub(1) };
    let summary: Summary = matrix.at(index, variant.diverged.len()).ok_or("was not measured then")?;
    match number {
        "kappa" => Ok(summary.kappa_in_words()),
        "norm" => Ok(significant(summary.frobenius_norm.mean)),
        "rank" => Ok(significant(summary.stable_rank.mean)),
        other => Err(format!("asks for {other}, which is none of kappa, norm, rank")),
    }
}

fn mean(values: &[Option<f64>]) -> Option<f64> {
    let finite: Vec<f64> = values.iter().flatten().copied().collect();
    (!finite.is_empty()).then(|| finite.iter().sum::<f64>() / finite.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::recording::{RecordedChange, RecordedMatrix, RecordedRounding};

    fn recording() -> Recording {
        let text = std::fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/recordings/weight-conditioning.json"
        ));
        let (mut recording, _) = Recording::read(&text.expect("a recording")).expect("a good one");
        let variant = &mut recording.variants[0];
        variant.name = "plain".to_owned();
        variant.metrics = vec![(Metric::Psnr, vec![vec![Some(20.04), Some(22.16), Some(99.0)]])];
        variant.diverged = vec![0, 0, 7];
        variant.losses = vec![vec![Some(0.25), Some(0.75), None]];
        variant.probed = vec![0, 10];
        variant.rounded = vec![RecordedRounding {
            bits: 2,
            bytes: 300,
            metrics: vec![(Metric::Psnr, vec![Some(10.0), Some(12.0), None])],
            changes: vec![RecordedChange {
                name: "layers.1.weight".to_owned(),
                stable_rank: vec![Some(2.0), Some(4.0), None],
                error: vec![Some(0.25), Some(0.75), None],
            }],
        }];
        variant.matrices = vec![RecordedMatrix {
            quantity: Quantity::Weight,
            name: "layers.1.weight".to_owned(),
            full_rank: 4,
            means: vec![
                vec![Some(12.3), None, Some(2.0), Some(8.0)],
                vec![Some(45.0), None, Some(1.5), Some(9.0)],
            ],
            singular: Vec::new(),
            values: Vec::new(),
        }];
        recording
    }

    #[test]
    fn references_become_what_the_recording_says() {
        let recording = recording();
        let quoted = |text: &str| quoted(text, |id| (id == "it").then_some(&recording));
        for (text, wanted) in [
            ("no reference", "no reference"),
            ("a {{it: psnr \"plain\"}} b", "a 21.1 dB b"),
            ("{{it: range psnr \"plain\"}}", "20.0 to 22.2 dB"),
            ("{{it: training loss \"plain\"}}, {{it: seeds}}", "0.50, 3"),
            ("{{it: first kappa weight layers.1.weight \"plain\"}}", "12.3"),
            ("{{it: last norm weight layers.1.weight \"plain\"}}", "9.00"),
            ("{{it: 2 bits psnr \"plain\"}}, {{it: 2 bits bytes \"plain\"}}", "11.0 dB, 300"),
            ("{{it: 2 bits rank \"plain\"}}, {{it: 2 bits error \"plain\"}}", "3.00, 0.500"),
            ("{{it: claim 1}}", recording.claims[0].judged.sentence.as_str()),
        ] {
            assert_eq!(quoted(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn a_reference_that_means_nothing_is_an_error_that_names_it() {
        let recording = recording();
        let quoted = |text: &str| quoted(text, |id| (id == "it").then_some(&recording)).unwrap_err();
        for (text, said) in [
            ("{{it", "does not end"),
            ("{{seeds}}", "names no recording"),
            ("{{other: seeds}}", "a recording that does not exist"),
            ("{{it: psnr \"none\"}}", "names none of the variants plain; "),
            ("{{it: accuracy \"plain\"}}", "was not measured"),
            ("{{it: claim 99}}", "names a row that does not exist"),
            ("{{it: tuned \"plain\"}}", "was not tuned"),
            ("{{it: 3 bits psnr \"plain\"}}", "there are 2"),
            ("{{it: 2 bits loss \"plain\"}}", "was not recorded"),
            ("{{it: bananas}}", "asks for nothing that a recording has"),
            ("{{it: last kappa weight layers.9 \"plain\"}}", "there are layers.1.weight"),
        ] {
            assert!(quoted(text).contains(said), "{text}: {}", quoted(text));
        }
    }
}
