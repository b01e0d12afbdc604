//! Hashes as names.

use sha2::Digest;

/// The first sixteen digits of a hash: enough to tell apart what one machine holds.
pub(crate) fn short(hasher: sha2::Sha256) -> String {
    hasher
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
