//! The header of a safetensors file: which tensors there are, and where.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Entry, shown};

/// Dimensions of a tensor, at most.
const MAX_RANK: usize = 8;

const METADATA: &str = "__metadata__";

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// Half precision.
    F16,
    /// The upper half of single precision.
    Bf16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Whole numbers, truth values, and real numbers of a byte: their name, and the bytes of one.
    Other(&'static str, usize),
}

/// The types that are no real numbers here.
const OTHERS: [(&str, usize); 11] = [
    ("BOOL", 1),
    ("U8", 1),
    ("I8", 1),
    ("F8_E4M3", 1),
    ("F8_E5M2", 1),
    ("I16", 2),
    ("U16", 2),
    ("I32", 4),
    ("U32", 4),
    ("I64", 8),
    ("U64", 8),
];

impl Dtype {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "F16" => Self::F16,
            "BF16" => Self::Bf16,
            "F32" => Self::F32,
            "F64" => Self::F64,
            other => OTHERS
                .iter()
                .find(|(known, _)| *known == other)
                .map(|(known, bytes)| Self::Other(known, *bytes))?,
        })
    }

    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Other(_, bytes) => bytes,
        }
    }

    /// Single precision of such numbers; `None` of what is no real number here. What is too large for it becomes infinite.
    pub(super) fn floats(self, bytes: &[u8]) -> Option<Vec<f32>> {
        Some(match self {
            Self::F32 => each(bytes, f32::from_le_bytes),
            Self::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
            Self::Bf16 => each(bytes, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
            Self::F16 => each(bytes, |b| half(u16::from_le_bytes(b))),
            Self::Other(..) => return None,
        })
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::F32 => "F32",
            Self::F64 => "F64",
            Self::Other(name, _) => name,
        })
    }
}

fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| number(*chunk)).collect()
}

/// Half precision (IEEE 754 binary16): a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    let size = match exponent {
        // Multiples of 2⁻²⁴.
        0 => fraction as f32 / (1 << 24) as f32,
        // The infinite, and what is no number.
        31 => f32::from_bits(0xff << 23 | fraction << 13),
        _ => f32::from_bits((exponent + 127 - 15) << 23 | fraction << 13),
    };
    sign * size
}

/// The header as it is written.
pub(super) struct Header {
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tensors: BTreeMap<String, Raw>,
}

/// One tensor as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl Raw {
    /// The same, if it is sound by itself; else what is wrong, after "the tensor x".
    pub(super) fn entry(&self) -> Result<Entry, String> {
        let dtype = Dtype::named(&self.dtype)
            .ok_or_else(|| format!("is of the type {}, which is not known", shown(&self.dtype)))?;
        if self.shape.len() > MAX_RANK {
            return Err(format!("has {} dimensions; at most {MAX_RANK} are read", self.shape.len()));
        }
        let [start, end] = self.data_offsets;
        let numbers = self.shape.iter().try_fold(1u64, |product, side| product.checked_mul(*side));
        let bytes = numbers.and_then(|numbers| numbers.checked_mul(dtype.bytes() as u64));
        let claimed = end.checked_sub(start);
        if bytes.is_none() || bytes != claimed {
            return Err(format!(
                "has the shape {:?} of {dtype}, which does not fit its bytes {start} to {end}",
                self.shape
            ));
        }
        let here = |number: u64| {
            usize::try_from(number).map_err(|_| format!("has {number}, which this machine cannot count"))
        };
        let shape = self.shape.iter().map(|side| here(*side)).collect::<Result<_, _>>()?;
        Ok(Entry { dtype, shape, start: here(start)?, end: here(end)? })
    }
}

/// The header of so many tensors at most; what is wrong with it, after "it is no safetensors file:".
pub(super) fn parse(bytes: &[u8], most: usize) -> Result<Header, String> {
    if bytes.first() != Some(&b'{') {
        return Err("its header is no JSON object".to_owned());
    }
    struct Reading(usize);
    impl<'de> Visitor<'de> for Reading {
        type Value = Header;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of tensors")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
            let mut header = Header { metadata: BTreeMap::new(), tensors: BTreeMap::new() };
            let mut described = false;
            while let Some(name) = map.next_key::<String>()? {
                if name == METADATA {
                    if described {
                        return Err(A::Error::custom(format!("{METADATA} is there twice")));
                    }
                    header.metadata = map.next_value::<Texts>()?.0;
                    described = true;
                } else if header.tensors.contains_key(&name) {
                    map.next_value::<IgnoredAny>()?;
                    return Err(A::Error::custom(format!("the tensor {} is there twice", shown(&name))));
                } else if header.tensors.len() == self.0 {
                    return Err(A::Error::custom(format!("at most {} tensors are read", self.0)));
                } else {
                    header.tensors.insert(name, map.next_value()?);
                }
            }
            Ok(header)
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let header = reader.deserialize_map(Reading(most)).map_err(|error| said(&error))?;
    reader.end().map_err(|error| said(&error))?;
    Ok(header)
}

/// The metadata: texts by name, none twice.
struct Texts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = BTreeMap::new();
                while let Some((key, text)) = map.next_entry::<String, String>()? {
                    if let Some(again) = texts.insert(key.clone(), text) {
                        let _: String = again;
                        return Err(A::Error::custom(format!("{METADATA} has {} twice", shown(&key))));
                    }
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_map(Reading)
    }
}

/// JSON's own words, which name a place in the header.
fn said(error: &serde_json::Error) -> String {
    format!("its header is damaged ({})", shown(&error.to_string()))
}
