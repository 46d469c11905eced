//! Out and in again, PEFT's own files, and files that are bad. `cargo xtask interop` makes the fixtures, with PEFT on the other
//! side.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};

use super::*;
use crate::layers::Linear;
use crate::networks::NAMES;
use crate::parameters::Builder;
use crate::random::{Stream, normal};
use crate::techniques::weights::Conditioner;
use crate::techniques::weights::dora::Dora;
use crate::techniques::weights::lora::{Lora, Scaling};
use crate::techniques::weights::nola::Nola;
use crate::techniques::weights::randlora::{RandLora, Scale};
use crate::techniques::weights::vera::Vera;

const OWN: LayerNames = NAMES[0];
const SEED: u64 = 3;

/// The numbers that a layer reads in a fixture, beside the network: so many lines.
const LINES: usize = 4;

/// The adapters of the fixtures, by the names of their folders.
fn weights(kind: &str) -> Weights {
    let head = || "head".to_owned();
    let on = |list: &str| list.to_owned();
    match kind {
        "lora" | "bert" => {
            Lora { on: on("query, up"), along: head(), rank: 2, alpha: 3.0, scaling: Scaling::Rank }.into()
        }
        "rslora" => {
            Lora { on: on("attention, mlp"), along: head(), rank: 4, alpha: 3.0, scaling: Scaling::Root }
                .into()
        }
        "dora" => {
            Dora { on: on("query, up, down"), along: head(), rank: 2, alpha: 3.0, ..Default::default() }
                .into()
        }
        // One shape, as we draw it, and two that PEFT cuts from one.
        "vera" => Vera { on: on("query, value"), along: head(), rank: 3, ..Default::default() }.into(),
        "vera-cut" => {
            Vera { on: on("query, up, down"), along: String::new(), rank: 3, ..Default::default() }.into()
        }
        "randlora" => {
            RandLora { on: on("up, down"), along: head(), basis: 4, alpha: 5.0, ..Default::default() }.into()
        }
        "randlora-cut" => RandLora {
            on: on("query, up, down"),
            along: String::new(),
            basis: 4,
            alpha: 5.0,
            ..Default::default()
        }
        .into(),
        other => panic!("there is no fixture {other}"),
    }
}

const OURS: [&str; 6] = ["lora", "rslora", "dora", "vera", "randlora", "bert"];
const THEIRS: [&str; 7] = ["lora", "rslora", "dora", "vera", "vera-cut", "randlora", "randlora-cut"];

/// What the layers are called in a fixture.
fn names(kind: &str) -> &'static LayerNames {
    if kind == "bert" { &NAMES[1] } else { &NAMES[0] }
}

struct Network {
    layout: Layout,
    row: Vec<f32>,
    conditioner: Box<dyn Conditioner>,
}

/// A block and a head.
fn network(weights: &Weights) -> Network {
    let mut builder = Builder::new(vec![SEED]);
    let b = &mut builder;
    let draw =
        |name: &'static str, rows: usize, columns: usize| move |seed| normal(seed, name, rows * columns, 0.5);
    let layer = |b: &mut Builder, name: &'static str, rows, columns| {
        let bias = move |seed| normal(seed, &format!("{name}.bias"), columns, 0.1);
        Linear::with_start(b, name, [rows, columns], draw(name, rows, columns), bias)
    };
    let attention = layer(b, "blocks.0.attention.projection", 6, 18);
    let parts = ["query", "key", "value"].map(|part| format!("blocks.0.attention.{part}.weight"));
    b.name_parts(attention.weight, parts);
    layer(b, "blocks.0.mlp.up", 6, 10);
    layer(b, "blocks.0.mlp.down", 10, 6);
    layer(b, "head", 6, 3);
    let conditioner = weights.engine().conditioner(b, &Device::flex()).unwrap().expect("an adapter");
    let (layout, values) = builder.finish();
    Network { layout, row: values.iter::<f32>().collect(), conditioner }
}

