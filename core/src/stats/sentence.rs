//! A judged row as one sentence, in the unit of the reader.
//!
//! "Supported (claimed: lower): −23 points, 95 % interval [−41, −5], n = 5, p = 0.024."

use super::unit::Digits;
use super::{ALPHA, Form, Judged, Limit, Measure, Says, Statement, Verdict, Whose};
use crate::fields::decimal;

impl Judged {
    /// The verdict in a few words, for a badge. A control that does what it should reads as that.
    pub fn heading(&self) -> String {
        let words = match (self.verdict, self.whose) {
            (Verdict::NotDecided, _) => format!("Not decided by {}", seeds(self.pairs.len())),
            (Verdict::Supported, Whose::Paper) => "Supported".to_owned(),
            (Verdict::Supported, Whose::Control) => "As expected".to_owned(),
            (Verdict::Supported, Whose::Lab) => "Holds here".to_owned(),
            (Verdict::Contradicted, Whose::Paper) => "Contradicted".to_owned(),
            (Verdict::Contradicted, Whose::Control) => "Not as expected".to_owned(),
            (Verdict::Contradicted, Whose::Lab) => "Does not hold here".to_owned(),
        };
        if self.look.is_some() { words } else { format!("So far: {}", lower_case(&words)) }
    }
}

/// The whole sentence.
pub(super) fn of(row: &Judged, measure: &Measure) -> String {
    let reader = Reader::new(row, measure);
    let mut text = format!("{} (claimed: {}): ", row.heading(), reader.claim(row));
    text += &reader.effect(row);
    text += &format!(", {}", reader.interval(row));
    let counted = row.pairs.len() - row.failures.both;
    text += &format!(", n = {counted}, {}", p_values(row));
    if row.failures.alone() + row.failures.both > 0 {
        text += &format!("; {}", failures(row));
    }
    if row.verdict != row.alone {
        text += &format!("; alone it would be {}", lower_case(&row.alone.to_string()));
    }
    if let Some(flips) = row.flips.filter(|flips| flips.agrees == Some(false)) {
        text += &format!("; the sign-flip test says otherwise, p = {}", p_value(flips.p));
    }
    if row.verdict == Verdict::NotDecided {
        text += &row.would_have_seen.map_or(String::new(), |distance| {
            format!(
                "; {} in four of five runs",
                findable(measure, row.statement, distance, "would have been")
            )
        });
    }
    text + "."
}

/// Numbers as the reader sees them.
struct Reader<'a> {
    measure: &'a Measure,
    digits: Digits,
}

impl<'a> Reader<'a> {
    fn new(row: &Judged, measure: &'a Measure) -> Self {
        let read = |value: f64| shown(measure, value);
        let middle = if row.failures.alone() == 0 { row.mean } else { row.median }.unwrap_or(0.0);
        let end = |end: Limit| end.number().unwrap_or(middle);
        let (low, high) = (end(row.interval.low), end(row.interval.high));
        let margin = measure.threshold(row.statement.margin().get());
        let thresholds: Vec<f64> = match row.statement.says() {
            Says::Higher | Says::NotHigher => vec![read(margin)],
            Says::Lower | Says::NotLower => vec![read(0.0 - margin)],
            Says::Same => vec![read(0.0 - margin), read(margin)],
        };
        Self { measure, digits: Digits::to_show(read(middle), read(low), read(high), &thresholds) }
    }

    /// A difference with its sign, or a ratio.
    fn signed(&self, value: f64) -> String {
        signed(self.measure, self.digits, value)
    }

    fn claim(&self, row: &Judged) -> String {
        let margin = row.statement.margin().get();
        let says = row.statement.says();
        if margin == 0.0 {
            return says.words().to_owned();
        }
        let by = if says == Says::Same { "within" } else { "by more than" };
        format!("{} {by} {}", says.words(), self.margin(margin))
    }

    /// A margin as it was written, in the unit of the reader.
    fn margin(&self, margin: f64) -> String {
        match self.measure.form {
            Form::Difference => {
                // As many digits as were written, and no rounding errors of the scale.
                let scaled = (margin * self.measure.unit.scale * 1e9).round() / 1e9;
                with_unit(self.measure, format!("{scaled}"))
            }
            Form::Ratio => format!("a factor of {}", ((1.0 + margin) * 1e9).round() / 1e9),
        }
    }

    fn effect(&self, row: &Judged) -> String {
        if row.failures.alone() == 0 {
            return row.mean.map_or("no difference".to_owned(), |mean| self.signed(mean));
        }
        match row.median {
            Some(median) => format!("median {}", self.signed(median)),
            None => "median beyond every number".to_owned(),
        }
    }

