//! Addresses as merged, sorted ranges, and how one is found among them.

use std::ops::Deref;

/// The bits of an address.
pub(super) trait Bits: Copy + Ord {
    fn successor(self) -> Option<Self>;
    /// The first so many bits; 16 at most.
    fn leading(self, count: u32) -> usize;
}

macro_rules! bits {
    ($($address:ty),*) => {
        $(impl Bits for $address {
            fn successor(self) -> Option<Self> {
                self.checked_add(1)
            }

            #[inline]
            fn leading(self, count: u32) -> usize {
                let bits = self.checked_shr(Self::BITS.saturating_sub(count));
                bits.and_then(|bits| usize::try_from(bits).ok())
                    .unwrap_or_default()
            }
        })*
    };
}

bits!(u32, u128);

/// Fewer ranges are searched as fast without an index.
const WORTH_AN_INDEX: usize = 256;

/// Ranges of addresses, none of which overlap or touch, in order: first and last of each.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Ranges<A> {
    ranges: Box<[(A, A)]>,
    /// For each value of an address's leading bits, how many ranges begin with a smaller one; and all
    /// of them at the end. Empty if there are few ranges. It takes four bytes a range at most.
    index: Box<[u32]>,
    leading: u32,
}

impl<A> Default for Ranges<A> {
    fn default() -> Self {
        Self {
            ranges: Box::default(),
            index: Box::default(),
            leading: 0,
        }
    }
}

impl<A> Deref for Ranges<A> {
    type Target = [(A, A)];

    fn deref(&self) -> &[(A, A)] {
        &self.ranges
    }
}

impl<A: Bits> FromIterator<(A, A)> for Ranges<A> {
    /// Sorts them, and joins those that overlap or touch.
    fn from_iter<I: IntoIterator<Item = (A, A)>>(ranges: I) -> Self {
        let mut ranges: Vec<(A, A)> = ranges.into_iter().collect();
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let joined = kept.1.successor().is_none_or(|after| next.0 <= after);
            if joined {
                kept.1 = kept.1.max(next.1);
            }
            joined
        });
        let leading = match ranges.len() {
            few if few < WORTH_AN_INDEX => 0,
            many => many.ilog2().min(16),
        };
        Self {
            index: index(&ranges, leading),
            ranges: ranges.into_boxed_slice(),
            leading,
        }
    }
}

fn index<A: Bits>(ranges: &[(A, A)], leading: u32) -> Box<[u32]> {
    if leading == 0 {
        return Box::default();
    }
    let mut index = Vec::new();
    let mut begun = 0_u32;
    let mut firsts = ranges
        .iter()
        .map(|range| range.0.leading(leading))
        .peekable();
    for value in 0..=1_usize.wrapping_shl(leading) {
        while firsts.next_if(|&first| first < value).is_some() {
            begun = begun.saturating_add(1);
        }
        index.push(begun);
    }
    index.into_boxed_slice()
}

impl<A: Bits> Ranges<A> {
    /// The range that `address` is in.
    #[inline]
    pub(super) fn find(&self, address: A) -> Option<(A, A)> {
        let (begin, end) = self.window(address);
        let window = self.ranges.get(begin..end)?;
        let begun = window.partition_point(|&(first, _)| first <= address);
        let range = *self.ranges.get(begin.checked_add(begun)?.checked_sub(1)?)?;
        (address <= range.1).then_some(range)
    }

    /// The ranges that begin with the same leading bits; all, without an index.
    #[inline]
    fn window(&self, address: A) -> (usize, usize) {
        let value = address.leading(self.leading);
        match self.index.get(value..) {
            Some([begin, end, ..]) => (*begin as usize, *end as usize),
            _ => (0, self.ranges.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_an_index_the_same_is_found() {
        let ranges: Vec<(u32, u32)> = (1..2_000_u32)
            .map(|index| {
                let first = index.wrapping_mul(0x0001_9660) & !0xff;
                (first, first | 0x7f)
            })
            .collect();
        for count in [0, 1, WORTH_AN_INDEX - 1, WORTH_AN_INDEX, 1999] {
            let some: Ranges<u32> = ranges[..count].iter().copied().collect();
            assert_eq!(some.index.is_empty(), some.len() < WORTH_AN_INDEX);
            let linear = |address: u32| {
                let mut all = some.iter().copied();
                all.find(|range| range.0 <= address && address <= range.1)
            };
            let edges = some.iter().flat_map(|&(first, last)| {
                [first.wrapping_sub(1), first, last, last.wrapping_add(1)]
            });
            for address in edges.chain([0, 1, u32::MAX - 1, u32::MAX]) {
                assert_eq!(some.find(address), linear(address), "{count} {address:x}");
            }
        }
    }

    #[test]
    fn ranges_across_and_at_the_ends_of_what_the_index_tells_apart_are_found() {
        let mut all: Vec<(u128, u128)> =
            (0..1000_u128).map(|i| (i << 100, (i << 100) | 7)).collect();
        all.extend([(5 << 120, (9 << 120) | 1), (u128::MAX - 1, u128::MAX)]);
        let ranges: Ranges<u128> = all.into_iter().collect();
        for (address, found) in [
            (0, true),
            (8, false),
            (7 << 120, true),
            ((9 << 120) | 1, true),
            ((9 << 120) | 2, false),
            (u128::MAX, true),
            (u128::MAX - 2, false),
        ] {
            assert_eq!(ranges.find(address).is_some(), found, "{address:x}");
        }
    }

    #[test]
    fn an_index_leaves_few_ranges_to_search() {
        let v4: Ranges<u32> = (0..50_000_u32).map(|i| (i << 16, i << 16)).collect();
        let v6: Ranges<u128> = (0..50_000_u128).map(|i| (i << 112, i << 112)).collect();
        for i in [0, 1, 30_000, 49_999] {
            for (begin, end) in [v4.window(i << 16), v6.window(u128::from(i) << 112)] {
                assert!((1..=2).contains(&(end - begin)), "{i}: {begin} to {end}");
            }
        }
    }

    #[test]
    fn a_v4_range_takes_twelve_bytes_at_most() {
        let ranges: Ranges<u32> = (0..100_000_u32).map(|i| (i << 12, i << 12)).collect();
        let bytes = size_of_val(&*ranges.ranges) + size_of_val(&*ranges.index);
        assert!(
            bytes <= 12 * ranges.len(),
            "{bytes} bytes for {}",
            ranges.len()
        );
    }
}