impl Network {
    /// With every factor, and what is trained along, moved at random.
    fn moved(mut self) -> Self {
        let mut stream = Stream::new(5, "moved");
        for p in self.layout.parameters().iter().filter(|p| p.is_trained()) {
            self.row[p.offset..][..p.rows * p.columns]
                .iter_mut()
                .for_each(|x| *x += 0.3 * stream.normal() as f32);
        }
        self
    }

    fn seen(&self) -> Vec<f32> {
        let raw = TensorData::new(self.row.clone(), [1, self.row.len()]);
        let made = self.conditioner.weights(&Tensor::from_data(raw, &Device::flex()));
        made.weights.into_data().iter::<f32>().collect()
    }

    /// What a layer answers: `x W + b`, as loops.
    fn output(&self, seen: &[f32], layer: &str, x: &[f32]) -> Vec<f32> {
        let all = layers::pieces(&self.layout);
        let of = |key: &str| all.iter().find(|matrix| matrix.name == format!("{layer}.{key}"));
        let (weight, bias) = (of("weight").expect(layer), of("bias").expect(layer));
        let (w, b) = (weight.gather(seen), bias.gather(seen));
        let mut y = Vec::new();
        for line in x.chunks_exact(weight.rows) {
            for column in 0..weight.columns {
                let terms = line
                    .iter()
                    .enumerate()
                    .map(|(row, x)| f64::from(*x) * f64::from(w[row * weight.columns + column]));
                y.push((terms.sum::<f64>() + f64::from(b[column])) as f32);
            }
        }
        y
    }

    /// The layers that adapt or are trained along, by both names, with their inputs and outputs.
    fn changed(&self, weights: &Weights, names: &LayerNames) -> Vec<(String, String, [usize; 2])> {
        let adapter = exchange(weights).unwrap();
        let mut found = Vec::new();
        for module in modules(adapter.places().0, &self.layout, names).unwrap() {
            let layer = module.matrix.strip_suffix(".weight").unwrap().to_owned();
            found.push((layer, module.path, module.shape));
        }
        for (layer, path) in along(&self.layout, names).unwrap() {
            let weight = layer.matrices.iter().find(|matrix| matrix.name.ends_with(".weight")).unwrap();
            found.push((layer.name.clone(), path, [weight.rows, weight.columns]));
        }
        found
    }
}

/// An export of ours, and what every changed layer answers to some lines.
fn exported(kind: &str) -> (Folder, Vec<u8>) {
    let weights = weights(kind);
    let network = network(&weights).moved();
    let names = names(kind);
    let folder = to_peft(&weights, (&network.layout, &network.row, SEED), None, names).unwrap();
    let mut tensors = Named::new();
    for layer in layers(&network.layout) {
        for (key, shape, values) in layer.torch(&network.row) {
            let path = names.path(&layer.name).unwrap();
            tensors.insert(format!("{path}.{key}"), (shape, values));
        }
    }
    let seen = network.seen();
    for (layer, path, [inputs, outputs]) in network.changed(&weights, names) {
        let x = normal(SEED, &format!("{layer}.x"), LINES * inputs, 1.0);
        let y = network.output(&seen, &layer, &x);
        tensors.insert(format!("{path}.y"), (vec![LINES, outputs], y));
        tensors.insert(format!("{path}.x"), (vec![LINES, inputs], x));
    }
    let views = tensors.iter().map(|(name, (shape, values))| (name.clone(), shape.clone(), &values[..]));
    (folder, safetensors(views, HashMap::new()))
}

