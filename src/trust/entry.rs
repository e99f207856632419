//! One entry of a set of trusted proxies, as text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const WORDS: [(&str, &[IpNet]); 4] = [
    ("cgnat", &[v4([100, 64, 0, 0], 10)]),
    (
        "loopback",
        &[v4([127, 0, 0, 0], 8), v6([0, 0, 0, 0, 0, 0, 0, 1], 128)],
    ),
    (
        "private",
        &[
            v4([10, 0, 0, 0], 8),
            v4([172, 16, 0, 0], 12),
            v4([192, 168, 0, 0], 16),
            v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
        ],
    ),
    (
        "link-local",
        &[
            v4([169, 254, 0, 0], 16),
            v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
        ],
    ),
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8], length: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(
        Ipv6Addr::new(a, b, c, d, e, f, g, h),
        length,
    ))
}

/// What the entries contain, before the networks are sorted.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) networks: Vec<IpNet>,
    pub(super) unix: bool,
    pub(super) any_peer: bool,
}

impl Entries {
    /// Adds one entry, in the syntax of the table at [`TrustedProxies`](super::TrustedProxies).
    ///
    /// # Errors
    ///
    /// If the text is not a valid entry, or is a network with bits set after its prefix length. The error names the
    /// entry.
    pub(super) fn add(&mut self, text: &str) -> Result<(), TrustError> {
        if let Some((_, networks)) = WORDS.iter().find(|(word, _)| *word == text) {
            self.networks.extend_from_slice(networks);
        } else if text == "unix" {
            self.unix = true;
        } else if text == "*" {
            self.any_peer = true;
        } else if let Ok(address) = text.parse::<IpAddr>() {
            self.networks.push(address.into());
        } else {
            let network: IpNet = text.parse().map_err(|_| TrustError::malformed(text))?;
            if network.addr() != network.network() {
                return Err(TrustError::HostBits {
                    entry: text.to_owned(),
                    network: network.trunc(),
                });
            }
            self.networks.push(network);
        }
        Ok(())
    }
}

/// Why a text is not a valid set of trusted proxies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// An entry is not a word, an address or a network.
    #[error(
        "`{}` is not a trusted proxy: expected an address (10.0.0.1), a network (10.0.0.0/8), loopback, \
         private, link-local, cgnat, unix, none or *{}",
        entry.escape_debug(), hint(entry)
    )]
    Malformed {
        /// The entry.
        entry: String,
    },
    /// The list is empty, or an entry between two commas is.
    #[error(
        "an entry of `{}` is empty: write an address, a network or a word between the commas, or use \
         TrustedProxies::none()",
        list.escape_debug()
    )]
    Empty {
        /// The whole list.
        list: String,
    },
    /// A network has bits set after its prefix length, so it is unclear which network is meant.
    #[error("`{}` has bits set after its prefix length: write {network} for the network, or only the address", entry.escape_debug())]
    HostBits {
        /// The entry.
        entry: String,
        /// The network that contains the entry.
        network: IpNet,
    },
}

/// A hint for users who know Express's words, or who wrote `none` together with other entries.
fn hint(entry: &str) -> &'static str {
    match entry {
        "linklocal" => "; Express's `linklocal` is `link-local` here",
        "uniquelocal" => "; Express's `uniquelocal` is `private` here",
        "none" => "; `none` must be the only entry",
        _ => "",
    }
}

impl TrustError {
    fn malformed(entry: &str) -> Self {
        if entry.is_empty() {
            Self::Empty {
                list: String::new(),
            }
        } else {
            Self::Malformed {
                entry: entry.to_owned(),
            }
        }
    }
}
