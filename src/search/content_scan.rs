//! The search of whole contents, such as log files: candidates, escapes and the marks of the caller
//! in one pass over the bytes.
//!
//! It finds the candidates that `matcher.rs` finds with a pass for each kind. If the indicators need
//! more classes than one pass has, it finds only the marks, and the matcher does the rest.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::address_scan::AddressScan;
use super::candidates::CandidateList;
use super::escape_aliases::EscapeAliases;
use super::literal_prefilter::RequiredTexts;
use crate::byte_scan::{ByteClass, ByteScan, MOST_CLASSES, SEQUENCE};

const DIGITS: &[u8] = b"0123456789";
const HEX_DIGITS: &[u8] = b"0123456789abcdefABCDEF";
const HEX_DIGITS_AND_COLON: &[u8] = b"0123456789abcdefABCDEF:";

/// The most texts in one class. With more, the halves of their bytes fit too many other bytes.
const MOST_TEXTS: usize = 4;

/// The bit of the first class.
const MARK: u8 = 1;

/// What the hits of a class may be.
#[derive(Clone, Debug)]
enum ClassKind {
    /// A sequence of the caller.
    Mark,
    /// A backslash or percent sign.
    Escape,
    /// The beginning of `ip-`, or the end of `ec2-`.
    HostName,
    /// The end of `ffff:` before an IPv4 address in an IPv6 address.
    Mapped,
    /// The last digit before the first dot of an IPv4 address.
    Dotted,
    /// A colon.
    V6,
    /// Some bytes of one of these texts.
    Texts(Vec<SoughtText>),
}

/// A text of which every value with one of the indicators contains one.
#[derive(Clone, Debug)]
struct SoughtText {
    text: Vec<u8>,
    /// Whether the case of ASCII letters does not matter.
    folds_case: bool,
    /// The position in the text of the bytes that are looked up.
    window: usize,
}

/// Searches contents for indicators and for marks.
#[derive(Clone, Debug)]
pub struct ContentScan {
    /// `None` if it could not be built: then every record may match.
    scan: Option<ByteScan>,
    /// What the classes are, in the order of their bits.
    kinds: Vec<ClassKind>,
    /// Whether candidates and escapes are among the classes.
    pub(super) finds_candidates: bool,
}

/// Where the hits of a content are compared and collected.
pub(super) struct HitCollector<'c> {
    pub(super) content: &'c [u8],
    pub(super) addresses: &'c AddressScan,
    pub(super) escapes: &'c EscapeAliases,
    pub(super) marks: &'c mut Vec<u32>,
    /// The end of the last run of hexadecimal digits and colons.
    pub(super) v6_searched_to: usize,
}

impl ContentScan {
    /// Builds the search for marks, and for the indicators that need these texts and escapes.
    pub(super) fn new(
        marks: ByteClass<'_>,
        texts: Option<&RequiredTexts>,
        escapes: &EscapeAliases,
    ) -> Self {
        let mut classes = vec![marks];
        let mut kinds = vec![ClassKind::Mark];
        let only_marks = Self {
            scan: ByteScan::new(&classes),
            kinds: kinds.clone(),
            finds_candidates: texts.is_none(),
        };
        let Some(texts) = texts else {
            return only_marks;
        };
        add_fixed_classes(texts, escapes, &mut classes, &mut kinds);
        let free = MOST_CLASSES.saturating_sub(classes.len());
        let fits = |sought: &Vec<SoughtText>| sought.len() <= free * MOST_TEXTS;
        let Some(sought) = sought_texts(texts).filter(fits) else {
            return only_marks;
        };
        let in_each = sought.len().div_ceil(free.max(1)).max(1);
        let groups: Vec<&[SoughtText]> = sought.chunks(in_each).collect();
        let windows: Vec<[Vec<u8>; SEQUENCE]> =
            groups.iter().map(|texts| window_bytes(texts)).collect();
        for ([one, two, three], texts) in windows.iter().zip(groups) {
            classes.push([one, two, three]);
            kinds.push(ClassKind::Texts(texts.to_vec()));
        }
        let dotted = kinds.iter().zip([1, 2, 4, 8, 16, 32, 64, 128]);
        let dotted = dotted.filter(|(kind, _)| matches!(kind, ClassKind::Dotted));
        let dotted = dotted.map(|(_, bit)| bit).sum();
        match ByteScan::new(&classes) {
            Some(scan) => Self {
                scan: Some(scan.with_chained(dotted)),
                kinds,
                finds_candidates: true,
            },
            None => only_marks,
        }
    }

    /// Searches a content. Breaks off if there are too many candidates.
    pub(super) fn find(
        &self,
        mut hits: HitCollector<'_>,
        candidates: &mut CandidateList<'_>,
    ) -> ControlFlow<()> {
        let content = hits.content;
        let Some(scan) = &self.scan else {
            return ControlFlow::Break(());
        };
        scan.find(content, &mut |at, mut classes| {
            // The usual case.
            if classes == MARK {
                hits.marks.extend(u32::try_from(at));
                return ControlFlow::Continue(());
            }
            while classes != 0 {
                let class = classes.trailing_zeros() as usize;
                classes &= classes - 1;
                if let Some(kind) = self.kinds.get(class) {
                    hits.compare(kind, at, candidates)?;
                }
            }
            ControlFlow::Continue(())
        })
    }
}

