//! The budget as an axis: the outcome of every variant over the numbers that it trains, as a table and a picture of characters.

use crate::about::grouped;
use crate::table::columns;

/// Places of the picture, from left to right and from top to bottom.
const SIZE: [usize; 2] = [56, 12];

/// One variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent {
    /// Its name.
    pub name: String,
    /// The numbers that one seed trains.
    pub trained: u64,
    /// The mean of the metric over the seeds that have one.
    pub mean: f64,
    /// The same as people read it.
    pub outcome: String,
}

/// The table, by trained numbers, with a letter for each variant, and the picture: over the logarithm of the trained numbers,
/// higher numbers above. Empty where all variants train as many, or fewer than two have an outcome.
pub fn against_budget(word: &str, mut variants: Vec<Spent>) -> String {
    variants.retain(|one| one.mean.is_finite() && one.trained > 0);
    variants.sort_by_key(|one| one.trained);
    let (Some(least), Some(most)) = (variants.first(), variants.last()) else { return String::new() };
    if least.trained == most.trained {
        return String::new();
    }
    let letters = || (b'a'..=b'z').map(char::from);
    let mut rows = vec![vec![
        String::new(),
        "by budget".to_owned(),
        "trained numbers".to_owned(),
        format!("test {word}"),
    ]];
    rows.extend(variants.iter().zip(letters()).map(|(one, letter)| {
        vec![letter.to_string(), one.name.clone(), grouped(one.trained), one.outcome.clone()]
    }));
    let (low, high) = variants
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), one| (low.min(one.mean), high.max(one.mean)));
    let place = |share: f64, count: usize| (share * (count - 1) as f64).round() as usize;
    let logarithm = |trained: u64| (trained as f64).ln();
    let (left, right) = (logarithm(least.trained), logarithm(most.trained));
    let mut picture = vec![vec![' '; SIZE[0]]; SIZE[1]];
    for (one, letter) in variants.iter().zip(letters()) {
        let across = place((logarithm(one.trained) - left) / (right - left), SIZE[0]);
        let down = if high > low { place((high - one.mean) / (high - low), SIZE[1]) } else { 0 };
        // Of those that fall on one place, the next free one to the right, or to the left at the edge, shows the later.
        let line = &mut picture[down];
        let free = (across..SIZE[0]).chain((0..across).rev()).find(|at| line[*at] == ' ');
        line[free.unwrap_or(across)] = letter;
    }
    let by_height = |pick: fn(f64, f64) -> bool| {
        let found = variants.iter().reduce(|one, other| if pick(other.mean, one.mean) { other } else { one });
        found.map(|one| one.outcome.split(" ±").next().unwrap_or_default().to_owned()).unwrap_or_default()
    };
    let (top, bottom) = (by_height(|other, one| other > one), by_height(|other, one| other < one));
    let margin = top.chars().count().max(bottom.chars().count());
    let mut text = format!("\n{}\n", columns(&rows));
    for (index, line) in picture.iter().enumerate() {
        let label = match index {
            0 => &top[..],
            at if at + 1 == SIZE[1] => &bottom[..],
            _ => "",
        };
        let line: String = line.iter().collect();
        text.push_str(format!("{label:>margin$} │{line}").trim_end());
        text.push('\n');
    }
    let ends = [grouped(least.trained), grouped(most.trained)];
    let between = SIZE[0].saturating_sub(ends[0].len());
    text.push_str(&format!("{:margin$} └{}\n", "", "─".repeat(SIZE[0])));
    text.push_str(&format!("{:margin$}  {}{:>between$}\n", "", ends[0], ends[1]));
    text.push_str(&format!("Test {word} over trained numbers, on a logarithmic axis.\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(name: &str, trained: u64, mean: f64) -> Spent {
        Spent { name: name.to_owned(), trained, mean, outcome: format!("{mean:.2} ± 0.01") }
    }

    #[test]
    fn every_variant_stands_over_its_trained_numbers_at_its_height() {
        let variants = vec![
            spent("LoRA 16", 4096, 0.5),
            spent("LoRA 4", 1024, 1.0),
            spent("SineLoRA 4", 1024, 1.0),
            spent("LoRA 8", 2048, 0.75),
            spent("none", 9999, f64::NAN),
        ];
        let text = against_budget("relative error", variants);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains("trained numbers") && !text.contains("none"), "{text}");
        assert!(
            lines[2].starts_with("a") && lines[2].contains("LoRA 4") && lines[2].contains("1,024"),
            "{text}"
        );
        assert!(lines[5].starts_with("d") && lines[5].contains("LoRA 16"), "{text}");
        let picture = &lines[7..7 + SIZE[1]];
        let at = |letter: char| {
            let row =
                picture.iter().position(|line| line.split('│').nth(1).unwrap().contains(letter)).unwrap();
            (row, picture[row].split('│').nth(1).unwrap().chars().position(|other| other == letter).unwrap())
        };
        assert_eq!([at('a'), at('b')], [(0, 0), (0, 1)], "side by side where they meet: {text}");
        assert_eq!(at('d'), (SIZE[1] - 1, SIZE[0] - 1), "{text}");
        // Halfway on the logarithm, and halfway down.
        let (row, column) = at('c');
        assert!(row.abs_diff(SIZE[1] / 2) <= 1 && column.abs_diff(SIZE[0] / 2) <= 1, "{text}");
        assert!(picture[0].starts_with("1.00 │") && picture[SIZE[1] - 1].starts_with("0.50 │"), "{text}");
        assert!(text.contains("1,024") && text.contains("4,096"));
    }

    #[test]
    fn equal_budgets_have_no_axis() {
        assert_eq!(against_budget("loss", vec![spent("a", 7, 1.0), spent("b", 7, 2.0)]), "");
        assert_eq!(against_budget("loss", vec![spent("a", 7, 1.0)]), "");
        assert_eq!(against_budget("loss", Vec::new()), "");
        let level = against_budget("loss", vec![spent("a", 7, 1.0), spent("b", 70, 1.0)]);
        assert!(level.contains('│'), "the same height: {level}");
    }
}
