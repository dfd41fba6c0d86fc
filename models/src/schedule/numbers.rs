//! A set of small numbers, bays or technicians, that costs nothing to make and to ask.

/// Numbers below 512 fit.
const WORDS: usize = 8;

/// The most numbers that a set can tell apart.
pub(super) const NUMBERS_MAX: usize = 64 * WORDS;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers([u64; WORDS]);

impl Numbers {
    pub(super) fn holds(&self, number: u16) -> bool {
        let number = usize::from(number);
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
}

impl Extend<u16> for Numbers {
    fn extend<T: IntoIterator<Item = u16>>(&mut self, numbers: T) {
        for number in numbers.into_iter().map(usize::from) {
            self.0[number / 64] |= 1 << (number % 64);
        }
    }
}

impl FromIterator<u16> for Numbers {
    fn from_iter<T: IntoIterator<Item = u16>>(numbers: T) -> Self {
        let mut set = Self::default();
        set.extend(numbers);
        set
    }
}
