//! What the replicas say about the paper's claim: a word, a sign that is not only a colour, and the sentence.

use kappa_core::stats::{Verdict, VerdictReport};
use leptos::prelude::*;

/// A badge with its sentence.
#[component]
pub fn VerdictBadge(report: VerdictReport) -> impl IntoView {
    let (class, sign) = match report.verdict {
        Verdict::Supported => ("verdict supported", "✓"),
        Verdict::Contradicted => ("verdict contradicted", "✕"),
        Verdict::NotDecided => ("verdict undecided", "?"),
    };
    // The sentence begins with the verdict's own word, which the badge says already.
    let word = report.verdict.to_string();
    let rest = report.sentence.strip_prefix(&word).unwrap_or(&report.sentence);
    let rest = rest.trim_start_matches([':', ' ']).to_owned();
    view! {
        <span class=class><span aria-hidden="true">{sign}</span> " " {word}</span>
        <span class="verdict-sentence">{rest}</span>
    }
}
