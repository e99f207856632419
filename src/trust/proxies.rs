//! A set of addresses, networks and words.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::IpNet;

use super::{
    Trust,
    entry::{Entries, TrustError},
    hops::HopLimit,
    ranges::Ranges,
};
use crate::peer::Peer;

/// The proxies in front of the service: addresses, networks, Unix sockets, and a hop limit.
///
/// Written as text, it is a list of entries between commas or white space:
///
/// | entry | stands for |
/// |---|---|
/// | `10.0.0.1`, `2001:db8::1` | this address |
/// | `10.0.0.0/8`, `2001:db8::/32` | this network |
/// | `loopback` | 127.0.0.0/8 and ::1 |
/// | `private` | RFC 1918 (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16) and fc00::/7 |
/// | `link-local` | 169.254.0.0/16 and fe80::/10 |
/// | `unix` | every peer on a Unix domain socket |
/// | `cgnat` | 100.64.0.0/10, the shared addresses of RFC 6598 |
/// | `*` | any peer, and nothing about addresses: see [`any`](Self::any) |
/// | `none` | nobody, if it stands alone: for a variable that has to say so |
///
/// ```
/// use tower_forwarded::TrustedProxies;
///
/// let proxies: TrustedProxies = "loopback, 10.0.0.0/8".parse()?;
/// assert!(proxies.contains("10.1.2.3".parse()?));
///
/// let error = "10.0.0.5/8".parse::<TrustedProxies>().unwrap_err();
/// assert!(error.to_string().contains("10.0.0.0/8"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Networks are kept as merged, sorted ranges of addresses and found by bisection, many of them with an
/// index of the leading bits before it: 100,000 cost a look-up little more than ten.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct TrustedProxies {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
    unix: bool,
    /// Any peer is trusted, whatever its address.
    any_peer: bool,
    /// `None` where nobody said it: one hop if every address of a family is trusted, else without limit.
    hops: Option<HopLimit>,
}

impl TrustedProxies {
    /// Trusts nobody: every client is the peer itself.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Trusts any peer, TCP or Unix, and says nothing about addresses: `*` (rule R2).
    ///
    /// Whoever connects is your proxy. It is hop 1, and what it says is believed. The walk goes on only
    /// over addresses that you name. Behind a platform's router that is all you need:
    ///
    /// ```
    /// use tower_forwarded::TrustedProxies;
    ///
    /// let behind_the_router = TrustedProxies::any();
    /// // The same with a CDN in front of it. Asked around the CDN, the service is right too.
    /// let behind_a_cdn: TrustedProxies = "*, 173.245.48.0/20, 103.21.244.0/22".parse()?;
    /// # Ok::<(), tower_forwarded::TrustError>(())
    /// ```
    ///
    /// It needs a proxy in front of every way to the service: whoever reaches the port directly is taken
    /// for the proxy.
    #[must_use]
    pub fn any() -> Self {
        Self {
            any_peer: true,
            ..Self::default()
        }
    }

    /// Trusts exactly `n` proxies, whoever they are, the peer included: element `n` of the list, from the
    /// right, is the client. If there are fewer, the request came another way, and nothing is believed
    /// ([`Finding::HopsMissing`](crate::Finding::HopsMissing)).
    ///
    /// This is the `2` of Express's `trust proxy` and of Werkzeug's `ProxyFix`. **It can be forged by whoever
    /// reaches an inner proxy around the outer ones**: behind a CDN and a platform's router, a client that
    /// asks the platform's own host name writes the element that is counted as the CDN's. Name the outer
    /// proxies if you can: `"*, 173.245.48.0/20"`.
    ///
    /// ```
    /// use tower_forwarded::TrustedProxies;
    ///
    /// let behind_two = TrustedProxies::count(2);
    /// ```
    #[must_use]
    pub fn count(n: usize) -> Self {
        Self {
            hops: Some(HopLimit::Exactly(n)),
            ..Self::any()
        }
    }

    /// Believes at most `n` trusted proxies, the peer included (rule R5). With 0, nobody.
    ///
    /// A limit is needed where the clients' own addresses can lie in a trusted network: without one,
    /// such a client is taken for a proxy, and what it writes is believed. It is no cure if some paths to
    /// the service have fewer proxies than `n`: on a shorter path, a client inside a trusted network is
    /// still taken for a proxy. Name the proxies one by one then.
    #[must_use]
    pub fn hops(mut self, n: usize) -> Self {
        self.hops = Some(HopLimit::AtMost(n));
        self
    }

    /// Walks on as long as addresses are trusted.
    ///
    /// That is the default except for sets that hold every IPv4 or every IPv6 address (`0.0.0.0/0`,
    /// `::/0`). For them, this lets every client forge its address, unless something in front of the
    /// service removes what clients send. So it does for [`any`](Self::any): with this call, the walk goes
    /// over every address.
    #[must_use]
    pub fn unlimited_hops(mut self) -> Self {
        self.hops = Some(HopLimit::Unlimited);
        self
    }

