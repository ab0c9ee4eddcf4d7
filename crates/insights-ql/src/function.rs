//! The functions of the query language: their names and arguments.

use std::fmt;

use super::tree::Expr;

/// A function that is evaluated for each record.
///
/// Source: CloudWatch Logs user guide, "Boolean, comparison, numeric, datetime, and other
/// functions".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A function, its name, and its minimum and maximum number of arguments.
type Signature = (Function, &'static str, usize, usize);

const ANY_NUMBER: usize = usize::MAX;

const SIGNATURES: [Signature; 33] = [
    (Function::Abs, "abs", 1, 1),
    (Function::Ceil, "ceil", 1, 1),
    (Function::Floor, "floor", 1, 1),
    (Function::Greatest, "greatest", 1, ANY_NUMBER),
    (Function::Least, "least", 1, ANY_NUMBER),
    (Function::Log, "log", 1, 1),
    (Function::Sqrt, "sqrt", 1, 1),
    (Function::Bin, "bin", 1, 1),
    (Function::DateFloor, "datefloor", 2, 2),
    (Function::DateCeil, "dateceil", 2, 2),
    (Function::FromMillis, "fromMillis", 1, 1),
    (Function::ToMillis, "toMillis", 1, 1),
    (Function::IsPresent, "ispresent", 1, 1),
    (Function::Coalesce, "coalesce", 1, ANY_NUMBER),
    (Function::IsValidIp, "isValidIp", 1, 1),
    (Function::IsValidIpV4, "isValidIpV4", 1, 1),
    (Function::IsValidIpV6, "isValidIpV6", 1, 1),
    (Function::IsIpInSubnet, "isIpInSubnet", 2, 2),
    (Function::IsIpv4InSubnet, "isIpv4InSubnet", 2, 2),
    (Function::IsIpv6InSubnet, "isIpv6InSubnet", 2, 2),
    (Function::IsEmpty, "isempty", 1, 1),
    (Function::IsBlank, "isblank", 1, 1),
    (Function::Concat, "concat", 1, ANY_NUMBER),
    (Function::LTrim, "ltrim", 1, 2),
    (Function::RTrim, "rtrim", 1, 2),
    (Function::Trim, "trim", 1, 2),
    (Function::StrLen, "strlen", 1, 1),
    (Function::ToUpper, "toupper", 1, 1),
    (Function::ToLower, "tolower", 1, 1),
    (Function::Substr, "substr", 2, 3),
    (Function::Replace, "replace", 3, 3),
    (Function::StrContains, "strcontains", 2, 2),
    (Function::Contains, "contains", 2, 2),
];

impl Function {
    /// Returns the function with this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let signature = SIGNATURES
            .iter()
            .find(|(_, known, ..)| known.eq_ignore_ascii_case(name));
        signature.map(|(function, ..)| *function)
    }

    fn signature(self) -> (&'static str, usize, usize) {
        let signature = SIGNATURES.iter().find(|(function, ..)| *function == self);
        signature.map_or(("", 0, 0), |&(_, name, least, most)| (name, least, most))
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
    fn each_function_has_one_signature() {
        for (function, name, ..) in SIGNATURES {
            assert_eq!(Function::from_name(&name.to_uppercase()), Some(function));
            assert_eq!(function.name(), name);
        }
    }
}
