//! Chance that can be repeated: the same seed gives the same run.

/// Sebastiano Vigna's `SplitMix64`: a number generator that is its seed and a few shifts, so that a run is the same on every machine and
/// with every version of this program.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The run of this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// At least 0 and less than 1, each as likely as the next.
    pub fn fraction(&mut self) -> f64 {
        let [_, _, _, _, high @ ..] = self.next().to_le_bytes();
        f64::from(u32::from_le_bytes(high)) / (f64::from(u32::MAX) + 1.0)
    }

    /// Normally distributed around 0 with a standard deviation of 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.fraction()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.fraction()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published first numbers of seed 1234567.
    #[test]
    fn it_is_splitmix() {
        let mut chance = Chance::seeded(1_234_567);
        let first = [chance.next(), chance.next(), chance.next()];
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn fractions_are_even() {
        let mut chance = Chance::seeded(0);
        let mut quarters = [0; 4];
        for _ in 0..4000 {
            let fraction = chance.fraction();
            assert!((0.0..1.0).contains(&fraction));
            let quarter = [0.25, 0.5, 0.75].iter().filter(|bound| fraction >= **bound).count();
            quarters[quarter] += 1;
        }
        assert!(quarters.iter().all(|count| (900..1100).contains(count)), "{quarters:?}");
    }

    #[test]
    fn the_normal_is_normal() {
        let mut chance = Chance::seeded(0);
        let drawn: Vec<_> = (0..4000).map(|_| chance.normal()).collect();
        let within = |deviations: f64| drawn.iter().filter(|value| value.abs() < deviations).count();
        assert!((2600..2860).contains(&within(1.0)), "{}", within(1.0));
        assert!((3770..3860).contains(&within(2.0)), "{}", within(2.0));
    }
}
