//! Sets of trusted proxies: addresses, networks and words.

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

/// The proxies in front of the service that you trust: addresses, networks, Unix sockets, and a hop limit.
///
/// Written as text, this is a list of entries, separated by commas or white space:
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
/// | `*` | any peer, but no further addresses: see [`any`](Self::any) |
/// | `none` | no proxies; must be the only entry. Use it where a text must not be empty |
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
/// Networks are stored as merged, sorted ranges of addresses, and a look-up uses binary search. If there are many
/// ranges, an index of their leading bits narrows the search. So a look-up among 100,000 networks takes little longer
/// than among ten.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct TrustedProxies {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
    unix: bool,
    /// Any peer is trusted, whatever its address is.
    any_peer: bool,
    /// `None` if no limit was set. The limit is then one hop if every address of a family is trusted, and otherwise
    /// there is none.
    hops: Option<HopLimit>,
}

impl TrustedProxies {
    /// Trusts no proxies: the client is always the peer.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Trusts any peer, over TCP or a Unix socket, but no further addresses. The text for it is `*` (rule R2).
    ///
    /// The layer treats every peer as your proxy, and believes its headers. The peer is hop 1. The walk goes on to
    /// further hops only if you name their addresses. Behind a platform's router, `any` is all you need:
    ///
    /// ```
    /// use tower_forwarded::TrustedProxies;
    ///
    /// let behind_the_router = TrustedProxies::any();
    /// // The same with a CDN in front of the router. Requests that bypass the CDN also resolve correctly.
    /// let behind_a_cdn: TrustedProxies = "*, 173.245.48.0/20, 103.21.244.0/22".parse()?;
    /// # Ok::<(), tower_forwarded::TrustError>(())
    /// ```
    ///
    /// Use this only if a proxy is in front of every way to the service. If a client can reach the port directly, the
    /// layer mistakes it for the proxy.
    #[must_use]
    pub fn any() -> Self {
        Self {
            any_peer: true,
            ..Self::default()
        }
    }

    /// Trusts exactly `n` proxies, including the peer, whatever their addresses are. With 0, it trusts no proxies.
    /// Element `n` of the list, counted from the right, is the client. If `n` is two or more and the list has fewer
    /// than `n` elements, the request did not pass all of the proxies. Then the layer believes no headers
    /// ([`Finding::HopsMissing`](crate::Finding::HopsMissing)). If the preset's header holds the client alone, as in
    /// [`Headers::CLOUDFLARE`](crate::Headers::CLOUDFLARE), there is nothing to count.
    ///
    /// This is the number in Express's `trust proxy` and in Werkzeug's `ProxyFix`. **Anyone who can reach an inner
    /// proxy without passing through the outer proxies can forge the client.** For example, your service may be behind
    /// a CDN and a platform's router. A client that sends requests to the platform's own host name bypasses the CDN. It
    /// then writes the element that is counted as the CDN's. If you can, name the outer proxies instead:
    /// `"*, 173.245.48.0/20"`.
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

    /// Trusts at most `n` proxies, including the peer (rule R5). With 0, it trusts no proxies.
    ///
    /// You need a limit if clients can have addresses in a trusted network. Without a limit, the layer mistakes such a
    /// client for a proxy, and believes its headers. A limit does not help if some paths to the service have fewer
    /// proxies than `n`. On such a path, a client inside a trusted network is still mistaken for a proxy. In that case,
    /// trust the address of each proxy instead of the network.
    #[must_use]
    pub fn hops(mut self, n: usize) -> Self {
        self.hops = Some(HopLimit::AtMost(n));
        self
    }

    /// Sets no hop limit: the walk goes on as long as addresses are trusted.
    ///
    /// That is the default, except for sets that hold every IPv4 or every IPv6 address (`0.0.0.0/0`, `::/0`). With such
    /// a set, this call lets every client forge its address, unless a proxy in front of the service removes the headers
    /// that clients send. The same is true for [`any`](Self::any): with this call, the walk goes over every address.
    #[must_use]
    pub fn unlimited_hops(mut self) -> Self {
        self.hops = Some(HopLimit::Unlimited);
        self
    }

    /// Reads entries one by one. Each is a word, an address or a network.
    ///
    /// # Errors
    ///
    /// If an entry is empty, is not a word, an address or a network, or is a network with bits set after its prefix
    /// length. The error names the first such entry.
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

    /// Trusts everything that either set trusts, and no more. If either set has a hop limit, it applies to the result,
    /// also the limit of one hop for a set that holds every IPv4 or every IPv6 address. If both sets have a limit, the
    /// lower one applies, and a [`count`](Self::count) applies before any other limit.
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
            hops: self.union_hops(other),
        }
    }

    fn union_hops(&self, other: &Self) -> Option<HopLimit> {
        let hops = match (self.own_hops(), other.own_hops()) {
            (Some(one), Some(two)) => Some(one.stricter(two)),
            (one, two) => one.or(two),
        };
        // Without a limit, `*` trusts every address. The union does that only if one of the sets does.
        let is_wider = (self.any_peer || other.any_peer)
            && !(self.trusts_everyone() || other.trusts_everyone());
        hops.filter(|hops| !is_wider || *hops != HopLimit::Unlimited)
    }

    /// The limit of this set, if it has one, or if the user said that it has none.
    fn own_hops(&self) -> Option<HopLimit> {
        let all = || self.has_all_addresses().then_some(HopLimit::AtMost(1));
        self.hops.or_else(all)
    }

    /// Whether `address` is in the set. An IPv4-mapped IPv6 address is treated as an IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.range_of(address).is_some()
    }

    /// Whether peers on a Unix domain socket are in the set.
    #[must_use]
    pub const fn contains_unix(&self) -> bool {
        self.unix
    }

    /// Whether any peer is trusted, whatever its address is: `*`, see [`any`](Self::any).
    #[must_use]
    pub const fn contains_any_peer(&self) -> bool {
        self.any_peer
    }

    /// The networks in the set. Adjacent and overlapping networks are merged.
    pub fn networks(&self) -> impl Iterator<Item = IpNet> + '_ {
        let v4 = self.v4.iter().flat_map(|&(first, last)| {
            ipnet::Ipv4Subnets::new(first.into(), last.into(), 0).map(IpNet::V4)
        });
        let v6 = self.v6.iter().flat_map(|&(first, last)| {
            ipnet::Ipv6Subnets::new(first.into(), last.into(), 0).map(IpNet::V6)
        });
        v4.chain(v6)
    }

    /// How many ranges of addresses the set consists of.
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

    /// Whether the walk goes on over any address. It does not for `*` alone, but for `*` together with an explicit
    /// [`unlimited_hops`](Self::unlimited_hops).
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
        self.own_hops().unwrap_or(HopLimit::Unlimited)
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
                    // Only a network of IPv4-mapped addresses starts with such an address.
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

/// Writes the entries, separated by commas, with merged networks, or `none` if no proxies are trusted. The text can be
/// parsed again, but does not contain the hop limit.
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
        /// More networks than these do not help a reader of logs.
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
