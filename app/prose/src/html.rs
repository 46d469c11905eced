//! Prose as HTML. What it holds is text: marks of HTML in it are shown, not obeyed.

use std::fmt::Write as _;

use kappa_core::catalog::{Background, Reported, Source};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A lesson. Its title is left out, since the page shows the experiment's. Headings below it go one level down, under the page's
/// own.
pub fn lesson(markdown: &str) -> String {
    let lower = |level| match level {
        HeadingLevel::H1 | HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        _ => HeadingLevel::H5,
    };
    let markdown =
        markdown.strip_prefix("# ").and_then(|rest| rest.split_once('\n')).map_or(markdown, |(_, rest)| rest);
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: lower(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

/// A table of what a paper reports, where there is any, and a list of what to know.
pub fn background(background: &Background) -> String {
    let mut out = String::new();
    if !background.reported.is_empty() {
        out.push_str(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Reported numbers\"><table><thead><tr>\
             <th scope=\"col\">Where</th><th scope=\"col\">Variant</th><th scope=\"col\">Without</th>\
             <th scope=\"col\">With</th></tr></thead><tbody>",
        );
        out.extend(background.reported.iter().map(reported));
        out.push_str("</tbody></table></div>");
    }
    out.push_str("<ul class=\"notes\">");
    for note in background.notes {
        let _ = write!(out, "<li>{}</li>", escaped(note));
    }
    out + "</ul>"
}

fn reported(row: &Reported) -> String {
    let about = if row.approximate { "≈ " } else { "" };
    let number = |value: f64| format!("<td class=\"number\">{about}{value:.1} {}</td>", escaped(row.unit));
    let source = match row.source {
        Source::Paper(place) => format!("In the paper: {place}"),
        Source::Secondary(place) => format!("Not checked against the paper: {place}"),
    };
    let [source, what, variant] = [&source, row.what, row.variant_name].map(escaped);
    let numbers = number(row.baseline) + &number(row.variant);
    format!("<tr title=\"{source}\"><th scope=\"row\">{what}</th><td>{variant}</td>{numbers}</tr>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_left_out_and_marks_of_html_are_text() {
        assert_eq!(
            lesson("# Title\n\n## Part\n\na <b>b</b> *c*\n"),
            "<h3>Part</h3>\n<p>a &lt;b&gt;b&lt;/b&gt; <em>c</em></p>\n"
        );
    }

    #[test]
    fn a_reported_number_stands_with_its_unit_and_where_it_was_found() {
        let row = Reported {
            what: "top-1 & more",
            variant_name: "x<y",
            unit: "%",
            baseline: 92.0,
            variant: 90.25,
            approximate: true,
            source: Source::Paper("Table \"2\""),
        };
        assert_eq!(
            reported(&row),
            "<tr title=\"In the paper: Table &quot;2&quot;\"><th scope=\"row\">top-1 &amp; more</th><td>x&lt;y</td>\
             <td class=\"number\">≈ 92.0 %</td><td class=\"number\">≈ 90.2 %</td></tr>"
        );
        let nothing = Background { reported: &[], notes: &["A note."] };
        assert_eq!(background(&nothing), "<ul class=\"notes\"><li>A note.</li></ul>");
    }
}
