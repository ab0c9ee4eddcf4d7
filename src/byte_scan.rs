//! Finds short sequences of bytes in a content of many records, all of them in one pass with SIMD.
//!
//! A class is a set of sequences of three bytes. For each position in a chunk, one bit per class
//! says whether the three bytes there may be of the class. The bits of a byte are looked up by its
//! two halves, so a class also contains the sequences whose halves are mixed from its own: a hit
//! has to be compared again.
//!
//! ```text
//! bytes at 0, 1, 2 ── low half, high half ── six lookups ── and ── one bit per class
//! ```
//! This is the first step of the Teddy algorithm of Hyperscan, but with sets of bytes. A bit per
//! class, instead of one match at a time, makes a hit cheap: log files have several per record.

#![expect(
    clippy::inline_always,
    reason = "SIMD instructions are used only in what is inlined into the function that enables them"
)]

use std::ops::ControlFlow;

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x16, u8x64};

/// How many bytes of a sequence are looked up.
pub(crate) const SEQUENCE: usize = 3;

/// How many classes one scan can have: the bits of a byte.
pub(crate) const MOST_CLASSES: usize = 8;

/// How many positions are looked up at once.
const CHUNK: usize = 64;

/// The bytes that are read for them.
const CHUNK_BYTES: usize = CHUNK + SEQUENCE - 1;

/// How many chunks are looked up before their hits are handed out, so that the tables stay in
/// registers, and the bytes and hits in the cache.
const CHUNKS: usize = 128;

const BLOCK: usize = CHUNKS * CHUNK;

/// The bytes that each position of a sequence may have; empty for any byte.
pub(crate) type ByteClass<'b> = [&'b [u8]; SEQUENCE];

/// The classes of the bytes at one position, by the halves of the byte.
#[derive(Clone, Copy, Debug, Default)]
struct HalfTables {
    low: [u8; 16],
    high: [u8; 16],
}

/// A chunk with hits. Its classes are in one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct ChunkHits {
    /// The classes of each position.
    classes: [u8; CHUNK],
    /// The positions with a class, as bits.
    positions: u64,
    /// The number of the chunk in its block.
    number: usize,
}

impl ChunkHits {
    const NONE: Self = Self {
        classes: [0; CHUNK],
        positions: 0,
        number: 0,
    };

