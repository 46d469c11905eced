//! Files of sources, checkpoints and adapters, damaged in many ways: whatever the bytes, a reader gives numbers or one
//! sentence, and never breaks down.
//!
//! Every input follows from its number, so that one that fails can be read again. `cargo xtask mutate` reads a million.

use std::fs;
use std::path::Path;

use super::checkpoint;
use super::device::Engine;
use super::kept::{self, Kept};
use super::session::Session;
use crate::parameters::{Builder, Layout};
use crate::random::Stream;
use crate::spec::{Experiment, set_path};
use crate::techniques::weights::peft::{CONFIG, Folder, LayerNames, MODEL, from_peft};

const OWN: LayerNames = LayerNames { called: "own", rows: &[] };

/// Inputs that every run of the tests reads.
const FEW: u32 = 6000;

/// A sentence is no longer, whatever a file calls its tensors.
const LONGEST: usize = 600;

/// Good files, and what reads them.
struct Corpus {
    experiment: Experiment,
    layout: Layout,
    checkpoint: Vec<u8>,
    kept: Vec<u8>,
    adapters: Vec<(Layout, Experiment, Folder)>,
}

fn small(settings: &[&str]) -> Experiment {
    let mut experiment = crate::catalog::find("tiny").unwrap().experiment().clone();
    experiment.variants.truncate(1);
    experiment.claims.clear();
    let base = [
        "model.width=8",
        "model.heads=2",
        "model.depth=1",
        "model.mlp.width=8",
        "seeds.count=2",
        "training.warmup=0",
    ];
    for setting in base.iter().chain(settings) {
        set_path(&mut experiment, setting).unwrap_or_else(|problem| panic!("{setting}: {problem:?}"));
    }
    experiment
}

/// Where the numbers of an experiment lie.
fn layout(experiment: &Experiment) -> Layout {
    let mut builder = Builder::new(vec![0]);
    let device = burn::tensor::Device::flex();
    experiment.model.build(&mut builder, experiment.task.reading());
    experiment.model.outline().weights.engine().conditioner(&mut builder, &device).unwrap();
    builder.finish().0
}

impl Corpus {
    fn new() -> Self {
        let engine = Engine::cpu("");
        let experiment = small(&[]);
        let data = super::exchange::digits();
        let start = |experiment: &Experiment| {
            Session::start(&engine, experiment.clone(), &data, None).expect("a valid start").0
        };
        let checkpoint = pollster::block_on(start(&experiment).checkpoint()).unwrap();
        let trained = small(&["source.1.take=mlp", "source.1.set=training.steps=1"]);
        let mut session = start(&trained);
        let events = pollster::block_on(session.advance(1)).unwrap();
        let kept = events.into_iter().find_map(|event| match event {
            crate::protocol::Event::Kept { bytes, .. } => Some(bytes),
            _ => None,
        });
        let adapters = ["lora", "dora", "vera", "randlora"].map(|name| {
            let rank = if name == "randlora" { "model.weights.basis=4" } else { "model.weights.rank=4" };
            let weights = format!("model.weights={name}");
            let adapted = small(&[&weights, rank]);
            let bytes = pollster::block_on(start(&adapted).checkpoint()).unwrap();
            let chosen = super::exchange::Chosen { variant: 0, seed: 0, names: &OWN };
            let exported = super::exchange::export(&engine, &bytes, &chosen, None).unwrap();
            (layout(&adapted), adapted, exported.folder)
        });
        Self {
            layout: layout(&experiment),
            experiment,
            checkpoint,
            kept: kept.expect("a source of one step"),
            adapters: adapters.into(),
        }
    }

    /// Damages the file that a number says and reads it; the sentences, if there are any.
    fn input(&self, number: u32) -> Result<(), Vec<String>> {
        let mut stream = Stream::new(u64::from(number), "mutation");
        match number % 3 {
            0 => {
                let bytes = damaged(&self.checkpoint, &self.kept, &mut stream);
                let read = || -> Result<(), Vec<String>> {
                    let replicas = self.experiment.seeds.count as usize;
                    let found = checkpoint::read(&bytes, &self.experiment)?;
                    let saved = found.of(&[replicas], self.experiment.training.steps)?;
                    saved[0].gather(0, &self.layout, replicas)?;
                    Ok(())
                };
                read()
            }
            1 => {
                let mut bytes = damaged(&self.kept, &self.checkpoint, &mut stream);
                // Without this, what comes after the digest would hardly be read.
                if stream.below(4) > 0 {
                    kept::sign(&mut bytes);
                }
                Kept::read(&bytes).map(|_| ()).map_err(|why| vec![why])
            }
            _ => {
                let (layout, experiment, folder) = &self.adapters[stream.below(self.adapters.len())];
                let (_, _, other) = &self.adapters[stream.below(self.adapters.len())];
                let mut folder = folder.clone();
                if stream.below(4) == 0 {
                    folder.config = damaged(&folder.config, &other.config, &mut stream);
                } else {
                    folder.model = damaged(&folder.model, &other.model, &mut stream);
                }
                from_peft(experiment.model.outline().weights, layout, &folder, &OWN)
                    .map(|_| ())
                    .map_err(|why| vec![why])
            }
        }
    }

