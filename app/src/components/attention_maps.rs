//! Attention maps of the first and of the newest measurement: one picture a head, row by row which token looks at which.
//!
//! Where a map has negative weights, colours diverge from white: blue below zero, red above. Otherwise they go from the
//! background to one colour.

use kappa_core::probes::report::AttentionMap;
use kappa_core::spec::Experiment;
use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, ImageData};

use super::legend::Sample;
use super::measurements::Choice;
use crate::memo::memo;
use crate::run::{VariantLog, offsets};
use crate::shown::use_shown;
use crate::theme::Theme;

/// All maps of one block and one seed, for each variant.
#[component]
pub fn AttentionMaps() -> impl IntoView {
    let run = use_shown();
    let probed = run.probed();
    let block = RwSignal::new(0_usize);
    let first = RwSignal::new(false);
    // Where maps were kept: how many blocks have one, and the steps of the first and of the newest measurement.
    let kept = memo(move || {
        probed.get();
        run.peek(|log| {
            let all = || log.variants.iter().flat_map(|variant| variant.probes.maps());
            let blocks = all().flat_map(|(_, maps)| maps).map(|map| map.block + 1).max().unwrap_or(0);
            let steps = || all().map(|(step, _)| *step);
            (blocks, steps().min().unwrap_or(0), steps().max().unwrap_or(0))
        })
    });
    let image = memo(move || {
        let has_edge = |experiment: &Experiment| experiment.task.reading().is_image();
        run.read(|log| log.experiment.as_ref().is_some_and(has_edge))
    });
    // The numbers are large: only those that are shown are copied.
    // With each variant, the offsets that its heads start with, where those are fixed; others are drawn for each seed.
    let maps = memo(move || {
        probed.get();
        let block = block.get().min(kept.get().0.saturating_sub(1));
        let of = |(index, variant): (usize, &VariantLog), experiment: Option<&Experiment>| {
            let model = experiment.and_then(|experiment| experiment.variant(index).ok()).map(|e| e.model);
            let imitates = model.and_then(|model| model.outline().initialization?.chosen().offsets());
            let maps = variant.probes.maps();
            let maps = if first.get() { maps.first() } else { maps.last() };
            // One seed is enough to look at: the first.
            let shown = |map: &&AttentionMap| map.block == block && map.replica == 0;
            let maps: Vec<AttentionMap> =
                maps.iter().flat_map(|(_, maps)| maps).filter(shown).cloned().collect();
            (variant.info.name.clone(), imitates, maps)
        };
        run.peek(|log| {
            log.variants.iter().enumerate().map(|one| of(one, log.experiment.as_ref())).collect::<Vec<_>>()
        })
    });
    let step = move || if first.get() { kept.get().1 } else { kept.get().2 };
    let groups = move || {
        let groups = maps.get().into_iter().enumerate().filter(|(_, (_, _, maps))| !maps.is_empty());
        groups
            .map(|(index, (name, imitates, maps))| {
                let image = image.get();
                view! {
                    <div class="map-group">
                        <h3><Sample index/> " " {name}</h3>
                        <div class="maps">{maps.into_iter().map(|map| view! { <Map map image imitates/> }).collect_view()}</div>
                    </div>
                }
            })
            .collect_view()
    };
    let layers = memo(move || {
        (0..kept.get().0).map(|index| (index.to_string(), format!("Layer {}", index + 1))).collect()
    });
    let moments = memo(move || match kept.get() {
        (_, first, newest) if first < newest => {
            vec![("newest".to_owned(), "Newest".to_owned()), ("first".to_owned(), format!("At step {first}"))]
        }
        _ => Vec::new(),
    });
    let moment = memo(move || if first.get() { "first" } else { "newest" }.to_owned());
    let layer = memo(move || block.get().to_string());
    view! {
        <section class="panel" aria-labelledby=run.id("maps-title") data-testid=run.id("attention-maps")
            hidden=move || kept.get().0 == 0>
            <div class="panel-head">
                <h2 id=run.id("maps-title")>"Attention maps"</h2>
                <div class="selects">
                    <Choice name="map-step" label="Measurement of the maps" options=moments value=moment
                        choose=Callback::new(move |name: String| first.set(name == "first"))/>
                    <Choice name="map-layer" label="Layer of the maps" options=layers value=layer
                        choose=Callback::new(move |index: String| block.set(index.parse().unwrap_or(0)))/>
                </div>
            </div>
            <p class="field-help">
                {move || format!("First test example, first seed, at step {}. ", step())}
                "A row is a token, a column the token it looks at. Red is positive, blue negative."
                {move || image.get().then_some(
                    " The small picture beside a map is the filter that it amounts to: the mean weight at each offset, from \
                     two tokens up and left to two down and right, with the token itself in the middle. With a dashed frame: the filter that \
                     a structured start imitates.",
                )}
            </p>
            {groups}
        </section>
    }
}

