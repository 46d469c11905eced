//! A short name for what is the same everywhere.

/// 64 bits of some bytes, as sixteen digits: FNV-1a. It tells two apart, and any single byte that was changed; it is no
/// signature.
pub fn hash(bytes: impl AsRef<[u8]>) -> String {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", bytes.as_ref().iter().fold(0xcbf2_9ce4_8422_2325, mix))
}
