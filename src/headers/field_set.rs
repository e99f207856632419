//! Sets of fields.

use super::known::{CUSTOM, Field, KNOWN};

/// A set of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct FieldSet([u64; WORDS]);

const WORDS: usize = KNOWN.len().wrapping_add(CUSTOM).div_ceil(64);

impl FieldSet {
    pub(crate) const EMPTY: Self = Self([0; WORDS]);

    /// A set of these fields. [`NONE`] is ignored.
    pub(crate) fn of(fields: impl IntoIterator<Item = Field>) -> Self {
        let mut set = Self::EMPTY;
        for field in fields {
            set.insert(field);
        }
        set
    }

    #[inline]
    pub(crate) const fn insert(&mut self, field: Field) {
        // `NONE` is beyond the last word.
        if let Some((_, [word, ..])) = self.0.split_at_mut_checked(field as usize / 64) {
            *word |= 1_u64.wrapping_shl(field as u32);
        }
    }

    #[inline]
    pub(crate) fn contains(self, field: Field) -> bool {
        let word = self.0.get(usize::from(field) / 64);
        word.is_some_and(|word| word & 1_u64.wrapping_shl(u32::from(field)) != 0)
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The fields in this set that are not in `other`.
    #[inline]
    #[must_use]
    pub(crate) fn without(mut self, other: Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= !other;
        }
        self
    }

    /// Whether the two sets have a field in common.
    pub(crate) fn intersects(self, other: Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .any(|(word, other)| word & other != 0)
    }

    /// Calls `take` with each field, in ascending order of their numbers.
    #[inline]
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn each(self, mut take: impl FnMut(Field)) {
        let mut first: Field = 0;
        for mut word in self.0 {
            while word != 0 {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                // The number of a bit is below 64.
                take(first.wrapping_add(bit as Field));
            }
            first = first.wrapping_add(64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::known::{FIRST_CUSTOM, NONE};

    #[test]
    fn a_set_holds_each_field_once_and_not_what_is_none() {
        let last = FIRST_CUSTOM + 4;
        let set = FieldSet::of([3, NONE, last, 64, 63, 3]);
        let numbers = |set: FieldSet| {
            let mut numbers = Vec::new();
            set.each(|field| numbers.push(field));
            numbers
        };
        assert_eq!(numbers(set), [3, 63, 64, last]);
        assert!(set.contains(last) && !set.contains(NONE) && !set.contains(4));
        let less = set.without(FieldSet::of([63, 5]));
        assert_eq!(numbers(less), [3, 64, last]);
        assert!(less.intersects(set) && !less.intersects(FieldSet::of([63])));
        assert!(FieldSet::of([NONE]).is_empty());
    }
}
