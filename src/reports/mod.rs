//! Which findings are worth a line in the log: by rate, so that no stranger silences another.

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

/// After a line about a network, the next one about it waits as long as this.
const QUIET: Duration = Duration::from_secs(60);

/// How many networks are remembered for each finding, public ones and others apart.
const NETWORKS: usize = 128;

/// How many lines there may be at once; half of them are for networks that come again.
const LINES: u32 = 10;

/// How long it takes until there may be one more.
const REFILL: Duration = Duration::from_secs(10);

/// What was met and not logged yet, for each finding.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    /// Whether the line was written that says what was decided.
    pub(crate) started: AtomicBool,
    findings: [Mutex<Groups>; Finding::ALL.len()],
}

/// Many strangers, from public addresses, keep no proxy of one's own network out of the log.
#[derive(Debug, Default)]
struct Groups {
    public: Group,
    others: Group,
}

impl Reports {
    /// Notes a finding. `Some` if it is worth a line, with the number of requests that had it since the last
    /// line about this network, this one included.
    pub(crate) fn note(&self, finding: Finding, peer: Option<Peer>, now: Instant) -> Option<u64> {
        let network = peer.and_then(|peer| peer.ip()).map(Network::of);
        let is_public = network.is_some_and(|network| network.is_public);
        let mut groups = match self.findings.get(finding as usize)?.lock() {
            Ok(groups) => groups,
            // Nothing panics while it is held.
            Err(poisoned) => poisoned.into_inner(),
        };
        let group = match is_public {
            true => &mut groups.public,
            false => &mut groups.others,
        };
        group.note(network, now)
    }
}

/// The network of a peer: /24 of IPv4, /48 of IPv6, where it is public; else /24 and /64.
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
    /// When the weights were halved.
    aged: Option<Instant>,
}

/// What was seen of one network; `None` for a Unix socket and for no peer.
#[derive(Debug)]
struct Seen {
    network: Option<Network>,
    /// Requests since the last line.
    requests: u64,
    quiet_until: Instant,
    /// How often it came of late, and those whose place it took. A network that makes one of [`NETWORKS`] requests
    /// keeps its place whoever else comes: that is the algorithm Space-Saving (Metwally, Agrawal and El Abbadi, 2005).
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
        // Where lines are few, they are for who comes again and again: that may be a proxy. A scanner seldom does.
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

    /// The most requests of a network about which there may be a line.
    fn most(&self, now: Instant) -> u64 {
        let loud = self.networks.iter().filter(|seen| seen.quiet_until <= now);
        loud.map(|seen| seen.requests).max().unwrap_or_default()
    }

    /// What was seen of a network. If there are too many, it takes the place of the one that came least.
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

/// How many lines there may be.
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
