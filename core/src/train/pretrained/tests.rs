use std::collections::HashMap;

use serde_json::json;

use super::*;
use crate::random::normal;
use crate::spec::{Experiment, set_path};
use crate::tasks::reviews::{Reviews, SYMBOLS};
use crate::tensors::write;
use crate::train::{Engine, encode};

const WIDTH: usize = 8;
const HIDDEN: usize = 12;
const HEADS: usize = 2;
const DEPTH: usize = 2;
const PLACES: usize = 20;

fn config() -> Value {
    json!({
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": WIDTH, "intermediate_size": HIDDEN,
        "layer_norm_eps": 1e-12, "max_position_embeddings": PLACES, "num_attention_heads": HEADS,
        "num_hidden_layers": DEPTH, "position_embedding_type": "absolute", "type_vocab_size": 2, "vocab_size": SYMBOLS,
    })
}

/// Tensors by name: sides and numbers.
type Drawn = HashMap<String, (Vec<usize>, Vec<f32>)>;

/// A small BERT as transformers names it, drawn.
fn bert() -> Drawn {
    let mut tensors = Drawn::new();
    let mut add = |name: &str, sides: &[usize]| {
        let mut values = normal(5, name, sides.iter().product(), 0.3);
        if name.ends_with("LayerNorm.weight") {
            values.iter_mut().for_each(|value| *value += 1.0);
        }
        tensors.insert(name.to_owned(), (sides.to_vec(), values));
    };
    add("embeddings.word_embeddings.weight", &[SYMBOLS, WIDTH]);
    add("embeddings.position_embeddings.weight", &[PLACES, WIDTH]);
    add("embeddings.token_type_embeddings.weight", &[2, WIDTH]);
    add("pooler.dense.weight", &[WIDTH, WIDTH]);
    let mut both = |name: &str, outputs: usize, inputs: usize| {
        if inputs > 0 {
            add(&format!("{name}.weight"), &[outputs, inputs]);
        } else {
            add(&format!("{name}.weight"), &[outputs]);
        }
        add(&format!("{name}.bias"), &[outputs]);
    };
    both("embeddings.LayerNorm", WIDTH, 0);
    for layer in 0..DEPTH {
        let at = |rest: &str| format!("encoder.layer.{layer}.{rest}");
        for part in ["query", "key", "value"] {
            both(&at(&format!("attention.self.{part}")), WIDTH, WIDTH);
        }
        both(&at("attention.output.dense"), WIDTH, WIDTH);
        both(&at("attention.output.LayerNorm"), WIDTH, 0);
        both(&at("intermediate.dense"), HIDDEN, WIDTH);
        both(&at("output.dense"), WIDTH, HIDDEN);
        both(&at("output.LayerNorm"), WIDTH, 0);
    }
    tensors
}

fn file(tensors: &Drawn) -> Vec<u8> {
    let all = tensors.iter().map(|(name, (sides, values))| (name.clone(), sides.clone(), &values[..]));
    write(all, HashMap::new())
}

