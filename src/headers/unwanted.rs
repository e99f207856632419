//! The headers that the user wants removed.

use http::{HeaderMap, HeaderName, header};

use super::{HeadersError, recognise::fold_alike};

/// Names of headers that are removed in every spelling: with hyphens, underscores or dots. Sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unwanted(Vec<String>);

impl Unwanted {
    /// Fails at the first text that is not a header name, or is `Host`.
    pub(crate) fn parse(
        names: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, HeadersError> {
        let parse = |name: &str| match name.parse::<HeaderName>() {
            // `*` is a letter of names too, but whoever writes it means more than one.
            Ok(header) if header != header::HOST && !name.contains('*') => Ok(header),
            _ => Err(HeadersError::InvalidName {
                name: name.to_owned(),
            }),
        };
        let names = names.into_iter().map(|name| parse(name.as_ref()));
        names.collect::<Result<Vec<_>, _>>().map(Self::from_iter)
    }

    pub(crate) fn extend(&mut self, other: Self) {
        for name in other.0 {
            if let Err(place) = self.0.binary_search(&name) {
                self.0.insert(place, name);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|unwanted| fold_alike(unwanted, name))
    }

    /// The unwanted headers that are present in `headers`.
    pub(crate) fn among<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> impl Iterator<Item = &'a HeaderName> {
        headers.keys().filter(|name| self.contains(name.as_str()))
    }
}

impl FromIterator<HeaderName> for Unwanted {
    fn from_iter<I: IntoIterator<Item = HeaderName>>(names: I) -> Self {
        let mut unwanted = Self::default();
        for name in names {
            unwanted.extend(Self(vec![hyphens(name.as_str())]));
        }
        unwanted
    }
}

fn hyphens(name: &str) -> String {
    name.replace(['_', '.'], "-")
}