/// How far a folder's adapter, in a network of the folder's own numbers, is from the outputs there.
fn distance(kind: &str, folder: &Folder, layers: &[u8]) -> Result<f32, String> {
    let weights = weights(kind);
    let names = names(kind);
    let mut network = network(&weights);
    let mut file = Tensors::read(layers, "layers.safetensors", LIMITS)?;
    let base = read_layers(&network.layout, names, |name, shape| file.take(name, shape))?;
    put(&base, &network.layout, &mut network.row);
    let numbers = from_peft(&weights, &network.layout, folder, names)?;
    put(&numbers, &network.layout, &mut network.row);
    network.conditioner.give(&numbers);
    let seen = network.seen();
    let mut furthest = 0f32;
    for (layer, path, [inputs, outputs]) in network.changed(&weights, names) {
        let x = file.take(&format!("{path}.x"), &[LINES, inputs])?;
        let y = file.take(&format!("{path}.y"), &[LINES, outputs])?;
        let ours = network.output(&seen, &layer, &x);
        furthest = ours.iter().zip(&y).map(|(a, b)| (a - b).abs()).fold(furthest, f32::max);
        // A change that were none would be equal to anything.
        let without = network.output(&network.row, &layer, &x);
        let adapts = network.layout.conditioned().iter().any(|m| m.name == format!("{layer}.weight"));
        let moved = without.iter().zip(&y).any(|(a, b)| (a - b).abs() > 1e-2);
        assert!(moved || !adapts, "{kind}: {layer} does not change");
    }
    file.finish()?;
    Ok(furthest)
}

/// Where fixtures are; `cargo xtask interop` names a folder of new ones.
fn fixtures() -> PathBuf {
    match std::env::var_os("KAPPA_PEFT") {
        Some(folder) if !folder.is_empty() => folder.into(),
        _ => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peft"),
    }
}

fn read(folder: &Path) -> (Folder, Vec<u8>) {
    let file = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    (Folder { config: file(CONFIG), model: file(MODEL) }, file("layers.safetensors"))
}

#[test]
#[ignore = "writes what PEFT is to read; cargo xtask interop runs it with KAPPA_PEFT"]
fn what_we_export_is_written() {
    for kind in OURS {
        let (folder, layers) = exported(kind);
        let place = fixtures().join("ours").join(kind);
        fs::create_dir_all(&place).unwrap();
        for (name, bytes) in
            [(CONFIG, &folder.config), (MODEL, &folder.model), ("layers.safetensors", &layers)]
        {
            fs::write(place.join(name), bytes).unwrap();
        }
    }
}

#[test]
fn what_we_export_is_what_peft_has_read() {
    for kind in OURS {
        let (folder, layers) = read(&fixtures().join("ours").join(kind));
        let (now, _) = exported(kind);
        assert_eq!(String::from_utf8(now.config).unwrap(), String::from_utf8(folder.config.clone()).unwrap());
        assert!(now.model == folder.model, "{kind}: other numbers than those that PEFT has read");
        assert!(distance(kind, &folder, &layers).unwrap() <= 1e-5, "{kind}");
    }
}

#[test]
fn what_peft_made_gives_here_what_it_gives_there() {
    for kind in THEIRS {
        let (folder, layers) = read(&fixtures().join("theirs").join(kind));
        let distance = distance(kind, &folder, &layers).unwrap_or_else(|why| panic!("{kind}: {why}"));
        println!("PEFT's {kind}: largest difference {distance:e}");
        assert!(distance <= 1e-5, "{kind}: {distance:e}");
    }
}

#[test]
fn out_and_in_again_changes_no_bit() {
    for kind in OURS {
        let weights = weights(kind);
        let first = network(&weights).moved();
        let names = names(kind);
        let folder = to_peft(&weights, (&first.layout, &first.row, SEED), None, names).unwrap();
        let mut second = network(&weights);
        let numbers = from_peft(&weights, &second.layout, &folder, names).unwrap();
        put(&numbers, &second.layout, &mut second.row);
        assert_eq!(first.row, second.row, "{kind}");
        second.conditioner.give(&numbers);
        assert_eq!(first.seen(), second.seen(), "{kind}");
        // What was given is written again, not what would have been drawn.
        let again =
            to_peft(&weights, (&second.layout, &second.row, SEED + 1), Some(&numbers), names).unwrap();
        assert!(again == folder, "{kind}");
    }
}