/// BERT as its paper has it, in loops: the mean of the last tokens of one sentence.
fn plainly(tensors: &Drawn, symbols: &[u16]) -> Vec<f64> {
    let of = |name: &str| &tensors[name].1;
    let linear = |name: &str, x: &[f64]| -> Vec<f64> {
        let (weight, bias) = (of(&format!("{name}.weight")), of(&format!("{name}.bias")));
        let row = |(row, bias): (&[f32], &f32)| {
            row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>() + f64::from(*bias)
        };
        weight.chunks_exact(x.len()).zip(bias).map(row).collect()
    };
    let norm = |name: &str, x: Vec<f64>| -> Vec<f64> {
        let mean = x.iter().sum::<f64>() / WIDTH as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / WIDTH as f64;
        let (scale, shift) = (of(&format!("{name}.weight")), of(&format!("{name}.bias")));
        let normal = x.iter().map(|x| (x - mean) / (variance + 1e-12).sqrt());
        normal.zip(scale.iter().zip(shift)).map(|(x, (a, b))| x * f64::from(*a) + f64::from(*b)).collect()
    };
    let sum = |a: Vec<f64>, b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a + b).collect() };
    let row = |name: &str, at: usize| -> Vec<f64> {
        of(name)[at * WIDTH..][..WIDTH].iter().map(|x| f64::from(*x)).collect()
    };
    let mut tokens: Vec<Vec<f64>> = symbols
        .iter()
        .enumerate()
        .map(|(place, symbol)| {
            let word = row("embeddings.word_embeddings.weight", usize::from(*symbol));
            let place = row("embeddings.position_embeddings.weight", place);
            let kind = row("embeddings.token_type_embeddings.weight", 0);
            norm("embeddings.LayerNorm", sum(sum(word, &place), &kind))
        })
        .collect();
    let each = WIDTH / HEADS;
    for layer in 0..DEPTH {
        let at = |rest: &str| format!("encoder.layer.{layer}.{rest}");
        let made = |part: &str| -> Vec<Vec<f64>> {
            tokens.iter().map(|x| linear(&at(&format!("attention.self.{part}")), x)).collect()
        };
        let (queries, keys, values) = (made("query"), made("key"), made("value"));
        let mixed: Vec<Vec<f64>> = queries
            .iter()
            .map(|query| {
                let head = |head: usize| {
                    let of = head * each..(head + 1) * each;
                    let score = |key: &Vec<f64>| {
                        let product: f64 =
                            query[of.clone()].iter().zip(&key[of.clone()]).map(|(q, k)| q * k).sum();
                        (product / (each as f64).sqrt()).exp()
                    };
                    let scores: Vec<f64> = keys.iter().map(score).collect();
                    let total: f64 = scores.iter().sum();
                    let values = &values;
                    of.map(move |c| scores.iter().zip(values).map(|(s, v)| s * v[c]).sum::<f64>() / total)
                        .collect::<Vec<_>>()
                };
                (0..HEADS).flat_map(head).collect()
            })
            .collect();
        for (x, mixed) in tokens.iter_mut().zip(mixed) {
            let attended = sum(linear(&at("attention.output.dense"), &mixed), x);
            *x = norm(&at("attention.output.LayerNorm"), attended);
            let hidden: Vec<f64> = linear(&at("intermediate.dense"), x)
                .into_iter()
                .map(|x| 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)))
                .collect();
            *x = norm(&at("output.LayerNorm"), sum(linear(&at("output.dense"), &hidden), x));
        }
    }
    (0..WIDTH).map(|c| tokens.iter().map(|x| x[c]).sum::<f64>() / tokens.len() as f64).collect()
}

#[test]
fn a_bert_that_was_read_gives_what_bert_gives_whatever_the_sentences_lengths() {
    let tensors = bert();
    let Pretrained { kept, settings } = read("small", &config().to_string(), &file(&tensors)).unwrap();
    assert_eq!(Kept::read(&kept.write()), Ok(kept.clone()), "it is a source like any other");

    let mut experiment = Experiment::new("Encoded", Reviews { sentence_length: 16, ..Reviews::default() });
    let source = ["source.1.file=small", "source.1.take=embeddings, norms, attention, mlp"];
    for setting in settings.iter().map(String::as_str).chain(source) {
        set_path(&mut experiment, setting).unwrap_or_else(|problem| panic!("{setting}: {problem:?}"));
    }
    let lists: Vec<Vec<u16>> = vec![vec![101, 7, 30_521, 102], vec![101; 16], vec![9], vec![3, 2, 1]];
    let found = pollster::block_on(encode(&Engine::cpu(""), &experiment, kept.clone(), &lists)).unwrap();
    for (list, found) in lists.iter().zip(found) {
        let wanted = plainly(&tensors, list);
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((f64::from(*found) - wanted).abs() < 2e-5, "{list:?}: {found} and {wanted}");
        }
    }
    let long = pollster::block_on(encode(&Engine::cpu(""), &experiment, kept, &[vec![1; 17]]));
    assert!(long.unwrap_err().contains("List 0 has 17 symbols; the network reads 16."));
}

