//! The functions of the query language: their names and arguments.

use std::fmt;

use strum::VariantArray;

use super::tree::Expr;

/// A function that is evaluated for each record.
///
/// Source: CloudWatch Logs user guide, "Boolean, comparison, numeric, datetime, and other
/// functions".
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
#[expect(missing_docs, reason = "they bear the names that AWS documents")]
pub enum Function {
    Abs,
    Ceil,
    Floor,
    Greatest,
    Least,
    Log,
    Sqrt,
    Bin,
    DateFloor,
    DateCeil,
    FromMillis,
    ToMillis,
    IsPresent,
    Coalesce,
    IsValidIp,
    IsValidIpV4,
    IsValidIpV6,
    IsIpInSubnet,
    IsIpv4InSubnet,
    IsIpv6InSubnet,
    IsEmpty,
    IsBlank,
    Concat,
    LTrim,
    RTrim,
    Trim,
    StrLen,
    ToUpper,
    ToLower,
    Substr,
    Replace,
    StrContains,
    Contains,
}

const ANY_NUMBER: usize = usize::MAX;

impl Function {
    /// Returns the function with this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let has_name = |function: &Self| function.name().eq_ignore_ascii_case(name);
        Self::VARIANTS.iter().copied().find(has_name)
    }

    /// The name of the function, and its minimum and maximum number of arguments.
    fn signature(self) -> (&'static str, usize, usize) {
        match self {
            Self::Abs => ("abs", 1, 1),
            Self::Ceil => ("ceil", 1, 1),
            Self::Floor => ("floor", 1, 1),
            Self::Greatest => ("greatest", 1, ANY_NUMBER),
            Self::Least => ("least", 1, ANY_NUMBER),
            Self::Log => ("log", 1, 1),
            Self::Sqrt => ("sqrt", 1, 1),
            Self::Bin => ("bin", 1, 1),
            Self::DateFloor => ("datefloor", 2, 2),
            Self::DateCeil => ("dateceil", 2, 2),
            Self::FromMillis => ("fromMillis", 1, 1),
            Self::ToMillis => ("toMillis", 1, 1),
            Self::IsPresent => ("ispresent", 1, 1),
            Self::Coalesce => ("coalesce", 1, ANY_NUMBER),
            Self::IsValidIp => ("isValidIp", 1, 1),
            Self::IsValidIpV4 => ("isValidIpV4", 1, 1),
            Self::IsValidIpV6 => ("isValidIpV6", 1, 1),
            Self::IsIpInSubnet => ("isIpInSubnet", 2, 2),
            Self::IsIpv4InSubnet => ("isIpv4InSubnet", 2, 2),
            Self::IsIpv6InSubnet => ("isIpv6InSubnet", 2, 2),
            Self::IsEmpty => ("isempty", 1, 1),
            Self::IsBlank => ("isblank", 1, 1),
            Self::Concat => ("concat", 1, ANY_NUMBER),
            Self::LTrim => ("ltrim", 1, 2),
            Self::RTrim => ("rtrim", 1, 2),
            Self::Trim => ("trim", 1, 2),
            Self::StrLen => ("strlen", 1, 1),
            Self::ToUpper => ("toupper", 1, 1),
            Self::ToLower => ("tolower", 1, 1),
            Self::Substr => ("substr", 2, 3),
            Self::Replace => ("replace", 3, 3),
            Self::StrContains => ("strcontains", 2, 2),
            Self::Contains => ("contains", 2, 2),
        }
    }

    /// The name, as AWS writes it.
    pub fn name(self) -> &'static str {
        self.signature().0
    }

    /// Returns what is wrong with these arguments, if anything.
    pub(super) fn argument_error(self, arguments: &[Expr]) -> Option<String> {
        let (name, least, most) = self.signature();
        if arguments.len() < least || arguments.len() > most {
            let expected = match (least, most) {
                (least, most) if least == most => format!("{least}"),
                (least, ANY_NUMBER) => format!("at least {least}"),
                (least, most) => format!("{least} to {most}"),
            };
            return Some(format!(
                "`{name}` takes {expected} argument(s), not {}",
                arguments.len()
            ));
        }
        let period_at = match self {
            Self::Bin => Some(0),
            Self::DateFloor | Self::DateCeil => Some(1),
            _ => None,
        };
        let is_period = |expr: &Expr| matches!(expr, Expr::Period(_));
        let (at, wrong) = arguments
            .iter()
            .enumerate()
            .find(|(at, expr)| is_period(expr) != (period_at == Some(*at)))?;
        let problem = if is_period(wrong) {
            "cannot be a period"
        } else {
            "must be a period, such as 5m"
        };
        Some(format!("argument {} of `{name}` {problem}", at + 1))
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_in_any_case() {
        for function in Function::VARIANTS {
            let name = function.name().to_uppercase();
            assert_eq!(Function::from_name(&name), Some(*function));
        }
    }
}
