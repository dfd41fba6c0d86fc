//! Holds each device to a rate, whichever way it comes in: a bucket of tokens for each, one token per message.

use messages::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// Devices whose buckets are kept. The longest idle are forgotten beyond it and begin again with a full bucket.
pub const BUCKETS_MAX: usize = 200_000;

/// How often one device may send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimit {
    /// Messages per second in the long run.
    pub messages_per_second: f64,
    /// Messages at once after a pause.
    pub burst: f64,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { messages_per_second: 10.0, burst: 100.0 }
    }
}

/// The buckets, in two generations: when the younger is full, the older is forgotten.
#[derive(Debug)]
pub struct Limiter {
    limit: RateLimit,
    generation_max: usize,
    young: BTreeMap<String, Bucket>,
    old: BTreeMap<String, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
}

impl Limiter {
    /// Everybody's bucket is full.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self::with_capacity(limit, BUCKETS_MAX)
    }

    fn with_capacity(limit: RateLimit, buckets_max: usize) -> Self {
        let generation_max = (buckets_max / 2).max(1);
        Self { limit, generation_max, young: BTreeMap::new(), old: BTreeMap::new() }
    }

    /// Takes a token of `device`, or says how long it takes until there is one.
    ///
    /// # Errors
    /// That time.
    pub fn take(&mut self, device: &str, now: Timestamp) -> Result<(), Duration> {
        let RateLimit { messages_per_second, burst } = self.limit;
        let known = self.young.get(device).copied().or_else(|| self.old.remove(device));
        let mut bucket = known.unwrap_or(Bucket { tokens: burst, filled_at: now });
        let gained = now.since(bucket.filled_at).as_secs_f64() * messages_per_second;
        // A clock that went back fills nothing, and does not stop the filling either.
        bucket = Bucket { tokens: (bucket.tokens + gained).min(burst), filled_at: now };
        let taken = if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            Ok(())
        } else {
            Err(Duration::from_secs_f64((1.0 - bucket.tokens) / messages_per_second))
        };
        self.keep(device, bucket);
        taken
    }

    fn keep(&mut self, device: &str, bucket: Bucket) {
        if let Some(kept) = self.young.get_mut(device) {
            *kept = bucket;
            return;
        }
        if self.young.len() >= self.generation_max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(device.to_owned(), bucket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(buckets_max: usize) -> Limiter {
        Limiter::with_capacity(RateLimit { messages_per_second: 10.0, burst: 3.0 }, buckets_max)
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    #[test]
    fn a_burst_is_taken_and_then_one_message_per_interval() {
        let mut limiter = limiter(10);
        for _ in 0..3 {
            assert_eq!(limiter.take("a", at(0)), Ok(()));
        }
        assert_eq!(limiter.take("a", at(0)), Err(Duration::from_millis(100)));
        assert_eq!(limiter.take("a", at(100)), Ok(()));
        assert!(limiter.take("a", at(100)).is_err());
        assert_eq!(limiter.take("b", at(100)), Ok(()), "each asset has its own");
    }

    #[test]
    fn a_long_pause_fills_no_more_than_the_burst() {
        let mut limiter = limiter(10);
        limiter.take("a", at(0)).unwrap();
        let taken = (0..10).filter(|_| limiter.take("a", at(3_600_000)).is_ok()).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn a_clock_that_goes_back_neither_fills_nor_stops() {
        let mut limiter = limiter(10);
        for _ in 0..3 {
            limiter.take("a", at(10_000)).unwrap();
        }
        assert!(limiter.take("a", at(0)).is_err());
        assert_eq!(limiter.take("a", at(100)), Ok(()));
    }

    #[test]
    fn the_buckets_stay_bounded_and_a_busy_asset_is_not_forgotten() {
        let mut limiter = limiter(20);
        for _ in 0..3 {
            limiter.take("busy", at(0)).unwrap();
        }
        for number in 0..1_000 {
            limiter.take(&format!("asset-{number}"), at(0)).unwrap();
            assert!(limiter.take("busy", at(0)).is_err(), "after {number} others");
            assert!(limiter.young.len() + limiter.old.len() <= 20);
        }
    }
}
