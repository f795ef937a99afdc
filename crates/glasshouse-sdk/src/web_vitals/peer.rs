//! The sender of a request: the peer address, or what a trusted proxy reports.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

/// Maximum number of `X-Forwarded-For` addresses examined, from the end.
const FORWARDED_MAX: usize = 32;

/// A network of proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

impl Network {
    /// Parses `address` or `address/bits`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix_bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = prefix_bits.unwrap_or(bits_max);
        (prefix_bits <= bits_max).then_some(Self { address, prefix_bits })
    }

    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = u32::from(network) ^ u32::from(address);
                differing.leading_zeros() >= self.prefix_bits
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = u128::from(network) ^ u128::from(address);
                differing.leading_zeros() >= self.prefix_bits
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The address used for rate limits. `X-Forwarded-For` is read from its end, as long as the proxies
/// are trusted; earlier entries can be forged by the sender.
pub(super) fn sender(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let is_proxy = |address| proxies.iter().any(|network| network.contains(address));
    let mut sender = peer.to_canonical();
    if !is_proxy(sender) {
        return sender;
    }
    let values = headers.get_all("x-forwarded-for").iter().rev();
    let addresses = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    for address in addresses.take(FORWARDED_MAX) {
        let Some(address) = parse_address(address.trim()) else { break };
        sender = address;
        if !is_proxy(sender) {
            break;
        }
    }
    sender
}

/// Parses an address, with or without a port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let address = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_addresses_count_only_behind_a_trusted_proxy() {
        let proxies = ["10.0.0.0/8", "fd00::1"].map(|text| Network::parse(text).unwrap());
        let cases = [
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
            ("::ffff:10.1.2.3", "198.51.100.7", "198.51.100.7"),
            ("10.1.2.3", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
            ("10.1.2.3", "198.51.100.7, 10.9.9.9", "198.51.100.7"),
            ("10.1.2.3", "198.51.100.7:4711", "198.51.100.7"),
            ("fd00::1", "[2001:db8::7]:4711", "2001:db8::7"),
            ("fd00::2", "2001:db8::7", "fd00::2"),
            ("10.1.2.3", "198.51.100.7, unknown", "10.1.2.3"),
            ("10.1.2.3", "", "10.1.2.3"),
        ];
        for (peer, forwarded, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            let sender = sender(peer.parse().unwrap(), &headers, &proxies);
            assert_eq!(sender, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded}");
        }
    }

    #[test]
    fn networks_are_read_or_refused() {
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "proxy.example"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
        let everybody = Network::parse("0.0.0.0/0").unwrap();
        assert!(everybody.contains("203.0.113.9".parse().unwrap()));
        assert!(!everybody.contains("::1".parse().unwrap()));
    }
}
