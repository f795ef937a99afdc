//! The ports of the process and their addresses.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A port of the process, in listing order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Port {
    /// The page, and every API under its prefix.
    Page,
    /// Prometheus API.
    Prometheus,
    /// Alertmanager API.
    Alertmanager,
    /// Loki API.
    Loki,
    /// Tempo API.
    Tempo,
    /// Jaeger query API.
    Jaeger,
    /// OTLP over gRPC.
    OtlpGrpc,
    /// OTLP over HTTP.
    OtlpHttp,
    /// Own metrics.
    Metrics,
    /// Received OTLP metrics as a Prometheus exposition.
    OtlpExposition,
    /// Health check.
    Health,
}

impl Port {
    /// All ports, in listing order.
    pub(crate) const ALL: [Self; 11] = [
        Self::Page,
        Self::Prometheus,
        Self::Alertmanager,
        Self::Loki,
        Self::Tempo,
        Self::Jaeger,
        Self::OtlpGrpc,
        Self::OtlpHttp,
        Self::Metrics,
        Self::OtlpExposition,
        Self::Health,
    ];

    /// The configuration key under `ports:`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Prometheus => "prometheus",
            Self::Alertmanager => "alertmanager",
            Self::Loki => "loki",
            Self::Tempo => "tempo",
            Self::Jaeger => "jaeger",
            Self::OtlpGrpc => "otlp_grpc",
            Self::OtlpHttp => "otlp_http",
            Self::Metrics => "metrics",
            Self::OtlpExposition => "otlp_exposition",
            Self::Health => "health",
        }
    }

    /// What is served on the port.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Page => "the page, and every API under its prefix",
            Self::Prometheus => "Prometheus API",
            Self::Alertmanager => "Alertmanager API",
            Self::Loki => "Loki API",
            Self::Tempo => "Tempo API",
            Self::Jaeger => "Jaeger query API",
            Self::OtlpGrpc => "OTLP over gRPC",
            Self::OtlpHttp => "OTLP over HTTP",
            Self::Metrics => "own metrics",
            Self::OtlpExposition => "received OTLP metrics, to be scraped",
            Self::Health => "health check",
        }
    }

    fn default_number(self) -> u16 {
        match self {
            Self::Page => 3000,
            Self::Prometheus => 9090,
            Self::Alertmanager => 9093,
            Self::Loki => 3100,
            Self::Tempo => 3200,
            Self::Jaeger => 16686,
            Self::OtlpGrpc => 4317,
            Self::OtlpHttp => 4318,
            Self::Metrics => 8888,
            Self::OtlpExposition => 8889,
            Self::Health => 13133,
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// The address of a port: `3000`, `"[::1]:3000"` or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listen {
    /// Not bound.
    Off,
    /// Bound to its own address, or to the default address.
    On {
        /// The port's own address.
        address: Option<IpAddr>,
        /// The port number; 0 lets the system choose.
        number: u16,
    },
}

/// The address of each port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Ports(BTreeMap<Port, Listen>);

impl Ports {
    /// The address of a port.
    pub(crate) fn get(&self, port: Port) -> Listen {
        self.0.get(&port).copied().unwrap_or(Listen::Off)
    }

    /// Every port, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Port, Listen)> {
        self.0.iter().map(|(port, listen)| (*port, *listen))
    }

    /// Checks for conflicts between ports.
    pub(super) fn validate(&self, all: IpAddr) -> Result<(), String> {
        let mut taken: BTreeMap<SocketAddr, Port> = BTreeMap::new();
        for (port, listen) in self.iter() {
            let Listen::On { address, number } = listen else { continue };
            let address = address.unwrap_or(all);
            if !address.is_loopback() {
                let key =
                    if address == all { "listen".to_owned() } else { format!("ports.{port}") };
                return Err(format!(
                    "{key}: {address} is reachable from other machines, and there is no \
                     authentication yet: listen on 127.0.0.1 (or ::1) and put an authenticating \
                     proxy in front"
                ));
            }
            if number == 0 {
                continue;
            }
            if let Some(other) = taken.insert(SocketAddr::new(address, number), port) {
                return Err(format!("ports.{port}: {number} is already the port of ports.{other}"));
            }
        }
        Ok(())
    }
}

impl Default for Ports {
    fn default() -> Self {
        let listen = |port: Port| Listen::On { address: None, number: port.default_number() };
        Self(Port::ALL.into_iter().map(|port| (port, listen(port))).collect())
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut ports = Self::default();
        ports.0.extend(BTreeMap::<Port, Listen>::deserialize(deserializer)?);
        Ok(ports)
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Off => serializer.serialize_str("off"),
            Self::On { address: None, number } => serializer.serialize_u16(number),
            Self::On { address: Some(address), number } => {
                serializer.collect_str(&SocketAddr::new(address, number))
            }
        }
    }
}

struct ListenVisitor;

impl Visitor<'_> for ListenVisitor {
    type Value = Listen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a port number, ADDRESS:NUMBER or `off`")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Listen, E> {
        let number = u16::try_from(number)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))?;
        Ok(Listen::On { address: None, number })
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Listen, E> {
        let number = u16::try_from(number)
            .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))?;
        Ok(Listen::On { address: None, number })
    }

    // YAML 1.1 reads `off` as a boolean.
    fn visit_bool<E: Error>(self, is_on: bool) -> Result<Listen, E> {
        if is_on { Err(E::invalid_value(Unexpected::Bool(true), &self)) } else { Ok(Listen::Off) }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Listen, E> {
        if text == "off" {
            return Ok(Listen::Off);
        }
        let address: SocketAddr =
            text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))?;
        Ok(Listen::On { address: Some(address.ip()), number: address.port() })
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListenVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_the_configuration_file_has() {
        for port in Port::ALL {
            assert_eq!(serde_json::to_value(port).unwrap(), port.key());
        }
        assert!(Port::ALL.is_sorted());
    }
}
