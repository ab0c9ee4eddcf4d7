//! CRC-64/NVME, the checksum that S3 computes for objects by default.
//!
//! Source: S3 user guide, "Checking object integrity in Amazon S3"; NVM Command Set specification
//! (the polynomial).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The polynomial in reversed bit order.
const POLYNOMIAL: u64 = 0x9A6C_9329_AC4B_C9B5;

/// The checksum in base 64, as S3 writes it into headers.
pub(super) fn crc64_nvme_base64(data: &[u8]) -> String {
    STANDARD.encode(crc64_nvme(data).to_be_bytes())
}

fn crc64_nvme(data: &[u8]) -> u64 {
    let table: Vec<u64> = (0..256).map(table_entry).collect();
    let mut crc = u64::MAX;
    for byte in data {
        let [low, ..] = crc.to_le_bytes();
        let entry = table.get(usize::from(low ^ byte)).copied();
        crc = entry.unwrap_or_default() ^ (crc >> 8);
    }
    !crc
}

fn table_entry(byte: u64) -> u64 {
    (0..8).fold(byte, |crc, _| {
        if crc & 1 == 1 {
            (crc >> 1) ^ POLYNOMIAL
        } else {
            crc >> 1
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_value_of_the_catalogue() {
        // Source: "Catalogue of parametrised CRC algorithms", CRC-64/NVME.
        assert_eq!(crc64_nvme(b"123456789"), 0xAE8B_1486_0A79_9888);
        assert_eq!(crc64_nvme_base64(b""), "AAAAAAAAAAA=");
    }
}
