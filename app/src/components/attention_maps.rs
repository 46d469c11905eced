//! Attention maps of the newest probe: one picture a head, row by row which token looks at which.
//!
//! Where a map has negative weights, colours diverge from white: blue below zero, red above. Otherwise they go from the
//! background to one colour.

use kappa_core::probes::report::AttentionMap;
use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, ImageData};

use super::legend::Sample;
use crate::lab::use_lab;
use crate::theme::Theme;

/// All maps of one block and one seed, for each variant.
#[component]
pub fn AttentionMaps() -> impl IntoView {
    let lab = use_lab();
    let probed = Memo::new(move |_| {
        lab.run.read(|log| log.variants.iter().map(|v| v.probe.as_ref().map(|p| p.0)).collect::<Vec<_>>())
    });
    // The numbers are large: they are read only when a probe is new.
    let maps = Memo::new(move |_| {
        // Read, not only tracked: a memo that nobody reads is never computed.
        probed.get();
        lab.run.peek(|log| {
            let of = |variant: &crate::run::VariantLog| {
                (
                    variant.info.name.clone(),
                    variant.probe.as_ref().map(|(_, report)| report.attention.clone()).unwrap_or_default(),
                )
            };
            log.variants.iter().map(of).collect::<Vec<(String, Vec<AttentionMap>)>>()
        })
    });
    let block = RwSignal::new(0_usize);
    let blocks = Memo::new(move |_| {
        maps.with(|all| all.iter().flat_map(|(_, maps)| maps).map(|map| map.block + 1).max().unwrap_or(0))
    });
    let step = move || probed.get().into_iter().flatten().max().unwrap_or(0);
    let choose = move |event: leptos::ev::Event| block.set(event_target_value(&event).parse().unwrap_or(0));
    let options = move || {
        (0..blocks.get()).map(|index| view! {
        <option value=index selected=move || block.get() == index>{format!("Layer {}", index + 1)}</option>
    }).collect_view()
    };
    let groups = move || {
        let block = block.get().min(blocks.get().saturating_sub(1));
        maps.get()
            .into_iter()
            .enumerate()
            .map(|(index, (name, maps))| {
                // One seed is enough to look at: the first.
                let maps = maps.into_iter().filter(|map| map.block == block && map.replica == 0);
                view! {
                    <div class="map-group">
                        <h3><Sample index/> " " {name}</h3>
                        <div class="maps">{maps.map(|map| view! { <Map map/> }).collect_view()}</div>
                    </div>
                }
            })
            .collect_view()
    };
    view! {
        <section class="panel" aria-labelledby="maps-title" data-testid="attention-maps" hidden=move || blocks.get() == 0>
            <div class="panel-head">
                <h2 id="maps-title">"Attention maps"</h2>
                <label class="inline">
                    <span class="visually-hidden">"Layer of the maps"</span>
                    <select on:change=choose>{options}</select>
                </label>
            </div>
            <p class="field-help">
                {move || format!("First test example, first seed, at step {}. ", step())}
                "A row is a token, a column the token it looks at. Red is positive, blue negative."
            </p>
            {groups}
        </section>
    }
}

/// The map of one head.
#[component]
fn Map(map: AttentionMap) -> impl IntoView {
    let theme: Theme = expect_context();
    let canvas = NodeRef::<Canvas>::new();
    let (least, most) = range(&map.weights);
    let label = format!("Head {}: weights from {least:.2} to {most:.2}", map.head + 1);
    let (head, tokens) = (map.head + 1, map.tokens as u32);
    Effect::new(move || {
        let dark = theme.is_dark();
        let Some(canvas) = canvas.get() else { return };
        let context = canvas
            .get_context("2d")
            .ok()
            .flatten()
            .and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok());
        let pixels = colours(&map.weights, dark);
        let image = ImageData::new_with_u8_clamped_array(Clamped(&pixels), tokens);
        if let (Some(context), Ok(image)) = (context, image) {
            let _ = context.put_image_data(&image, 0.0, 0.0);
        }
    });
    view! {
        <figure class="map">
            <canvas width=tokens height=tokens role="img" aria-label=label node_ref=canvas></canvas>
            <figcaption>{format!("head {head}")} <span class="number">{format!("{least:.2} … {most:.2}")}</span></figcaption>
        </figure>
    }
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
    fn a_map_of_zeros_has_a_range() {
        assert_eq!(range(&[0.0; 4]), (0.0, 0.0));
        assert_eq!(range(&[]), (0.0, 0.0));
    }
}
