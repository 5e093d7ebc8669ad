//! Whether a published checksum is of the asset, or of the binary within it.
//!
//! Some release scripts hash what they built and pack it afterwards (zellij, inletsctl, badger): what they publish proves
//! the binary all the same.

use crate::hash::Sha256;

/// What a published checksum turned out to be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The asset, as it is downloaded.
    Asset,
    /// The binary that was unpacked from it.
    Binary,
    /// Neither: it proves nothing, and something is wrong.
    Neither,
}

/// Tells what `published` is of: an asset with the hash `asset`, and the binary in it with the hash `binary`.
pub(crate) fn claim(published: &Sha256, asset: &Sha256, binary: &Sha256) -> Claim {
    if published == asset {
        Claim::Asset
    } else if published == binary {
        Claim::Binary
    } else {
        Claim::Neither
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_of_the_asset_or_of_the_binary_or_of_nothing() {
        let [asset, binary, other] = ["a", "b", "c"].map(|text| Sha256::of(text.as_bytes()));
        assert_eq!(claim(&asset, &asset, &binary), Claim::Asset);
        assert_eq!(claim(&binary, &asset, &binary), Claim::Binary);
        assert_eq!(claim(&other, &asset, &binary), Claim::Neither);
        assert_eq!(claim(&asset, &asset, &asset), Claim::Asset);
    }
}
