//! Connection limits per port and per peer.
//!
//! Every port has a reserved share, so that a flood on one port does not affect the others, in
//! particular the health check and the page. The rest is shared by all ports; one peer may use it
//! up to half of all connections.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::config::ports::Port;

/// One in this many connections is reserved for ports, in equal shares.
const OWN_PARTS: usize = 4;
/// One in this many connections is the limit of a peer, not counting reserved ones.
const PEER_PARTS: usize = 2;

/// The open connections and their limits.
#[derive(Debug)]
pub(super) struct ConnectionLimits {
    common_max: usize,
    own_max: usize,
    peer_max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    common: usize,
    peers: HashMap<IpAddr, usize>,
    own: BTreeMap<Port, usize>,
}

/// The permit of a connection, released on drop.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    limits: Arc<ConnectionLimits>,
    kind: PermitKind,
}

#[derive(Debug)]
enum PermitKind {
    Common(IpAddr),
    Own(Port),
}

impl ConnectionLimits {
    /// Limits for `connections_max` connections on this number of ports.
    pub(super) fn new(connections_max: usize, ports: usize) -> Self {
        let own_max = connections_max / OWN_PARTS / ports.max(1);
        Self {
            common_max: connections_max - own_max * ports,
            own_max,
            peer_max: (connections_max / PEER_PARTS).max(1),
            open: Mutex::default(),
        }
    }

    /// A permit for a connection; `None` if there is none for this peer on this port.
    pub(super) fn take(self: &Arc<Self>, port: Port, peer: IpAddr) -> Option<ConnectionPermit> {
        let peer = as_one_peer(peer);
        let mut open = self.open.lock();
        let of_peer = open.peers.get(&peer).copied().unwrap_or_default();
        let kind = if open.common < self.common_max && of_peer < self.peer_max {
            open.common += 1;
            open.peers.insert(peer, of_peer + 1);
            PermitKind::Common(peer)
        } else {
            // Use the port's own share last, so that it is available during a flood on other ports.
            let own = open.own.entry(port).or_default();
            if *own >= self.own_max {
                return None;
            }
            *own += 1;
            PermitKind::Own(port)
        };
        Some(ConnectionPermit { limits: Arc::clone(self), kind })
    }

    /// Number of open connections.
    pub(super) fn open(&self) -> usize {
        let open = self.open.lock();
        open.common + open.own.values().sum::<usize>()
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut open = self.limits.open.lock();
        match self.kind {
            PermitKind::Common(peer) => {
                open.common -= 1;
                if let Some(of_peer) = open.peers.get_mut(&peer) {
                    *of_peer -= 1;
                    if *of_peer == 0 {
                        open.peers.remove(&peer);
                    }
                }
            }
            PermitKind::Own(port) => {
                if let Some(own) = open.own.get_mut(&port) {
                    *own -= 1;
                }
            }
        }
    }
}

/// The unit that counts as a peer: all of loopback, and a whole /64 prefix in IPv6.
fn as_one_peer(address: IpAddr) -> IpAddr {
    let address = address.to_canonical();
    match address {
        _ if address.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "127.0.0.1";

    /// Takes and leaks this many permits; returns the number obtained.
    fn take(
        limits: &Arc<ConnectionLimits>,
        port: Port,
        peer: &str,
        count: usize,
    ) -> Vec<ConnectionPermit> {
        let peer = peer.parse().unwrap();
        (0..count).map_while(|_| limits.take(port, peer)).collect()
    }

    #[test]
    fn a_flood_of_other_ports_leaves_each_port_its_share() {
        let limits = Arc::new(ConnectionLimits::new(1024, 10));
        let floods = [(Port::Loki, "10.0.0.1"), (Port::Tempo, "10.0.0.2"), (Port::Loki, HERE)];
        let flood: Vec<_> =
            floods.iter().flat_map(|(port, peer)| take(&limits, *port, peer, 10_000)).collect();
        assert_eq!(flood.len(), 1024 - 8 * 25);
        for port in [Port::Health, Port::Page, Port::OtlpGrpc] {
            assert_eq!(take(&limits, port, HERE, 10_000).len(), 25, "{port}");
            assert_eq!(take(&limits, port, "10.0.0.9", 10_000).len(), 25, "{port}");
        }
    }

    #[test]
    fn one_peer_leaves_room_for_others() {
        let limits = Arc::new(ConnectionLimits::new(1024, 10));
        let flood = take(&limits, Port::Loki, "10.0.0.1", 10_000);
        assert_eq!(flood.len(), 512 + 25);
        assert_eq!(take(&limits, Port::Loki, "10.0.0.2", 10_000).len(), 1024 - 250 - 512);
        drop(flood);
        assert_eq!(limits.open(), 0);
        assert!(limits.open.lock().peers.is_empty());
    }

    #[test]
    fn addresses_of_one_machine_are_one_peer() {
        for (one, other, are_same) in [
            (HERE, "127.9.9.9", true),
            (HERE, "::1", true),
            (HERE, "::ffff:127.0.0.1", true),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("2001:db8::1", "2001:db8::2", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("10.0.0.1", "10.0.0.2", false),
        ] {
            let [one, other] = [one, other].map(|address| as_one_peer(address.parse().unwrap()));
            assert_eq!(one == other, are_same, "{one} {other}");
        }
    }

    #[test]
    fn the_shares_are_never_more_than_all() {
        for connections in [1, 2, 10, 39, 40, 100, 1024] {
            for ports in [1, 3, 10] {
                let limits = Arc::new(ConnectionLimits::new(connections, ports));
                let permits: Vec<_> = Port::ALL[..ports]
                    .iter()
                    .flat_map(|port| {
                        (0..4)
                            .flat_map(|peer| take(&limits, *port, &format!("10.0.0.{peer}"), 2000))
                    })
                    .collect();
                assert_eq!(permits.len(), connections, "{connections} on {ports}");
                assert_eq!(limits.open(), connections);
            }
        }
    }
}
