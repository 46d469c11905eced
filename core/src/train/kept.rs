//! One training of one seed that is kept, as a safetensors file with its provenance.
//!
//! | entry | what |
//! |---|---|
//! | tensors | every matrix by its dotted name, `[rows, columns]`: the trained numbers |
//! | metadata `kappa.source` | JSON: its name, the experiment (TOML) and in words, the version of the program, how it did on the test split, |
//! | | and 64 bits of the whole file, with these as zeros |

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::parameters::Layout;
use crate::spec::digest::hash;
use crate::spec::sources::in_words;
use crate::spec::{Experiment, to_toml};
use crate::stats::Metric;
use crate::techniques::weights::peft::Numbers;
use crate::tensors::{Limits, Tensors, too_large, write as safetensors};

/// What a file may have at most.
pub const LIMITS: Limits = Limits { bytes: 1 << 30, header: 1 << 22, tensors: 1 << 16 };

const ENTRY: &str = "kappa.source";
/// The beginning of the entry, as it stands in the header: JSON within JSON.
const DIGEST: &str = "\"{\\\"digest\\\":\\\"";
const NO_DIGEST: &str = "0000000000000000";

/// Where a kept training comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Sixteen digits and a seed, or the name of a file; see [`crate::spec::Needed::name`].
    pub name: String,
    /// What was trained, one seed of it (TOML); empty where that was elsewhere.
    pub experiment: String,
    /// The same in words, for a list.
    pub words: String,
    /// The version of the program.
    pub version: String,
    /// How it did on its own test split after the last step; nothing of a metric that is not finite.
    pub metrics: Vec<(Metric, f32)>,
}

/// The entry of a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    digest: String,
    source: Provenance,
}

/// One training of one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The name in its provenance.
    pub name: String,
    /// Where it comes from.
    pub provenance: Provenance,
    tensors: BTreeMap<String, ([usize; 2], Vec<f32>)>,
}

impl Kept {
    /// The numbers of one replica, `[P]`, after the last step.
    pub(super) fn new(
        name: String,
        experiment: &Experiment,
        metrics: Vec<(Metric, f32)>,
        layout: &Layout,
        row: &[f32],
    ) -> Self {
        let of = |matrix: &crate::parameters::Matrix| {
            (matrix.name.clone(), ([matrix.rows, matrix.columns], matrix.gather(row)))
        };
        let provenance = Provenance {
            name: name.clone(),
            experiment: to_toml(experiment),
            words: in_words(experiment),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            metrics: metrics.into_iter().filter(|(_, value)| value.is_finite()).collect(),
        };
        Self { name, provenance, tensors: layout.all().iter().map(of).collect() }
    }

    /// Numbers that come from elsewhere; matrices by their dotted names, as many numbers as rows times columns.
    pub(super) fn of(provenance: Provenance, tensors: Numbers) -> Self {
        Self { name: provenance.name.clone(), provenance, tensors }
    }

    /// A matrix: its rows and columns, and its numbers row by row.
    pub fn tensor(&self, name: &str) -> Option<([usize; 2], &[f32])> {
        self.tensors.get(name).map(|(shape, values)| (*shape, values.as_slice()))
    }

    /// The bytes of its file.
    pub fn write(&self) -> Vec<u8> {
        let entry = Entry { digest: NO_DIGEST.to_owned(), source: self.provenance.clone() };
        let entry = serde_json::to_string(&entry).expect("strings and numbers");
        let metadata = HashMap::from([(ENTRY.to_owned(), entry)]);
        let tensors = self.tensors.iter();
        let views = tensors.map(|(name, (shape, values))| (name.clone(), shape.to_vec(), &values[..]));
        let mut bytes = safetensors(views, metadata);
        sign(&mut bytes);
        bytes
    }

    /// Reads a file.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > LIMITS.bytes {
            return Err(too_large("The kept source", bytes.len() as u64, LIMITS.bytes));
        }
        let foreign = || "The file is not a source that this program kept.".to_owned();
        let at = digest_at(bytes).ok_or_else(foreign)?;
        let end = at + NO_DIGEST.len();
        let mut zeroed = bytes.to_vec();
        zeroed.get_mut(at..end).ok_or_else(foreign)?.copy_from_slice(NO_DIGEST.as_bytes());
        if hash(&zeroed).as_bytes() != &bytes[at..end] {
            return Err(
                "The kept source was changed after it was written: its digest does not fit.".to_owned()
            );
        }
        let mut file = Tensors::read(bytes, "The kept source", LIMITS)?;
        let entry = file.metadata(ENTRY).ok_or_else(foreign)?;
        let Entry { source: provenance, .. } = serde_json::from_str(entry).map_err(|_| foreign())?;
        let places: Vec<(String, Vec<usize>)> =
            file.entries().map(|(name, entry)| (name.to_owned(), entry.shape.clone())).collect();
        let mut tensors = BTreeMap::new();
        for (name, shape) in places {
            let &[rows, columns] = &shape[..] else {
                return Err(format!("The kept source’s tensor {name} is no matrix."));
            };
            // A training that diverged is kept as it ended.
            tensors.insert(name.clone(), ([rows, columns], file.take_any(&name, &shape)?));
        }
        Ok(Self { name: provenance.name.clone(), provenance, tensors })
    }
}

/// Writes the digest of a file into it, where there is a place for it.
pub(super) fn sign(bytes: &mut [u8]) {
    let Some(at) = digest_at(bytes).filter(|at| at + NO_DIGEST.len() <= bytes.len()) else { return };
    let end = at + NO_DIGEST.len();
    bytes[at..end].copy_from_slice(NO_DIGEST.as_bytes());
    let digest = hash(&*bytes);
    bytes[at..end].copy_from_slice(digest.as_bytes());
}

/// Where the digest stands in the header.
fn digest_at(bytes: &[u8]) -> Option<usize> {
    let key = DIGEST.as_bytes();
    let header = &bytes[..bytes.len().min(1 << 22)];
    header.windows(key.len()).position(|window| window == key).map(|at| at + key.len())
}