    /// Reads so many inputs; how many were good all the same.
    fn read(&self, numbers: std::ops::Range<u32>) -> u32 {
        let mut good = 0;
        for number in numbers {
            match self.input(number) {
                Ok(()) => good += 1,
                Err(sentences) => {
                    assert!(!sentences.is_empty(), "input {number}: refused without a word");
                    for why in sentences {
                        let is_line = !why.is_empty() && !why.contains('\n');
                        assert!(is_line && why.chars().count() <= LONGEST, "input {number}: {why:?}");
                    }
                }
            }
        }
        good
    }
}

/// One to three damages to a file; `other` lends bytes.
fn damaged(good: &[u8], other: &[u8], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..=stream.below(3) {
        let header = bytes.len().min(8 + u64::from_le_bytes(first(good)).min(1 << 20) as usize);
        // Three times in four where names and places stand.
        let range = if stream.below(4) > 0 { header } else { bytes.len() };
        let at = stream.below(range.max(1)).min(bytes.len().saturating_sub(1));
        match stream.below(9) {
            _ if bytes.is_empty() => bytes.extend_from_slice(other),
            0 => bytes[at] ^= 1 << stream.below(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'{', b'}', b',', b'9'][stream.below(10)],
            2 => bytes.truncate(at),
            3 => bytes.extend(std::iter::repeat_n(stream.below(256) as u8, stream.below(64))),
            4 => {
                let end = (at + stream.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            5 => {
                let from = stream.below(other.len().max(1));
                let piece = other[from..(from + stream.below(80)).min(other.len())].to_vec();
                let end = (at + piece.len() * stream.below(2)).min(bytes.len());
                bytes.splice(at..end, piece);
            }
            // A number of the header becomes another one.
            6 => {
                let digit = bytes[at..].iter().position(u8::is_ascii_digit);
                if let Some(digit) = digit {
                    let number =
                        ["0", "1", "-1", "4294967296", "18446744073709551615", "1e9"][stream.below(6)];
                    bytes.splice(at + digit..at + digit + 1, number.bytes());
                }
            }
            // The length of the header.
            7 => {
                let length = [0, 1, 8, good.len() as u64, 1 << 20, 1 << 40, u64::MAX][stream.below(7)];
                let end = bytes.len().min(8);
                bytes[..end].copy_from_slice(&length.to_le_bytes()[..end]);
            }
            // A number that is not finite.
            _ => {
                let end = (at + 4).min(bytes.len());
                bytes[at..end].copy_from_slice(&f32::NAN.to_le_bytes()[..end - at]);
            }
        }
    }
    bytes
}

fn first(bytes: &[u8]) -> [u8; 8] {
    std::array::from_fn(|index| bytes.get(index).copied().unwrap_or(0))
}

#[test]
fn damaged_files_are_read_or_refused_in_one_sentence() {
    let corpus = Corpus::new();
    let good = corpus.read(0..FEW);
    // Most damages are seen, and some hit a number only.
    assert!(good > 0 && good < FEW / 2, "{good} of {FEW} were good");
}

#[test]
#[ignore = "cargo xtask mutate runs it with KAPPA_INPUTS"]
fn many_damaged_files_are_read_or_refused_in_one_sentence() {
    let inputs =
        std::env::var("KAPPA_INPUTS").expect("KAPPA_INPUTS says how many").parse().expect("a number");
    let corpus = Corpus::new();
    let start = std::time::Instant::now();
    let good = corpus.read(0..inputs);
    let seconds = start.elapsed().as_secs_f64();
    println!("{inputs} damaged files in {seconds:.1} s: {good} good all the same, {} refused", inputs - good);
}

#[test]
fn the_kept_fixtures_of_adapters_are_small() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peft");
    let mut bytes = 0;
    for side in ["ours", "theirs"] {
        for kind in fs::read_dir(place.join(side)).unwrap().flatten() {
            for name in [CONFIG, MODEL, "layers.safetensors"] {
                bytes += fs::metadata(kind.path().join(name)).unwrap().len();
            }
        }
    }
    assert!((1..200_000).contains(&bytes), "{bytes} bytes");
}