#[test]
fn what_peft_cannot_make_is_said_and_not_written() {
    let of = |weights: Weights| {
        let network = network(&weights).moved();
        to_peft(&weights, (&network.layout, &network.row, SEED), None, &OWN).map(|_| ()).unwrap_err()
    };
    let rand = RandLora { on: "up, down".to_owned(), along: String::new(), basis: 4, ..Default::default() };
    for (weights, said) in [
        (
            weights("vera-cut"),
            "the shapes 6 × 6 and 6 × 10 and 10 × 6, which have drawn matrices of their own here",
        ),
        (weights("randlora-cut"), "PEFT cuts all from one (randlora_B)"),
        (RandLora { summed: true, ..rand.clone() }.into(), "model.weights.summed is on"),
        (RandLora { products: 5, ..rand.clone() }.into(), "model.weights.products is 5, and PEFT has 2"),
        (
            RandLora { on: "query, mlp".to_owned(), scaled: Scale::Root, basis: 4, products: 0, ..rand }
                .into(),
            "PEFT cuts all",
        ),
        (
            Nola { on: "query".to_owned(), along: String::new(), ..Default::default() }.into(),
            "model.weights is nola",
        ),
    ] {
        let why = of(weights);
        assert!(why.contains(said), "{said}: {why}");
    }
    let weights = weights("lora");
    let mut network = network(&weights).moved();
    let last = network.layout.trained_matrices().pop().unwrap();
    network.row[last.offset] = f32::INFINITY;
    let why = to_peft(&weights, (&network.layout, &network.row, SEED), None, &OWN).map(|_| ()).unwrap_err();
    assert!(why.contains("is not finite: its training diverged"), "{why}");
}

/// What is said of a folder whose settings or tensors were changed.
fn refusal(
    kind: &str,
    change: impl Fn(&mut serde_json::Map<String, serde_json::Value>, &mut Named),
) -> String {
    let weights = weights(kind);
    let (folder, _) = exported(kind);
    let mut settings: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&folder.config).unwrap();
    let mut file = Tensors::read(&folder.model, MODEL, LIMITS).unwrap();
    let entries: Vec<(String, Vec<usize>)> =
        file.entries().map(|(name, entry)| (name.to_owned(), entry.shape.clone())).collect();
    let mut tensors: Named = entries
        .into_iter()
        .map(|(name, shape)| (name.clone(), (shape.clone(), file.take(&name, &shape).unwrap())))
        .collect();
    change(&mut settings, &mut tensors);
    let views = tensors.iter().map(|(name, (shape, values))| (name.clone(), shape.clone(), &values[..]));
    let changed =
        Folder { config: serde_json::to_vec(&settings).unwrap(), model: safetensors(views, HashMap::new()) };
    from_peft(&weights, &network(&weights).layout, &changed, &OWN).map(|_| ()).unwrap_err()
}