    /// Reads entries one by one, each a word, an address or a network.
    ///
    /// # Errors
    ///
    /// Names the first entry that is empty, none of these, or a network with bits set behind its
    /// prefix length.
    ///
    /// ```
    /// use tower_forwarded::TrustedProxies;
    ///
    /// let proxies = TrustedProxies::from_entries(["private", "2001:db8::/32"])?;
    /// # Ok::<(), tower_forwarded::TrustError>(())
    /// ```
    pub fn from_entries<I>(entries: I) -> Result<Self, TrustError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut read = Entries::default();
        for entry in entries {
            read.add(entry.as_ref().trim())?;
        }
        Ok(read.into())
    }

    /// Trusts what either set trusts. If either has a hop limit, the lower one holds.
    ///
    /// ```
    /// use tower_forwarded::TrustedProxies;
    ///
    /// let cdn = TrustedProxies::from_list("173.245.48.0/20")?;
    /// let proxies = "10.0.0.0/8".parse::<TrustedProxies>()?.union(&cdn);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn union(self, other: &Self) -> Self {
        Self {
            v4: self.v4.iter().chain(&*other.v4).copied().collect(),
            v6: self.v6.iter().chain(&*other.v6).copied().collect(),
            unix: self.unix || other.unix,
            any_peer: self.any_peer || other.any_peer,
            hops: match (self.hops, other.hops) {
                (Some(one), Some(two)) => Some(one.stricter(two)),
                (one, two) => one.or(two),
            },
        }
    }

    /// Whether `address` is in the set. An IPv4-mapped IPv6 address counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.range_of(address).is_some()
    }

    /// Whether peers on a Unix domain socket are in the set.
    #[must_use]
    pub const fn contains_unix(&self) -> bool {
        self.unix
    }

    /// Whether any peer is trusted, whatever its address: `*`, see [`any`](Self::any).
    #[must_use]
    pub const fn contains_any_peer(&self) -> bool {
        self.any_peer
    }

    /// The networks in the set, merged: adjacent and overlapping ones are one.
    pub fn networks(&self) -> impl Iterator<Item = IpNet> + '_ {
        let v4 = self.v4.iter().flat_map(|&(first, last)| {
            ipnet::Ipv4Subnets::new(first.into(), last.into(), 0).map(IpNet::V4)
        });
        let v6 = self.v6.iter().flat_map(|&(first, last)| {
            ipnet::Ipv6Subnets::new(first.into(), last.into(), 0).map(IpNet::V6)
        });
        v4.chain(v6)
    }

    /// How many ranges of addresses the set is made of.
    #[must_use]
    pub fn range_count(&self) -> usize {
        self.v4.len().saturating_add(self.v6.len())
    }

    fn range_of(&self, address: IpAddr) -> Option<(IpAddr, IpAddr)> {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let (first, last) = self.v4.find(address.to_bits())?;
                Some((Ipv4Addr::from(first).into(), Ipv4Addr::from(last).into()))
            }
            IpAddr::V6(address) => {
                let (first, last) = self.v6.find(address.to_bits())?;
                Some((Ipv6Addr::from(first).into(), Ipv6Addr::from(last).into()))
            }
        }
    }

    /// Whether the walk goes on over any address: `*` says nothing about addresses, but no limit at all
    /// was asked for by name.
    fn trusts_everyone(&self) -> bool {
        self.any_peer && self.hops == Some(HopLimit::Unlimited)
    }

    /// Whether every address of one family is in the set.
    fn has_all_addresses(&self) -> bool {
        matches!(*self.v4, [(0, u32::MAX)]) || matches!(*self.v6, [(0, u128::MAX)])
    }
}

impl Trust for TrustedProxies {
    #[inline]
    fn trusts(&self, address: IpAddr) -> bool {
        let named = match address {
            IpAddr::V4(address) => self.v4.find(address.to_bits()).is_some(),
            IpAddr::V6(_) => self.contains(address),
        };
        named || self.trusts_everyone()
    }

    fn trusts_unix(&self) -> bool {
        self.unix
    }

    #[inline]
    fn trusts_peer(&self, peer: Peer) -> bool {
        self.any_peer
            || match peer.ip() {
                Some(address) => self.trusts(address),
                None => self.unix,
            }
    }

    fn hop_limit(&self) -> HopLimit {
        match self.hops {
            Some(limit) => limit,
            None if self.has_all_addresses() => HopLimit::AtMost(1),
            None => HopLimit::Unlimited,
        }
    }