impl HitCollector<'_> {
    /// Compares a hit, and adds its offset if it is what its class is for.
    fn compare(
        &mut self,
        kind: &ClassKind,
        at: usize,
        candidates: &mut CandidateList<'_>,
    ) -> ControlFlow<()> {
        let content = self.content;
        let is_after = |byte: fn(u8) -> bool| {
            let before = at.checked_sub(1).and_then(|before| content.get(before));
            before.is_some_and(|before| byte(*before))
        };
        let behind = || content.get(at + SEQUENCE..).unwrap_or_default();
        let found = match kind {
            ClassKind::Mark => {
                self.marks.extend(u32::try_from(at));
                None
            }
            ClassKind::Escape => self.escapes.is_alias(content, at).then_some(at),
            ClassKind::HostName => match content.get(at..at + SEQUENCE) {
                Some(b"ip-") => self.addresses.is_host_name(behind()).then_some(at),
                Some(b"c2-") if is_after(|byte| byte == b'e') => {
                    self.addresses.is_host_name(behind()).then_some(at)
                }
                _ => None,
            },
            ClassKind::Mapped => {
                let before = content.get(..at.saturating_sub(1)).unwrap_or_default();
                let is_mapped = content.get(at + 2) == Some(&b':')
                    && is_after(|byte| byte.eq_ignore_ascii_case(&b'f'))
                    && self.addresses.is_mapped(before, behind());
                is_mapped.then_some(at)
            }
            ClassKind::Dotted => {
                let is_dot = content.get(at + 1) == Some(&b'.');
                (is_dot && self.addresses.is_dotted_at(content, at + 1)).then_some(at + 1)
            }
            ClassKind::V6 => {
                let is_colon = content.get(at) == Some(&b':');
                let end = &mut self.v6_searched_to;
                (is_colon && self.addresses.is_v6_at(content, at, end)).then_some(at)
            }
            ClassKind::Texts(texts) => {
                return texts
                    .iter()
                    .filter_map(|text| text.find_at(content, at))
                    .try_for_each(|start| candidates.add(start));
            }
        };
        found.map_or(ControlFlow::Continue(()), |at| candidates.add(at))
    }
}

impl SoughtText {
    /// Returns where the text begins, if its window is at this position.
    fn find_at(&self, content: &[u8], window: usize) -> Option<usize> {
        let start = window.checked_sub(self.window)?;
        let found = content.get(start..start + self.text.len())?;
        let is_same = if self.folds_case {
            found.eq_ignore_ascii_case(&self.text)
        } else {
            found == self.text
        };
        is_same.then_some(start)
    }
}

/// Adds the classes that do not depend on the texts.
fn add_fixed_classes<'b>(
    texts: &RequiredTexts,
    escapes: &'b EscapeAliases,
    classes: &mut Vec<ByteClass<'b>>,
    kinds: &mut Vec<ClassKind>,
) {
    let mut add = |class, kind| {
        classes.push(class);
        kinds.push(kind);
    };
    add([b"\\", escapes.letters(), b""], ClassKind::Escape);
    add([b"%", HEX_DIGITS, HEX_DIGITS], ClassKind::Escape);
    if texts.has_v4 {
        add([b"ic", b"p2", b"-"], ClassKind::HostName);
        add([b"fF", b"fF", b":"], ClassKind::Mapped);
        if texts.v4.is_none() {
            add([DIGITS, b".", DIGITS], ClassKind::Dotted);
        }
    }
    if texts.has_v6 && texts.v6.is_none() {
        add([b":", HEX_DIGITS_AND_COLON, b""], ClassKind::V6);
    }
}

/// Returns the texts of the indicators. Spellings in upper and lower case become one text. `None`
/// if there are too many for a prefilter, or one is too short.
fn sought_texts(texts: &RequiredTexts) -> Option<Vec<SoughtText>> {
    let literals = texts.literals.as_ref()?.iter();
    let addresses = [&texts.v4, &texts.v6].into_iter().flatten().flatten();
    let mut spellings: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for text in literals.chain(addresses) {
        spellings
            .entry(text.to_ascii_lowercase())
            .or_default()
            .push(text);
    }
    let sought = spellings.into_iter().map(|(lower, spellings)| {
        let (text, folds_case) = match &spellings[..] {
            [only] => (only.as_bytes().to_vec(), false),
            _ => (lower.into_bytes(), true),
        };
        let window = rarest_window(&text)?;
        Some(SoughtText {
            text,
            folds_case,
            window,
        })
    });
    sought.collect()
}

/// Returns the position of the bytes in a text that are probably the rarest ones in a log. `None`
/// if the text is too short.
fn rarest_window(text: &[u8]) -> Option<usize> {
    let frequency = |window: &[u8]| -> u32 { window.iter().map(|byte| frequency_of(*byte)).sum() };
    let windows = text.windows(SEQUENCE).enumerate();
    windows
        .min_by_key(|(_, window)| frequency(window))
        .map(|(at, _)| at)
}

/// About how frequent a byte is in JSON: only the order matters.
fn frequency_of(byte: u8) -> u32 {
    match byte {
        b'"' | b':' | b',' | b'e' | b'a' | b't' | b's' | b'n' | b'r' | b'i' | b'o' => 9,
        b'0'..=b'9' | b'.' | b'-' | b'/' => 6,
        b'a'..=b'z' => 5,
        b'A'..=b'Z' => 3,
        _ => 1,
    }
}

/// The bytes at each position of the windows of some texts.
fn window_bytes(texts: &[SoughtText]) -> [Vec<u8>; SEQUENCE] {
    std::array::from_fn(|position| {
        let mut bytes = Vec::new();
        for text in texts {
            if let Some(byte) = text.text.get(text.window + position) {
                bytes.push(*byte);
                if text.folds_case {
                    bytes.push(byte.to_ascii_uppercase());
                }
            }
        }
        bytes
    })
}