#[test]
fn a_bad_folder_is_refused_in_one_sentence_that_names_the_setting_or_the_tensor() {
    use serde_json::json;
    let query = "base_model.model.blocks.0.attention.query";
    for (kind, key, value, said) in [
        ("lora", "peft_type", json!("IA3"), "peft_type is \"IA3\"; LORA, VERA and RANDLORA are read"),
        ("lora", "peft_type", json!(null), "peft_type is missing; it must be a text"),
        ("lora", "peft_type", json!("VERA"), "peft_type is VERA, and model.weights is lora here"),
        ("lora", "use_dora", json!(true), "use_dora is true, and model.weights is lora here"),
        ("dora", "use_dora", json!(false), "use_dora is false, and model.weights is dora here"),
        ("lora", "use_dora", json!(3), "use_dora is 3; it must be true or false"),
        ("lora", "r", json!(3), "r is 3, and model.weights.rank is 2 here"),
        ("lora", "r", json!(-2), "r is -2; it must be a number above zero"),
        ("lora", "lora_alpha", json!(6), "lora_alpha makes the change 3 times its factors"),
        ("rslora", "use_rslora", json!(false), "lora_alpha makes the change 0.75 times its factors"),
        ("lora", "bias", json!("all"), "bias is \"all\"; it must be none"),
        (
            "lora",
            "rank_pattern",
            json!({"query": 4}),
            "\"rank_pattern\" is an object of 1, which this program does not have",
        ),
        (
            "lora",
            "fan_in_fan_out",
            json!(true),
            "\"fan_in_fan_out\" is true, which this program does not have",
        ),
        (
            "lora",
            "init_lora_weights",
            json!("pissa"),
            "init_lora_weights is \"pissa\"; it must be true, false",
        ),
        ("lora", "something_new", json!(1), "\"something_new\" is 1, which this program does not have"),
        ("vera", "save_projection", json!(false), "save_projection is false; it must be true"),
        ("randlora", "r", json!(2), "r is 2, and model.weights.basis is 4 here"),
        ("randlora", "randlora_alpha", json!(80), "randlora_alpha makes the change 20 times"),
    ] {
        let why = refusal(kind, |settings, _| {
            settings.insert(key.to_owned(), value.clone());
        });
        assert!(why.starts_with("adapter_config.json: ") && why.contains(said), "{said}: {why}");
    }
    let a = format!("{query}.lora_A.weight");
    type Change = fn(&mut Named, &str);
    let changes: [(Change, String); 6] = [
        (|t, a| drop(t.remove(a)), format!("adapter_model.safetensors has no tensor {a}.")),
        (|t, a| t.get_mut(a).unwrap().0.swap(0, 1), format!("tensor {a} has the shape [6, 2], not [2, 6]")),
        (|t, a| t.get_mut(a).unwrap().1[5] = f32::NAN, format!("tensor {a} is NaN at place 5")),
        (
            |t, a| drop(t.insert(a.replace("query", "key"), t[a].clone())),
            "tensor base_model.model.blocks.0.attention.key.lora_A.weight has no place here".to_owned(),
        ),
        (
            |t, _| drop(t.remove("base_model.model.head.bias")),
            "has no tensor base_model.model.head.bias".to_owned(),
        ),
        (|t, _| t.clear(), "has no tensor".to_owned()),
    ];
    for (change, said) in changes {
        let why = refusal("lora", |_, tensors| change(tensors, &a));
        assert!(why.contains(&said), "{said}: {why}");
    }
    let why = refusal("randlora", |_, tensors| {
        let mut copy = tensors["base_model.randlora_A"].clone();
        copy.1[0] += 1.0;
        tensors.insert("base_model.model.blocks.0.mlp.up.randlora_A".to_owned(), copy);
    });
    assert!(why.contains("mlp.up.randlora_A differs from base_model.randlora_A"), "{why}");
    // The same numbers again are what PEFT itself writes.
    let (folder, layers) = read(&fixtures().join("theirs/randlora"));
    let file = Tensors::read(&folder.model, MODEL, LIMITS).unwrap();
    assert!(file.entry("base_model.model.blocks.0.mlp.up.randlora_B").is_some());
    assert!(distance("randlora", &folder, &layers).unwrap() <= 1e-5);
    for (config, said) in
        [(&b"{"[..], "is no JSON"), (b"[]", "is no JSON object"), (&[b' '; 1 << 21], "has 2097152 bytes")]
    {
        let bad = Folder { config: config.to_vec(), ..folder.clone() };
        let weights = weights("randlora");
        let why = from_peft(&weights, &network(&weights).layout, &bad, &OWN).map(|_| ()).unwrap_err();
        assert!(why.starts_with("adapter_config.json ") && why.contains(said), "{why}");
    }
}