#[test]
fn a_checkpoint_that_does_not_fit_is_refused_by_the_name_of_what_is_wrong() {
    let good = (config(), bert());
    let refused = |change: &dyn Fn(&mut Value, &mut Drawn)| {
        let (mut config, mut tensors) = good.clone();
        change(&mut config, &mut tensors);
        read("small", &config.to_string(), &file(&tensors)).expect_err("it does not fit")
    };
    let query = "encoder.layer.1.attention.self.query.weight";
    type Change<'a> = (&'a str, &'a dyn Fn(&mut Value, &mut Drawn));
    let cases: &[Change<'_>] = &[
        ("model_type must be bert, not \"gpt2\"", &|config, _| config["model_type"] = "gpt2".into()),
        ("hidden_act must be gelu, not \"relu\"", &|config, _| config["hidden_act"] = "relu".into()),
        ("layer_norm_eps must be 1e-12, not 0.00001", &|config, _| config["layer_norm_eps"] = 1e-5.into()),
        ("num_hidden_layers must be a whole number from 1 to 96, not \"-1\"", &|config, _| {
            config["num_hidden_layers"] = (-1).into();
        }),
        ("hidden_size must be a whole number from 1 to 1048576, not \"4294967296\"", &|config, _| {
            config["hidden_size"] = (1u64 << 32).into();
        }),
        ("has no tensor encoder.layer.1.attention.self.query.weight", &|_, tensors| {
            tensors.remove(query);
        }),
        ("has \"encoder.layer.1.more\", which BERT of 2 blocks has not", &|_, tensors| {
            tensors.insert("encoder.layer.1.more".to_owned(), (vec![1], vec![0.0]));
        }),
        ("query.weight has the shape [4, 16], not [8, 8]", &|_, tensors| {
            tensors.get_mut(query).unwrap().0 = vec![4, 16];
        }),
        ("query.weight is NaN at place 9", &|_, tensors| {
            tensors.get_mut(query).unwrap().1[9] = f32::NAN;
        }),
        (
            "has \"encoder.layer.1.attention.self.query.wei…\", which BERT of 2 blocks has not",
            &|_, tensors| {
                tensors.insert(format!("bert.{query}"), tensors[query].clone());
            },
        ),
    ];
    for (said, change) in cases {
        let problem = refused(change);
        assert!(problem.contains(said), "{said}: {problem}");
    }
    let bytes = file(&good.1);
    for end in [0, 7, 8, 1000, bytes.len() / 2, bytes.len() - 1] {
        let problem = read("small", &good.0.to_string(), &bytes[..end]).unwrap_err();
        assert!(problem.contains("not a whole safetensors file"), "{end}: {problem}");
    }
    let mut boasting = bytes.clone();
    boasting[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(
        read("small", &good.0.to_string(), &boasting).unwrap_err().contains("not a whole safetensors file")
    );
    assert!(read("a/b", &good.0.to_string(), &bytes).unwrap_err().contains("letters, digits and dashes"));
}

#[test]
fn the_experiment_on_reviews_has_the_shape_of_the_network_that_it_starts_from() {
    let text = include_str!("../../../experiments/native/reviews.toml");
    let experiment = crate::spec::from_toml(text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut shaped = experiment.clone();
    let config = json!({
        "model_type": "bert", "hidden_size": 384, "intermediate_size": 1536, "layer_norm_eps": 1e-12,
        "max_position_embeddings": 512, "num_attention_heads": 12, "num_hidden_layers": 6, "type_vocab_size": 2,
        "vocab_size": SYMBOLS,
    });
    for setting in bert::shape(&config).unwrap().settings {
        set_path(&mut shaped, &setting).unwrap();
    }
    assert_eq!(shaped, experiment);
}
