//! The checksum of .xz blocks.

/// ECMA-182, bits reversed, eight bytes at a time ("slicing by 8"): a byte at a time would cost an unoptimised build a
/// quarter of its decoding speed.
static TABLES: [[u64; 256]; 8] = {
    let mut tables = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xc96c_5795_d787_0f42 } else { crc >> 1 };
            bit += 1;
        }
        tables[0][i] = crc;
        i += 1;
    }
    let mut t = 1;
    while t < 8 {
        let mut i = 0;
        while i < 256 {
            let last = tables[t - 1][i];
            tables[t][i] = last >> 8 ^ tables[0][(last & 0xff) as usize];
            i += 1;
        }
        t += 1;
    }
    tables
};

/// The register after `bytes`; it begins as `!0`, and its complement is the checksum.
pub(super) fn update(mut crc: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let xored = (crc ^ u64::from_le_bytes(*word)).to_le_bytes();
        crc = TABLES[7][usize::from(xored[0])]
            ^ TABLES[6][usize::from(xored[1])]
            ^ TABLES[5][usize::from(xored[2])]
            ^ TABLES[4][usize::from(xored[3])]
            ^ TABLES[3][usize::from(xored[4])]
            ^ TABLES[2][usize::from(xored[5])]
            ^ TABLES[1][usize::from(xored[6])]
            ^ TABLES[0][usize::from(xored[7])];
    }
    for byte in rest {
        let [low, ..] = crc.to_le_bytes();
        crc = crc >> 8 ^ TABLES[0][usize::from(low ^ byte)];
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_of_known_bytes() {
        // The check value of CRC-64/XZ, from the catalogue of parametrised CRC algorithms.
        assert_eq!(!update(!0, b"123456789"), 0x995d_c9bb_df19_39fa);
        assert_eq!(!update(!0, b""), 0);
    }

    #[test]
    fn pieces_add_up_to_the_whole() {
        let bytes: Vec<u8> = (0..100).collect();
        for at in 0..100 {
            assert_eq!(update(update(!0, &bytes[..at]), &bytes[at..]), update(!0, &bytes));
        }
    }
}