    fn reason(&self, address: IpAddr) -> Option<String> {
        let (first, last) = self.range_of(address)?;
        let mut networks: Vec<IpNet> = match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => ipnet::Ipv4Subnets::new(first, last, 0)
                .map(IpNet::V4)
                .collect(),
            (IpAddr::V6(first), IpAddr::V6(last)) => ipnet::Ipv6Subnets::new(first, last, 0)
                .map(IpNet::V6)
                .collect(),
            _ => Vec::new(),
        };
        networks.retain(|network| network.contains(&address.to_canonical()));
        networks.first().map(ToString::to_string)
    }

    fn reason_for_peer(&self, peer: Peer) -> Option<String> {
        let named = match peer.ip() {
            Some(address) => self.reason(address),
            None => self.unix.then(|| "unix".to_owned()),
        };
        named.or_else(|| self.any_peer.then(|| "*".to_owned()))
    }
}

impl FromIterator<IpNet> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let mut v4 = Vec::new();
        let mut v6 = Vec::new();
        for network in networks {
            match network.trunc() {
                IpNet::V4(network) => {
                    v4.push((network.network().to_bits(), network.broadcast().to_bits()));
                }
                IpNet::V6(network) => match network.network().to_ipv4_mapped() {
                    // Only a network of mapped addresses starts with one.
                    Some(first) => {
                        let last = network.broadcast().to_ipv4_mapped().unwrap_or(first);
                        v4.push((first.to_bits(), last.to_bits()));
                    }
                    None => v6.push((network.network().to_bits(), network.broadcast().to_bits())),
                },
            }
        }
        Self {
            v4: v4.into_iter().collect(),
            v6: v6.into_iter().collect(),
            ..Self::default()
        }
    }
}

impl From<Entries> for TrustedProxies {
    fn from(entries: Entries) -> Self {
        Self {
            unix: entries.unix,
            any_peer: entries.any_peer,
            ..entries.networks.into_iter().collect()
        }
    }
}

impl From<IpNet> for TrustedProxies {
    fn from(network: IpNet) -> Self {
        std::iter::once(network).collect()
    }
}

impl From<IpAddr> for TrustedProxies {
    fn from(address: IpAddr) -> Self {
        IpNet::from(address).into()
    }
}

impl FromStr for TrustedProxies {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Self, TrustError> {
        if text.trim() == "none" {
            return Ok(Self::none());
        }
        let mut entries = Vec::new();
        for part in text.split(',') {
            if part.trim().is_empty() {
                return Err(TrustError::Empty {
                    list: text.to_owned(),
                });
            }
            entries.extend(part.split_whitespace());
        }
        Self::from_entries(entries)
    }
}

/// The entries between commas, networks merged; `none` if nobody is trusted. Without the hop limit, what it
/// says can be read again.
impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.any_peer, "*"), (self.unix, "unix")];
        let words = words.iter().filter(|(is_in, _)| *is_in);
        let entries = words
            .map(|(_, word)| (*word).to_owned())
            .chain(self.networks().map(|network| network.to_string()));
        let mut is_first = true;
        for entry in entries {
            if !std::mem::take(&mut is_first) {
                f.write_str(", ")?;
            }
            f.write_str(&entry)?;
        }
        if is_first {
            f.write_str("none")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// More than this tells a reader of logs nothing.
        const SHOWN: usize = 8;
        let mut networks = f.debug_list();
        for network in self.networks().take(SHOWN) {
            networks.entry(&format_args!("{network}"));
        }
        if self.networks().nth(SHOWN).is_some() {
            networks.entry(&format_args!("… {} ranges", self.range_count()));
        }
        if self.unix {
            networks.entry(&format_args!("unix"));
        }
        if self.any_peer {
            networks.entry(&format_args!("*"));
        }
        networks.entry(&format_args!("hops: {:?}", self.hop_limit()));
        networks.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(text: &str) -> Vec<(String, String)> {
        let set: TrustedProxies = text.parse().unwrap();
        set.v4
            .iter()
            .map(|&(a, b)| (Ipv4Addr::from(a).to_string(), Ipv4Addr::from(b).to_string()))
            .chain(
                set.v6
                    .iter()
                    .map(|&(a, b)| (Ipv6Addr::from(a).to_string(), Ipv6Addr::from(b).to_string())),
            )
            .collect()
    }

    #[test]
    fn overlapping_and_adjacent_networks_become_one_range() {
        assert_eq!(
            ranges("10.0.0.0/9 10.128.0.0/9 10.1.0.0/16 10.0.0.7"),
            [("10.0.0.0".into(), "10.255.255.255".into())]
        );
        assert_eq!(
            ranges("255.255.255.255, 255.255.255.254/31, 0.0.0.0/32"),
            [
                ("0.0.0.0".into(), "0.0.0.0".into()),
                ("255.255.255.254".into(), "255.255.255.255".into())
            ]
        );
        assert_eq!(
            ranges("::/0 ffff::/16"),
            [(
                "::".into(),
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".into()
            )]
        );
    }
}
