//! How many proxies a request may have passed through.

/// How many proxies a request may have passed through, including the peer (rule R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum HopLimit {
    /// As many proxies as are trusted.
    #[default]
    Unlimited,
    /// At most this number of trusted proxies.
    AtMost(usize),
    /// Exactly this number of proxies, whatever their addresses are: see
    /// [`TrustedProxies::count`](crate::TrustedProxies::count).
    Exactly(usize),
}

impl HopLimit {
    /// The largest number of proxies that are believed.
    #[inline]
    pub(crate) const fn most(self) -> usize {
        match self {
            Self::Unlimited => usize::MAX,
            Self::AtMost(n) | Self::Exactly(n) => n,
        }
    }

    /// The number of proxies that are counted, whatever their addresses are.
    #[inline]
    pub(crate) const fn counted(self) -> Option<usize> {
        match self {
            Self::Exactly(n) => Some(n),
            Self::AtMost(_) | Self::Unlimited => None,
        }
    }

    /// The stricter of two limits. A count is stricter than any limit, and a smaller number is stricter than a larger
    /// one.
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