    /// Calls `each` with the positions before `end` and their classes. The chunk starts at `start`.
    fn visit(
        &self,
        (start, end): (usize, usize),
        each: &mut impl FnMut(usize, u8) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut positions = self.positions;
        while positions != 0 {
            let position = positions.trailing_zeros() as usize;
            positions &= positions - 1;
            if start + position < end {
                let classes = self.classes.get(position).copied().unwrap_or_default();
                each(start + position, classes)?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// A searcher for some classes.
#[derive(Clone, Debug)]
pub(crate) struct ByteScan {
    level: Level,
    tables: [HalfTables; SEQUENCE],
    /// The bits of the classes whose hits count only in chains.
    chained: u8,
}

impl ByteScan {
    /// Builds the searcher; `None` if there are too many classes. The bit of a class is that of its
    /// position in the list.
    pub(crate) fn new(classes: &[ByteClass<'_>]) -> Option<Self> {
        if classes.len() > MOST_CLASSES {
            return None;
        }
        let mut tables = [HalfTables::default(); SEQUENCE];
        for (number, class) in classes.iter().enumerate() {
            for (table, bytes) in tables.iter_mut().zip(class) {
                table.add(1 << number, bytes);
            }
        }
        Some(Self {
            level: Level::new(),
            tables,
            chained: 0,
        })
    }

    /// Leaves out hits of these classes, given by their bits, that do not begin a chain: three hits,
    /// each 2 to 4 bytes behind the one before, as the dots of an IPv4 address are. Near the end of a
    /// chunk, any hit may begin one.
    pub(crate) fn with_chained(self, chained: u8) -> Self {
        Self { chained, ..self }
    }

    /// Calls `each` with every position at which a sequence may begin, in ascending order, and with
    /// the bits of its classes. Behind the content, any byte is possible.
    pub(crate) fn find(
        &self,
        content: &[u8],
        each: &mut impl FnMut(usize, u8) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut found = vec![ChunkHits::NONE; CHUNKS.min(content.len() / CHUNK + 1)];
        let end = content.len();
        let mut start = 0;
        while let Some(rest) = content.get(start..).filter(|rest| !rest.is_empty()) {
            let padded;
            let block = if rest.len() < CHUNK_BYTES {
                padded = pad(rest);
                &padded[..]
            } else {
                rest.get(..BLOCK + SEQUENCE - 1).unwrap_or(rest)
            };
            let chunks = (block.len() - (SEQUENCE - 1)) / CHUNK;
            let hits = &mut found;
            let count = if self.chained == 0 {
                dispatch!(self.level, simd => self.find_in_block::<_, false>(simd, block, hits))
            } else {
                dispatch!(self.level, simd => self.find_in_block::<_, true>(simd, block, hits))
            };
            for hits in found.iter().take(count) {
                hits.visit((start + hits.number * CHUNK, end), each)?;
            }
            start += chunks * CHUNK;
        }
        ControlFlow::Continue(())
    }

    /// Writes the chunks of a block that have hits to the start of `found`, and returns how many there
    /// are. The block is some chunks, and the bytes that the last one reads behind itself.
    #[inline(always)]
    fn find_in_block<S: Simd, const HAS_CHAINS: bool>(
        &self,
        simd: S,
        block: &[u8],
        found: &mut [ChunkHits],
    ) -> usize {
        let [first, second, third] = &self.tables;
        let first = first.load(simd);
        let second = second.load(simd);
        let third = third.load(simd);
        let mut count = 0;
        let mut rest = block;
        let mut number = 0;
        while let Some(chunk) = rest.first_chunk::<CHUNK_BYTES>() {
            let [one, two, three] =
                [0, 1, 2].map(|by| chunk.get(by..by + CHUNK).unwrap_or_default());
            let classes = look_up(simd, first, one) & look_up(simd, second, two);
            let classes = classes & look_up(simd, third, three);
            let positions = if HAS_CHAINS {
                let single = (classes & !self.chained).simd_ne(0).to_bitmask();
                let chained = (classes & self.chained).simd_ne(0).to_bitmask();
                single | find_chains(chained)
            } else {
                classes.simd_ne(0).to_bitmask()
            };
            // Written in any case: to skip chunks costs more, because no one can predict them.
            if let Some(hits) = found.get_mut(count) {
                hits.number = number;
                hits.positions = positions;
                hits.classes = classes.to_array();
            }
            count += usize::from(positions != 0);
            number += 1;
            rest = rest.get(CHUNK..).unwrap_or_default();
        }
        count
    }
}

impl HalfTables {
    #[inline(always)]
    fn load<S: Simd>(&self, simd: S) -> (u8x64<S>, u8x64<S>) {
        let low = u8x64::block_splat(u8x16::load_array(simd, self.low));
        let high = u8x64::block_splat(u8x16::load_array(simd, self.high));
        (low, high)
    }

    fn add(&mut self, bit: u8, bytes: &[u8]) {
        for (half, classes) in (0..).zip(&mut self.low) {
            let is_half = |byte: &u8| byte & 0x0f == half;
            if bytes.is_empty() || bytes.iter().any(is_half) {
                *classes |= bit;
            }
        }
        for (half, classes) in (0..).zip(&mut self.high) {
            let is_half = |byte: &u8| byte >> 4 == half;
            if bytes.is_empty() || bytes.iter().any(is_half) {
                *classes |= bit;
            }
        }
    }
}

/// The classes of each byte.
#[inline(always)]
fn look_up<S: Simd>(simd: S, (low, high): (u8x64<S>, u8x64<S>), bytes: &[u8]) -> u8x64<S> {
    let bytes = u8x64::from_slice(simd, bytes);
    let by_low = low.swizzle_dyn_within_blocks(bytes & 0x0f);
    by_low & high.swizzle_dyn_within_blocks(bytes >> 4)
}

/// The hits that begin a chain. What is behind the chunk counts as hits.
#[inline(always)]
fn find_chains(hits: u64) -> u64 {
    let is_before = |hits: u64| {
        let shifted = |by: u32| (hits >> by) | !(u64::MAX >> by);
        shifted(2) | shifted(3) | shifted(4)
    };
    hits & is_before(hits & is_before(hits))
}

/// Copies the last bytes of a content into a chunk.
fn pad(rest: &[u8]) -> [u8; CHUNK_BYTES] {
    let mut padded = [0; CHUNK_BYTES];
    for (to, from) in padded.iter_mut().zip(rest) {
        *to = *from;
    }
    padded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hits(scan: &ByteScan, content: &[u8]) -> Vec<(usize, u8)> {
        let mut all = Vec::new();
        let result = scan.find(content, &mut |at, classes| {
            all.push((at, classes));
            ControlFlow::Continue(())
        });
        assert!(result.is_continue());
        all
    }

    #[test]
    fn classes_are_found_at_every_position() {
        let scan = ByteScan::new(&[[b"a", b"b", b"c"], [b"0123456789", b".", b""]]).unwrap();
        for length in [5, 63, 64, 65, 66, 67, 200, BLOCK - 1, BLOCK, BLOCK + 1] {
            for at in [0, 1, length / 2, length - 3] {
                let mut content = vec![b'x'; length];
                content[at..at + 3].copy_from_slice(b"abc");
                assert_eq!(hits(&scan, &content), [(at, 1)], "{at} of {length}");
                content[at..at + 3].copy_from_slice(b"7.x");
                assert_eq!(hits(&scan, &content), [(at, 2)], "{at} of {length}");
            }
        }
        assert!(hits(&scan, b"").is_empty());
    }

    #[test]
    fn only_chains_of_a_chained_class_are_hits() {
        let scan = ByteScan::new(&[[b"0123456789", b".", b"0123456789"]]).unwrap();
        let scan = scan.with_chained(1);
        for before in 0..150 {
            let content = format!("{}1.22.333.4 {}", " ".repeat(before), " ".repeat(70));
            assert!(
                hits(&scan, content.as_bytes()).contains(&(before, 1)),
                "{before}"
            );
        }
        for other in ["1.2", "1.2.3", "1.2222.3.4", "1.2.3.x", "1..2.3.4"] {
            let content = format!("{other}{}", " ".repeat(70));
            assert!(hits(&scan, content.as_bytes()).is_empty(), "{other}");
        }
    }

    #[test]
    fn search_breaks_off() {
        let scan = ByteScan::new(&[[b"a", b"", b""]]).unwrap();
        let mut calls = 0;
        let result = scan.find(b"xaaa", &mut |_, _| {
            calls += 1;
            ControlFlow::Break(())
        });
        assert!(result.is_break());
        assert_eq!(calls, 1);
    }

    #[test]
    fn classes_are_limited() {
        let class: ByteClass<'_> = [b"a", b"b", b"c"];
        assert!(ByteScan::new(&[class; MOST_CLASSES]).is_some());
        assert!(ByteScan::new(&[class; MOST_CLASSES + 1]).is_none());
    }

    proptest! {
        #[test]
        fn hits_are_those_of_a_plain_search(
            content in prop::collection::vec(
                prop_oneof![3 => Just(b'a'), 1 => any::<u8>()],
                0..300,
            ),
            classes in prop::collection::vec(
                prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), SEQUENCE),
                1..=MOST_CLASSES,
            ),
        ) {
            let set = |class: usize, position: usize| -> &[u8] { &classes[class][position] };
            let sets: Vec<ByteClass<'_>> = (0..classes.len())
                .map(|class| [set(class, 0), set(class, 1), set(class, 2)])
                .collect();
            let is_in = |set: &[u8], byte: u8| {
                let has_low = set.iter().any(|own| own & 15 == byte & 15);
                let has_high = set.iter().any(|own| own >> 4 == byte >> 4);
                set.is_empty() || has_low && has_high
            };
            let padded = [&content[..], &[0, 0]].concat();
            let mut expected = Vec::new();
            for at in 0..content.len() {
                let mut bits = 0;
                for (number, class) in sets.iter().enumerate() {
                    if class.iter().zip(&padded[at..]).all(|(set, byte)| is_in(set, *byte)) {
                        bits |= 1_u8 << number;
                    }
                }
                if bits != 0 {
                    expected.push((at, bits));
                }
            }
            let scan = ByteScan::new(&sets).unwrap();
            prop_assert_eq!(hits(&scan, &content), expected);
        }
    }
}
