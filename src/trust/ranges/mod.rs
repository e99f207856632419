//! Merged, sorted ranges of addresses, and how to find an address in them.

use std::{collections::BinaryHeap, ops::Deref};

/// The bits of an address.
pub(super) trait Bits: Copy + Ord {
    fn successor(self) -> Option<Self>;
    /// The first `count` bits, where `count` is at most 16.
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

/// With fewer ranges than this, a search without an index is as fast.
const WORTH_AN_INDEX: usize = 256;

/// Sorted ranges of addresses that do not overlap or touch. Each is a pair of its first and last address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Ranges<A> {
    ranges: Box<[(A, A)]>,
    /// For each value of an address's leading bits, how many ranges begin with a smaller value. The last entry is the
    /// number of all ranges. Empty if there are few ranges. The index takes at most four bytes per range.
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
    /// Sorts the ranges, and joins those that overlap or touch.
    fn from_iter<I: IntoIterator<Item = (A, A)>>(ranges: I) -> Self {
        // A heap sorts more slowly than a slice, but with a twentieth of the code.
        let ranges: BinaryHeap<(A, A)> = ranges.into_iter().collect();
        let mut ranges = ranges.into_sorted_vec();
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
    /// The range that contains `address`.
    #[inline]
    pub(super) fn find(&self, address: A) -> Option<(A, A)> {
        let (begin, end) = self.window(address);
        let window = self.ranges.get(begin..end)?;
        let begun = window.partition_point(|&(first, _)| first <= address);
        let range = *self.ranges.get(begin.checked_add(begun)?.checked_sub(1)?)?;
        (address <= range.1).then_some(range)
    }

    /// The ranges that begin with the same leading bits as `address`, or all ranges if there is no index.
    #[inline]
    fn window(&self, address: A) -> (usize, usize) {
        if self.index.is_empty() {
            return (0, self.ranges.len());
        }
        let value = address.leading(self.leading);
        match self.index.get(value..) {
            Some([begin, end, ..]) => (*begin as usize, *end as usize),
            _ => (0, self.ranges.len()),
        }
    }
}

#[cfg(test)]
mod tests;
