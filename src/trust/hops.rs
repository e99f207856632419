//! How many proxies there may be.

/// How many proxies a request may have come through, the peer included (rule R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum HopLimit {
    /// As many as are trusted.
    #[default]
    Unlimited,
    /// At most so many trusted ones.
    AtMost(usize),
    /// So many, whoever they are: see [`TrustedProxies::count`](crate::TrustedProxies::count).
    Exactly(usize),
}

impl HopLimit {
    /// The most proxies that are believed.
    #[inline]
    pub(crate) const fn most(self) -> usize {
        match self {
            Self::Unlimited => usize::MAX,
            Self::AtMost(n) | Self::Exactly(n) => n,
        }
    }

    /// How many are counted, whoever they are.
    #[inline]
    pub(crate) const fn counted(self) -> Option<usize> {
        match self {
            Self::Exactly(n) => Some(n),
            Self::AtMost(_) | Self::Unlimited => None,
        }
    }

    /// The stricter of two limits: a count before any limit, and the smaller number.
    pub(crate) fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Exactly(one), Self::Exactly(two)) => Self::Exactly(one.min(two)),
            (count @ Self::Exactly(_), _) | (_, count @ Self::Exactly(_)) => count,
            (Self::AtMost(one), Self::AtMost(two)) => Self::AtMost(one.min(two)),
            (limit @ Self::AtMost(_), _) | (_, limit @ Self::AtMost(_)) => limit,
            (Self::Unlimited, Self::Unlimited) => Self::Unlimited,
        }
    }
}
