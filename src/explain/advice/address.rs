//! Advice about an address.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{peer::is_public, trust::Trust};

/// The narrowest useful entry. Containers get another address of the same network at each start, so it is their
/// network. For a public address, it is the address itself.
pub(super) fn narrowest(address: IpAddr) -> String {
    if address.is_loopback() {
        return "loopback".to_owned();
    }
    let length = match address {
        _ if is_public(address) => return address.to_string(),
        IpAddr::V4(_) => 24,
        IpAddr::V6(_) => 64,
    };
    network(address, length)
}

/// The wider network of a private address, if you already trust another part of it. The pods of a node have addresses
/// of one `/24`, and the pods of a cluster have addresses of one `/16`.
pub(super) fn wider(address: IpAddr, trust: &dyn Trust) -> Option<String> {
    let IpAddr::V4(v4) = address else { return None };
    let [a, b, _, d] = v4.octets();
    let neighbours = (0..=u8::MAX).map(|c| IpAddr::from([a, b, c, d.max(1)]));
    let knows_one = !is_public(address) && neighbours.into_iter().any(|one| trust.trusts(one));
    knows_one.then(|| network(address, 16))
}

fn network(address: IpAddr, length: u8) -> String {
    IpNet::new(address, length).map_or_else(
        |_| address.to_string(),
        |network| network.trunc().to_string(),
    )
}
