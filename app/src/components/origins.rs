//! What of each network comes from where: a picture of its parts, coloured by the source that they are taken from.

use kappa_core::spec::{Experiment, FIELDS, tree};
use leptos::prelude::*;

use crate::lab::use_lab;
use crate::memo::memo;

/// A part of a network, and which source it is taken from, counted from 1; none where it starts as it would by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    name: String,
    source: Option<usize>,
}

/// A row for every variant, where any takes something.
#[component]
pub fn Origins() -> impl IntoView {
    let lab = use_lab();
    let rows = memo(move || lab.draft.with(rows));
    let names = memo(move || lab.draft.with(called));
    view! {
        <section class="panel origins" aria-labelledby="origins-title" data-testid="origins" hidden=move || rows.with(Vec::is_empty)>
            <h2 id="origins-title">"Where the networks start from"</h2>
            <p class="origin-key">
                {move || names.get().into_iter().map(|(number, name)| view! {
                    <span><span class=format!("origin-part series-{number}")></span>{name}</span>
                }).collect_view()}
                <span><span class="origin-part"></span>"random numbers"</span>
            </p>
            <ul class="origin-rows">
                {move || rows.get().into_iter().map(|(name, parts)| view! {
                    <li>
                        <span class="progress-name">{name}</span>
                        <span class="origin-parts">{parts.into_iter().map(|part| {
                            let class = part.source.map_or(String::new(), |number| format!("series-{number} taken"));
                            let from = part.source.map_or(String::from("random numbers"), |number| format!("source {number}"));
                            let title = format!("{}: from {from}", part.name);
                            view! { <span class=format!("origin-part {class}") title=title.clone() role="img" aria-label=title></span> }
                        }).collect_view()}</span>
                    </li>
                }).collect_view()}
            </ul>
        </section>
    }
}

/// The sources that any variant takes of, with what they are called.
fn called(draft: &Experiment) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for index in 0..draft.variants.len() {
        let needed = draft.variant(index).and_then(|variant| draft.needed(&variant));
        for one in needed.unwrap_or_default() {
            if !found.iter().any(|(number, _)| *number == one.number) {
                let place = found.partition_point(|(number, _)| *number < one.number);
                found.insert(place, (one.number, one.called()));
            }
        }
    }
    found
}

fn rows(draft: &Experiment) -> Vec<(String, Vec<Part>)> {
    let names = draft.variant_names();
    let of = |(index, name): (usize, String)| Some((name, parts(&draft.variant(index).ok()?)));
    let rows: Vec<(String, Vec<Part>)> = names.into_iter().enumerate().filter_map(of).collect();
    let any = rows.iter().any(|(_, parts)| parts.iter().any(|part| part.source.is_some()));
    if any { rows } else { Vec::new() }
}

/// Embeddings, attention, MLP and norms of every block, and the head, each with the last source that takes it.
fn parts(variant: &Experiment) -> Vec<Part> {
    let depth = FIELDS.iter().find(|field| field.path == "model.depth");
    let depth = depth.and_then(|field| tree::value(variant, field)?.as_u64()).unwrap_or(0);
    let mut asked = vec![("embeddings".to_owned(), "embedding.token.weight".to_owned())];
    for block in 0..depth {
        for (part, parameter) in
            [("attention", "attention.query.weight"), ("MLP", "mlp.up.weight"), ("norms", "mlp.norm.scale")]
        {
            asked.push((format!("{part} of block {}", block + 1), format!("blocks.{block}.{parameter}")));
        }
    }
    asked.push(("head".to_owned(), "head.weight".to_owned()));
    let sources = variant.source.all();
    let part = |(name, parameter): (String, String)| {
        let source = sources.iter().rposition(|source| source.takes(&parameter)).map(|index| index + 1);
        Part { name, source }
    };
    asked.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_the_last_source_that_takes_it() {
        let mut draft = kappa_core::catalog::find("tiny").unwrap().experiment().clone();
        assert!(rows(&draft).is_empty() && called(&draft).is_empty());
        for setting in ["source.1.take=attention, mlp", "source.2.take=mlp", "source.2.called=Rules"] {
            kappa_core::spec::set_path(&mut draft, setting).unwrap();
        }
        assert_eq!(called(&draft), [(1, "source 1".to_owned()), (2, "Rules".to_owned())]);
        let found: Vec<_> = rows(&draft)[0].1.iter().map(|part| part.source).collect();
        let block = [Some(1), Some(2), None];
        assert_eq!(found, [&[None][..], &block, &block, &[None]].concat());
    }
}
