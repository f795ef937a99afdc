//! Rate limits per address and in total.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use parking_lot::Mutex;
use tokio::time::Instant;

/// Requests per second from one address, and burst size.
const PER_ADDRESS: Rate = Rate { per_second: 10.0, burst: 30.0 };
/// Requests per second from all addresses, and burst size.
const TOTAL: Rate = Rate { per_second: 200.0, burst: 200.0 };
/// Maximum number of tracked addresses; the least recently seen one is evicted.
const ADDRESSES_MAX: usize = 1000;

struct Rate {
    per_second: f64,
    burst: f64,
}

/// A rate limiter.
pub(super) struct Limiter {
    buckets: Mutex<Buckets>,
    now: Box<dyn Fn() -> Instant + Send + Sync>,
}

struct Buckets {
    total: Bucket,
    addresses: HashMap<IpAddr, Bucket>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    used: Instant,
}

impl Limiter {
    /// A limiter with this clock.
    pub(super) fn new(now: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        let total = Bucket { tokens: TOTAL.burst, used: now() };
        let buckets = Buckets { total, addresses: HashMap::new() };
        Self { buckets: Mutex::new(buckets), now: Box::new(now) }
    }

    /// Whether a request from this address is allowed. Without an address only the total limit
    /// applies.
    pub(super) fn admits(&self, address: Option<IpAddr>) -> bool {
        let now = (self.now)();
        let mut buckets = self.buckets.lock();
        // Check the address first, so that a flood from one does not use up the total limit.
        let own = address
            .is_none_or(|address| buckets.of(rate_limit_key(address), now).take(&PER_ADDRESS, now));
        own && buckets.total.take(&TOTAL, now)
    }
}

impl Buckets {
    fn of(&mut self, address: IpAddr, now: Instant) -> &mut Bucket {
        if self.addresses.len() >= ADDRESSES_MAX && !self.addresses.contains_key(&address) {
            let silent = self.addresses.iter().min_by_key(|(_, bucket)| bucket.used);
            if let Some(silent) = silent.map(|(address, _)| *address) {
                self.addresses.remove(&silent);
            }
        }
        self.addresses.entry(address).or_insert(Bucket { tokens: PER_ADDRESS.burst, used: now })
    }
}

impl Bucket {
    fn take(&mut self, rate: &Rate, now: Instant) -> bool {
        let seconds = now.saturating_duration_since(self.used).as_secs_f64();
        self.tokens = (self.tokens + seconds * rate.per_second).min(rate.burst);
        self.used = self.used.max(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

/// An IPv6 customer has a whole /64 prefix.
fn rate_limit_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    /// A limiter and the milliseconds of its clock.
    fn limiter() -> (Limiter, Arc<AtomicU64>) {
        let elapsed_ms = Arc::new(AtomicU64::new(0));
        let (start, clock) = (Instant::now(), Arc::clone(&elapsed_ms));
        let now = move || start + Duration::from_millis(clock.load(Ordering::Relaxed));
        (Limiter::new(now), elapsed_ms)
    }

    fn admitted(limiter: &Limiter, addresses: impl Iterator<Item = Option<IpAddr>>) -> usize {
        addresses.filter(|address| limiter.admits(*address)).count()
    }

    #[test]
    fn one_address_has_thirty_at_once_and_ten_a_second() {
        let (limiter, elapsed_ms) = limiter();
        let one = || std::iter::repeat_n(Some(IpAddr::from([192, 0, 2, 1])), 100);
        assert_eq!(admitted(&limiter, one()), 30);
        assert!(limiter.admits(Some(IpAddr::from([192, 0, 2, 2]))));
        elapsed_ms.store(1000, Ordering::Relaxed);
        assert_eq!(admitted(&limiter, one()), 10);
        // A clock that goes back must neither refill nor drain the limit.
        elapsed_ms.store(0, Ordering::Relaxed);
        assert_eq!(admitted(&limiter, one()), 0);
        elapsed_ms.store(3_600_000, Ordering::Relaxed);
        assert_eq!(admitted(&limiter, one()), 30);
    }

    #[test]
    fn ten_thousand_addresses_have_two_hundred_a_second_and_a_bounded_memory() {
        let (limiter, elapsed_ms) = limiter();
        let many = || (0..10_000_u32).map(|number| Some(IpAddr::from(number.to_be_bytes())));
        assert_eq!(admitted(&limiter, many()), 200);
        assert_eq!(limiter.buckets.lock().addresses.len(), ADDRESSES_MAX);
        elapsed_ms.store(500, Ordering::Relaxed);
        assert_eq!(admitted(&limiter, many()), 100);
        elapsed_ms.store(1500, Ordering::Relaxed);
        assert_eq!(admitted(&limiter, std::iter::repeat_n(None, 1000)), 200);
    }

    #[test]
    fn a_household_of_ipv6_is_one_address() {
        let (limiter, _) = limiter();
        let addresses = (0..100_u128)
            .map(|number| Some(IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) + number))));
        assert_eq!(admitted(&limiter, addresses), 30);
        assert_eq!(
            rate_limit_key("::ffff:192.0.2.1".parse().unwrap()),
            IpAddr::from([192, 0, 2, 1])
        );
    }
}
