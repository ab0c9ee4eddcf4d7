//! Divides a quota among shards. Pure.

/// The part of a shared quota that all shards have in equal fractions, so that none is left without,
/// whatever it finds. They share the rest by what they are planned to read.
const EQUAL_PART: f64 = 0.1;

/// Returns the fractions of a quota by what is needed of it. Their sum is 1.
pub(super) fn fractions(needed: &[f64]) -> Vec<f64> {
    let number = to_number(needed.len()).max(1.0);
    let total: f64 = needed.iter().sum();
    let share = |part: f64| {
        if total > 0.0 {
            part / total
        } else {
            1.0 / number
        }
    };
    needed
        .iter()
        .map(|part| EQUAL_PART / number + (1.0 - EQUAL_PART) * share(*part))
        .collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a number of shards or accounts is far below 2^52"
)]
pub(super) fn to_number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_a_quota_add_up_to_all_of_it() {
        for needed in [vec![0.0; 3], vec![1.0, 0.0, 9.0], vec![5.0]] {
            let fractions = fractions(&needed);
            let sum: f64 = fractions.iter().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{fractions:?}");
            assert!(fractions.iter().all(|fraction| *fraction > 0.0));
        }
        assert_eq!(fractions(&[0.0, 1.0])[0], 0.05);
    }
}