/// The map of one head, and for an image the filter that it amounts to and the one that it imitated at the start.
#[component]
fn Map(map: AttentionMap, image: bool, imitates: Option<&'static [(i32, i32)]>) -> impl IntoView {
    let (least, most) = range(&map.weights);
    let (head, tokens) = (map.head + 1, map.tokens);
    let label = format!("Head {head}: weights from {least:.2} to {most:.2}");
    let filter = image.then(|| offsets::means(&map.weights, tokens)).flatten().map(|means| {
        let (strongest, weight) = strongest(&means);
        let label = format!("Head {head} as a filter: the most weight, {weight:.2}, lies {strongest}");
        view! { <Picture weights=means edge=2 * offsets::REACH + 1 label class="filter"/> }
    });
    let target = imitates.map(|imitated| {
        let means = offsets::impulse(imitated[map.head % imitated.len()]);
        let label = format!("Head {head} imitated at the start: all weight {}", strongest(&means).0);
        view! { <Picture weights=means edge=2 * offsets::REACH + 1 label class="filter target"/> }
    });
    view! {
        <figure class="map">
            <div class="map-pictures"><Picture weights=map.weights edge=tokens label/> <div>{filter} {target}</div></div>
            <figcaption>{format!("head {head}")} <span class="number">{format!("{least:.2} … {most:.2}")}</span></figcaption>
        </figure>
    }
}

/// Where the weight of a filter is largest in size, in words: "1 up, 2 right", "on the token itself".
fn strongest(means: &[f32]) -> (String, f32) {
    let edge = 2 * offsets::REACH + 1;
    let found = means.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    let (at, weight) = found.unwrap_or_default();
    let way = |at: usize, before: &str, after: &str| match at.cmp(&offsets::REACH) {
        std::cmp::Ordering::Less => Some(format!("{} {before}", offsets::REACH - at)),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(format!("{} {after}", at - offsets::REACH)),
    };
    let ways: Vec<String> =
        [way(at / edge, "up", "down"), way(at % edge, "left", "right")].into_iter().flatten().collect();
    (if ways.is_empty() { "on the token itself".to_owned() } else { ways.join(", ") }, weight)
}

/// Square weights as colours.
#[component]
fn Picture(
    weights: Vec<f32>,
    edge: usize,
    label: String,
    #[prop(optional)] class: &'static str,
) -> impl IntoView {
    let theme: Theme = expect_context();
    let canvas = NodeRef::<Canvas>::new();
    let edge = edge as u32;
    Effect::new(move || {
        let dark = theme.is_dark();
        let Some(canvas) = canvas.get() else { return };
        let context = canvas
            .get_context("2d")
            .ok()
            .flatten()
            .and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok());
        let pixels = colours(&weights, dark);
        let image = ImageData::new_with_u8_clamped_array(Clamped(&pixels), edge);
        if let (Some(context), Ok(image)) = (context, image) {
            let _ = context.put_image_data(&image, 0.0, 0.0);
        }
    });
    view! { <canvas class=class width=edge height=edge role="img" aria-label=label node_ref=canvas></canvas> }
}

fn range(weights: &[f32]) -> (f32, f32) {
    let finite = || weights.iter().copied().filter(|weight| weight.is_finite());
    (finite().fold(f32::INFINITY, f32::min).min(0.0), finite().fold(f32::NEG_INFINITY, f32::max).max(0.0))
}

/// Four bytes a weight. The largest size of a weight gets the full colour; weights that are not finite are grey.
fn colours(weights: &[f32], dark: bool) -> Vec<u8> {
    const RED: [f32; 3] = [190.0, 42.0, 30.0];
    const BLUE: [f32; 3] = [20.0, 90.0, 190.0];
    const BRIGHT_RED: [f32; 3] = [255.0, 138.0, 110.0];
    const BRIGHT_BLUE: [f32; 3] = [110.0, 180.0, 255.0];
    let (zero, up, down) = match dark {
        true => ([24.0, 27.0, 32.0], BRIGHT_RED, BRIGHT_BLUE),
        false => ([255.0, 253.0, 249.0], RED, BLUE),
    };
    let (least, most) = range(weights);
    let full = most.max(-least).max(f32::MIN_POSITIVE);
    let pixel = |weight: &f32| {
        if !weight.is_finite() {
            return [128, 128, 128, 255];
        }
        let to = if *weight < 0.0 { down } else { up };
        let share = (weight.abs() / full).min(1.0);
        let [r, g, b] = std::array::from_fn(|c| (zero[c] + (to[c] - zero[c]) * share).round() as u8);
        [r, g, b, 255]
    };
    weights.iter().flat_map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_of_a_weight_decides_its_colour() {
        let pixels = colours(&[1.0, -1.0, 0.0, f32::NAN], false);
        assert!(pixels[0] > pixels[2], "positive is red");
        assert!(pixels[6] > pixels[4], "negative is blue");
        assert_eq!(&pixels[8..11], [255, 253, 249]);
        assert_eq!(&pixels[12..15], [128, 128, 128]);
    }

    #[test]
    fn where_a_filter_looks_is_said_in_words() {
        let at = |place: usize| {
            let mut means = vec![0.1; 25];
            means[place] = -0.9;
            strongest(&means)
        };
        assert_eq!(at(12), ("on the token itself".to_owned(), -0.9));
        assert_eq!(at(8).0, "1 up, 1 right");
        assert_eq!(at(22).0, "2 down");
    }

    #[test]
    fn a_map_of_zeros_has_a_range() {
        assert_eq!(range(&[0.0; 4]), (0.0, 0.0));
        assert_eq!(range(&[]), (0.0, 0.0));
    }
}
