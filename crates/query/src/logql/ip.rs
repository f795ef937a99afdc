//! `ip("…")`: addresses, ranges and networks, and searching for them in lines.

use std::net::IpAddr;

/// Inclusive range of addresses of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IpRange {
    first: IpAddr,
    last: IpAddr,
}

impl IpRange {
    /// Parses `192.168.0.1`, `192.168.0.1-192.168.4.5` or `192.168.0.0/16`, or their IPv6 forms.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("ip: invalid pattern: {text:?}");
        if let Ok(address) = text.parse() {
            return Ok(Self { first: address, last: address });
        }
        if let Some((network, bits)) = text.split_once('/') {
            let network: IpAddr = network.trim().parse().map_err(|_| invalid())?;
            let bits: u32 = bits.trim().parse().map_err(|_| invalid())?;
            return Self::network(network, bits).ok_or_else(invalid);
        }
        let (first, last) = text.split_once('-').ok_or_else(invalid)?;
        let range = Self {
            first: first.trim().parse().map_err(|_| invalid())?,
            last: last.trim().parse().map_err(|_| invalid())?,
        };
        if range.first.is_ipv4() == range.last.is_ipv4() && range.first <= range.last {
            Ok(range)
        } else {
            Err(invalid())
        }
    }

    fn network(network: IpAddr, bits: u32) -> Option<Self> {
        match network {
            IpAddr::V4(address) if bits <= 32 => {
                let host = u32::MAX.checked_shr(bits).unwrap_or_default();
                let base = u32::from(address) & !host;
                Some(Self {
                    first: IpAddr::V4(base.into()),
                    last: IpAddr::V4((base | host).into()),
                })
            }
            IpAddr::V6(address) if bits <= 128 => {
                let host = u128::MAX.checked_shr(bits).unwrap_or_default();
                let base = u128::from(address) & !host;
                Some(Self {
                    first: IpAddr::V6(base.into()),
                    last: IpAddr::V6((base | host).into()),
                })
            }
            _ => None,
        }
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && self.first <= address && address <= self.last
    }

    /// Whether a text is an address in the range.
    pub(super) fn matches(&self, text: &str) -> bool {
        text.parse().is_ok_and(|address| self.contains(address))
    }

    /// Whether a line contains an address in the range.
    pub(super) fn is_in(&self, line: &str) -> bool {
        let is_v4 = self.first.is_ipv4();
        let belongs = |c: char| {
            if is_v4 {
                c == '.' || c.is_ascii_digit()
            } else {
                c == '.' || c == ':' || c.is_ascii_hexdigit()
            }
        };
        line.split(|c: char| !belongs(c))
            .filter(|word| word.len() >= 2 && word.len() <= 45)
            .any(|word| self.matches(word.trim_end_matches(['.', ':'])) || self.matches(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_ranges_and_networks_match() {
        for (pattern, line, matches) in [
            ("192.168.1.0/24", "src 192.168.1.10 ok", true),
            ("192.168.1.0/24", "src 192.168.2.10 ok", false),
            ("10.0.0.1-10.0.0.9", "from=10.0.0.9:8080.", true),
            ("10.0.0.1", "10.0.0.1.", true),
            ("0.0.0.0/0", "no ip here 1.2", false),
            ("2001:db8::/32", "peer [2001:db8::68]:443", true),
            ("::1", "x", false),
        ] {
            assert_eq!(IpRange::parse(pattern).unwrap().is_in(line), matches, "{pattern} {line}");
        }
        for pattern in ["", "notanip", "1.2.3.4/33", "1.2.3.4-", "9.9.9.9-1.1.1.1", "1.1.1.1-::1"] {
            assert!(IpRange::parse(pattern).is_err(), "{pattern}");
        }
    }
}
