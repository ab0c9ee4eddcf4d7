//! Amounts of money.

/// Formats US dollars: `0.02 USD`. Less than a cent is not shown as zero, as libraries for money
/// would show it.
pub fn money(usd: f64) -> String {
    if is_under_a_cent(usd) {
        "under 0.01 USD".to_owned()
    } else {
        format!("{usd:.2} USD")
    }
}

/// Formats an estimate in US dollars: `about 0.02 USD`, or `under 0.01 USD`.
pub fn about_money(usd: f64) -> String {
    if is_under_a_cent(usd) {
        money(usd)
    } else {
        format!("about {}", money(usd))
    }
}

fn is_under_a_cent(usd: f64) -> bool {
    usd > 0.0 && usd < 0.01
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_a_cent_is_not_zero() {
        assert_eq!(money(0.0), "0.00 USD");
        assert_eq!(money(0.000_3), "under 0.01 USD");
        assert_eq!(money(0.01), "0.01 USD");
        assert_eq!(money(12.345_6), "12.35 USD");
        assert_eq!(about_money(0.000_3), "under 0.01 USD");
        assert_eq!(about_money(0.02), "about 0.02 USD");
    }
}
