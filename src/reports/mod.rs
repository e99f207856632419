//! Decides which findings are logged. Limits the rate so that no client can suppress the lines about another.

use std::{
    net::IpAddr,
    sync::{Mutex, atomic::AtomicBool},
    time::{Duration, Instant},
};

use ipnet::IpNet;

use crate::{
    peer::{Peer, is_public},
    resolution::Finding,
};

/// The time after a line about a network until the next line about it.
const QUIET: Duration = Duration::from_secs(60);

/// How many networks are remembered for each finding. Public networks and others are counted separately.
const NETWORKS: usize = 128;

/// How many lines may be logged at once. Half of them are for networks that come again.
const LINES: u32 = 10;

/// How long it takes until one more line may be logged.
const REFILL: Duration = Duration::from_secs(10);

/// What was seen and not logged yet, for each finding.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    /// Whether the line that states the layer's settings was logged.
    pub(crate) started: AtomicBool,
    findings: [Mutex<Groups>; Finding::ALL.len()],
}

/// Public networks and others have separate groups. So even many clients with public addresses cannot keep a proxy in
/// your own network out of the log.
#[derive(Debug, Default)]
struct Groups {
    public: Group,
    others: Group,
}

impl Reports {
    /// Notes a finding. Returns `Some` if it should be logged, with the number of requests that had it since the last
    /// line about this network, including this one.
    pub(crate) fn note(&self, finding: Finding, peer: Option<Peer>, now: Instant) -> Option<u64> {
        let network = peer.and_then(|peer| peer.ip()).map(Network::of);
        let is_public = network.is_some_and(|network| network.is_public);
        let mut groups = match self.findings.get(finding as usize)?.lock() {
            Ok(groups) => groups,
            // Nothing panics while the lock is held.
            Err(poisoned) => poisoned.into_inner(),
        };
        let group = match is_public {
            true => &mut groups.public,
            false => &mut groups.others,
        };
        group.note(network, now)
    }
}

/// The network of a peer. If it is public: /24 for IPv4, /48 for IPv6. Otherwise: /24 and /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    network: IpAddr,
    is_public: bool,
}

impl Network {
    fn of(address: IpAddr) -> Self {
        let is_public = is_public(address);
        let kept = match address {
            IpAddr::V4(_) => 24,
            IpAddr::V6(_) if is_public => 48,
            IpAddr::V6(_) => 64,
        };
        Self {
            network: IpNet::new(address, kept).map_or(address, |network| network.network()),
            is_public,
        }
    }
}

#[derive(Debug, Default)]
struct Group {
    networks: Vec<Seen>,
    lines: Lines,
    /// When the weights were last halved.
    aged: Option<Instant>,
}

/// What was seen of one network. `network` is `None` for Unix sockets and unknown peers.
#[derive(Debug)]
struct Seen {
    network: Option<Network>,
    /// Requests since the last line.
    requests: u64,
    quiet_until: Instant,
    /// How often this network came recently, plus the weight of the network whose place it took. A network that makes
    /// at least one of [`NETWORKS`] requests keeps its place, whichever others come. This is the algorithm Space-Saving
    /// (Metwally, Agrawal and El Abbadi, 2005).
    weight: u64,
}

impl Group {
    fn note(&mut self, network: Option<Network>, now: Instant) -> Option<u64> {
        self.age(now);
        let most = self.most(now);
        let lines = self.lines.left(now);
        let seen = self.seen(network, now)?;
        seen.weight = seen.weight.saturating_add(1);
        seen.requests = seen.requests.saturating_add(1);
        let requests = seen.requests;
        // If few lines are left, they are for networks that come again and again, since these may be proxies. A scanner
        // seldom comes again.
        let is_worth_it = lines > LINES / 2 || (lines > 0 && requests > 1 && requests >= most);
        if now < seen.quiet_until || !is_worth_it {
            return None;
        }
        seen.requests = 0;
        seen.quiet_until = now.checked_add(QUIET)?;
        self.lines.take(now);
        Some(requests)
    }

    fn age(&mut self, now: Instant) {
        let aged = *self.aged.get_or_insert(now);
        if now.saturating_duration_since(aged) >= QUIET {
            self.aged = Some(now);
            for seen in &mut self.networks {
                seen.weight /= 2;
            }
        }
    }

    /// The highest number of requests of any network that may be logged now.
    fn most(&self, now: Instant) -> u64 {
        let loud = self.networks.iter().filter(|seen| seen.quiet_until <= now);
        loud.map(|seen| seen.requests).max().unwrap_or_default()
    }

    /// What was seen of a network. If the table is full, a new network takes the place of the one that came least
    /// often.
    fn seen(&mut self, network: Option<Network>, now: Instant) -> Option<&mut Seen> {
        let known = self
            .networks
            .iter()
            .position(|seen| seen.network == network);
        let place = match known {
            Some(place) => place,
            None if self.networks.len() < NETWORKS => {
                self.networks.push(Seen {
                    network,
                    requests: 0,
                    quiet_until: now,
                    weight: 0,
                });
                self.networks.len().checked_sub(1)?
            }
            None => {
                let weighed = self.networks.iter().map(|seen| seen.weight).enumerate();
                let (place, weight) = weighed.min_by_key(|(_, weight)| *weight)?;
                *self.networks.get_mut(place)? = Seen {
                    network,
                    requests: 0,
                    quiet_until: now,
                    weight,
                };
                place
            }
        };
        self.networks.get_mut(place)
    }
}

/// How many lines may be logged.
#[derive(Debug, Default)]
struct Lines {
    used: u32,
    since: Option<Instant>,
}

impl Lines {
    fn left(&mut self, now: Instant) -> u32 {
        while let Some(since) = self.since.filter(|_| self.used > 0) {
            match since.checked_add(REFILL) {
                Some(next) if next <= now => {
                    self.used = self.used.saturating_sub(1);
                    self.since = Some(next);
                }
                _ => break,
            }
        }
        LINES.saturating_sub(self.used)
    }

    fn take(&mut self, now: Instant) {
        if self.used == 0 {
            self.since = Some(now);
        }
        self.used = self.used.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