    fn interval(&self, row: &Judged) -> String {
        let span = &row.interval;
        let (least, most) = match self.measure.form {
            Form::Difference => ("−∞", "∞"),
            Form::Ratio => ("0", "∞"),
        };
        let end = |end: Limit, open: &str, beyond: &str| match end {
            Limit::At(number) => self.digits.plain(shown(self.measure, number)),
            Limit::Open => open.to_owned(),
            Limit::Beyond => beyond.to_owned(),
        };
        let looks = row
            .look
            .filter(|look| look.of > 1)
            .map_or(String::new(), |look| format!(" over all {} looks, at look {},", look.of, look.number));
        let percent = (100.0 * span.confidence).round();
        format!(
            "{percent} % interval{looks} [{}, {}]",
            end(span.low, least, most),
            end(span.high, most, least)
        )
    }
}

/// What lies as far as `distance` from the threshold of a statement: "an effect above 3.1 points would be seen".
pub(super) fn findable(measure: &Measure, statement: Statement, distance: f64, would_be: &str) -> String {
    let margin = measure.threshold(statement.margin().get());
    let edge = match statement.says() {
        Says::Same => distance,
        Says::Higher => margin + distance,
        Says::Lower => -(margin + distance),
        Says::NotLower => distance - margin,
        Says::NotHigher => margin - distance,
    };
    let zero = shown(measure, 0.0);
    let text = |value: f64| {
        let read = shown(measure, value);
        // Two digits of how far it is from nothing.
        signed(measure, Digits::to_show(read, 2.0 * zero - read, read, &[]), value)
    };
    match statement.says() {
        Says::Same => format!(
            "two that are equal {would_be} found the same within {}",
            text(edge).trim_start_matches(['+', '×', ' '])
        ),
        Says::Higher | Says::Lower if margin == 0.0 => {
            format!("an effect above {} {would_be} seen", text(edge.abs()).trim_start_matches('+'))
        }
        Says::Higher | Says::NotLower => format!("a difference above {} {would_be} seen", text(edge)),
        Says::Lower | Says::NotHigher => format!("a difference below {} {would_be} seen", text(edge)),
    }
}

/// A difference with its sign and its unit, or a ratio.
fn signed(measure: &Measure, digits: Digits, value: f64) -> String {
    let text = match measure.form {
        Form::Difference => digits.signed(shown(measure, value)),
        Form::Ratio => format!("× {}", digits.plain(shown(measure, value))),
    };
    with_unit(measure, text)
}

fn with_unit(measure: &Measure, text: String) -> String {
    let name = if text == "1" { measure.unit.singular() } else { measure.unit.name };
    let space = if name.is_empty() { "" } else { " " };
    format!("{text}{space}{name}")
}

/// A difference in the unit of the reader, a logarithm as the ratio that it is.
fn shown(measure: &Measure, value: f64) -> f64 {
    match measure.form {
        Form::Difference => value * measure.unit.scale,
        Form::Ratio => value.exp(),
    }
}

fn p_values(row: &Judged) -> String {
    let mut text = format!("p = {}", p_value(row.p));
    if let Some(look) = row.look.filter(|look| look.of > 1) {
        text += &format!(", {} for {} looks", p_value(row.overall_p), look.of);
    }
    if let Some(corrected) = row.corrected_p.filter(|_| row.family > 1) {
        text += &format!(", {} as one of {} rows", p_value(corrected), row.family);
    }
    text.replace("p = <", "p <")
}

/// Two digits, and more where rounding would cross the level of decisions.
fn p_value(p: f64) -> String {
    if p < 0.001 {
        return "< 0.001".to_owned();
    }
    let fewest = if p < 0.1 { 3 } else { 2 };
    let honest =
        |text: &String| decimal(text).is_some_and(|rounded| rounded.total_cmp(&ALPHA) == p.total_cmp(&ALPHA));
    let texts = (fewest..12).map(|digits| format!("{p:.digits$}"));
    texts.clone().find(honest).unwrap_or_else(|| format!("{p}"))
}

fn failures(row: &Judged) -> String {
    let all = seeds(row.pairs.len());
    let failures = &row.failures;
    let (variant, against) = (failures.variant + failures.both, failures.against + failures.both);
    let count = |count: usize| if count == 0 { "none".to_owned() } else { count.to_string() };
    format!(
        "of {all}, it failed on {} and what it stands against on {} (exact p = {})",
        count(variant),
        count(against),
        p_value(failures.p)
    )
    .replace("p = <", "p <")
}

fn seeds(count: usize) -> String {
    if count == 1 { "1 seed".to_owned() } else { format!("{count} seeds") }
}

fn lower_case(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| {
        std::iter::once(first.to_ascii_lowercase()).chain(characters).collect()
    })
}

#[cfg(test)]
mod tests;
