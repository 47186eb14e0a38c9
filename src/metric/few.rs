//! A map of a few names, in their order: a row has one column or two, and there are thousands of rows.

use std::fmt;
use std::sync::Arc;

/// What belongs to each of a few names.
#[derive(Clone, PartialEq)]
pub struct Few<T>(Vec<(Arc<str>, T)>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Few<T> {
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }

    /// What belongs to a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.place(name).ok().map(|place| &self.0[place].1)
    }

    /// Takes in what belongs to a name, in place of what belonged to it.
    pub fn insert(&mut self, name: Arc<str>, is: T) {
        match self.place(&name) {
            Ok(place) => self.0[place].1 = is,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (name, is));
            }
        }
    }

    /// What belongs to a name, after `first` where nothing did.
    pub fn entry(&mut self, name: &Arc<str>, first: impl FnOnce() -> T) -> &mut T {
        let place = match self.place(name) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (Arc::clone(name), first()));
                place
            }
        };
        &mut self.0[place].1
    }

    /// Forgets all others.
    pub fn retain(&mut self, stays: impl Fn(&str, &T) -> bool) {
        self.0.retain(|(name, is)| stays(name, is));
    }

    /// Names in order, with what belongs to them.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &T)> {
        self.0.iter().map(|(name, is)| (name, is))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: Into<Arc<str>>, T> FromIterator<(N, T)> for Few<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(pairs: I) -> Self {
        let mut few = Self::default();
        pairs.into_iter().for_each(|(name, is)| few.insert(name.into(), is));
        few
    }
}

impl<N: Into<Arc<str>>, T, const COUNT: usize> From<[(N, T); COUNT]> for Few<T> {
    fn from(pairs: [(N, T); COUNT]) -> Self {
        pairs.into_iter().collect()
    }
}
