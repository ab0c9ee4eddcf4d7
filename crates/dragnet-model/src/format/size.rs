//! Sizes.

/// Formats bytes with a decimal prefix, as AWS bills them: `1.2 GB`.
///
/// The libraries that were compared choose the prefix before they round: `humansize`, `bytesize`
/// and `unit-prefix` format 999,960 bytes as `1000.0 kB`, and `DecimalBytes` of `indicatif` has two
/// decimal places.
pub fn bytes(number: u64) -> String {
    const PREFIXES: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    let mut scaled = number as f64;
    let mut prefix = "";
    for next in PREFIXES {
        // A value that would be shown as 1000 gets the next prefix.
        if scaled < 999.95 {
            break;
        }
        scaled /= 1_000.0;
        prefix = next;
    }
    if prefix.is_empty() {
        format!("{number} B")
    } else {
        format!("{scaled:.1} {prefix}B")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_decimal_prefixes() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_200_000_000), "1.2 GB");
        assert_eq!(bytes(999_940), "999.9 kB");
        assert_eq!(bytes(999_960), "1.0 MB");
        assert_eq!(bytes(u64::MAX), "18.4 EB");
    }
}
