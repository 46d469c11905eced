//! What outcomes say of a claim.

use serde::{Deserialize, Serialize};

/// The fewest seeds that can decide anything.
pub const MIN_REPLICAS: usize = 3;

/// What the replicas say about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The claim holds here.
    Supported,
    /// The claim does not hold here.
    Contradicted,
    /// These replicas, at this size, allow both.
    NotDecided,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Supported => "Supported",
            Self::Contradicted => "Contradicted",
            Self::NotDecided => "Not decided",
        })
    }
}
