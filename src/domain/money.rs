//! Money: whole Korean won. Never a float, never a fraction: rates and shares are reckoned in a `Decimal` and rounded down.

use std::{fmt, iter::Sum, ops};

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount in whole won. On the wire and in the tables it is an integer.
///
/// Sums and products stop at the ends of 64 bits, nine million times [`AMOUNT_MAX`]: what comes of a command's amounts and
/// quantities is held to that maximum, and refused above it. Shares of amounts within it are exact.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Won(i64);

/// The largest amount a command may name: 1,000,000,000,000 won.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;

impl Won {
    /// Nothing.
    pub const ZERO: Won = Won(0);

    /// An amount of whole won.
    pub const fn new(won: i64) -> Self {
        Self(won)
    }

    /// As an integer, for tables and the wire.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// This amount times a quantity.
    pub fn times(self, quantity: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(quantity)))
    }

    /// This amount × `basis_points` / 10,000, rounded down to 1 won (G: 할인금액 = 합계가 × 할인율).
    pub fn rate_down(self, basis_points: u32) -> Self {
        self.fraction_down(Decimal::from(basis_points), Decimal::from(10_000))
    }

    /// The share of `part` in `whole`, rounded down; the remainder stays with the rest.
    pub fn share_down(self, part: u32, whole: u32) -> Self {
        if whole == 0 {
            return Self::ZERO;
        }
        self.fraction_down(Decimal::from(part), Decimal::from(whole))
    }

    /// This amount × `part` / `whole`, rounded down.
    pub fn part_down(self, part: Won, whole: Won) -> Self {
        if whole.is_zero() {
            return Self::ZERO;
        }
        self.fraction_down(Decimal::from(part.0), Decimal::from(whole.0))
    }

    fn fraction_down(self, part: Decimal, whole: Decimal) -> Self {
        let floor = (Decimal::from(self.0) * part / whole).floor();
        Self(floor.to_i64().unwrap_or(i64::MAX))
    }

    /// Whether this is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether this is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The same, as serde wants it.
    pub const fn is_nothing(won: &Won) -> bool {
        won.is_zero()
    }

    /// Whether this is less than nothing, which no stored term may be.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl ops::Add for Won {
    type Output = Won;
    fn add(self, other: Won) -> Won {
        Won(self.0.saturating_add(other.0))
    }
}
impl ops::Sub for Won {
    type Output = Won;
    fn sub(self, other: Won) -> Won {
        Won(self.0.saturating_sub(other.0))
    }
}
impl ops::AddAssign for Won {
    fn add_assign(&mut self, other: Won) {
        *self = *self + other;
    }
}
impl ops::SubAssign for Won {
    fn sub_assign(&mut self, other: Won) {
        *self = *self - other;
    }
}
impl Sum for Won {
    fn sum<I: Iterator<Item = Won>>(iter: I) -> Won {
        iter.fold(Won::ZERO, ops::Add::add)
    }
}
impl fmt::Display for Won {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
impl fmt::Debug for Won {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}원", self.0)
    }
}
impl Serialize for Won {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_i64(self.get())
    }
}
impl<'de> Deserialize<'de> for Won {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let won = i64::deserialize(d)?;
        if !(0..=AMOUNT_MAX).contains(&won) {
            return Err(serde::de::Error::custom(format!("an amount must be 0 to {AMOUNT_MAX} won, not {won}")));
        }
        Ok(Won::new(won))
    }
}
impl schemars::JsonSchema for Won {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Won".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 0, "maximum": AMOUNT_MAX, "description": "whole won" })
    }
}

/// Splits `total` over `weights`, each part rounded down and the remainder on the last weighted part (domain §5†),
/// so that the parts always sum to the whole.
pub fn split_pro_rata(total: Won, weights: &[Won]) -> Vec<Won> {
    let sum: Won = weights.iter().copied().sum();
    if sum.is_zero() {
        return vec![Won::ZERO; weights.len()];
    }
    let mut parts: Vec<Won> = weights.iter().map(|w| total.part_down(*w, sum)).collect();
    let rest = total - parts.iter().copied().sum();
    if let Some(last) = weights.iter().rposition(|w| w.is_positive()) {
        parts[last] += rest;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_round_down() {
        assert_eq!(Won::new(999).rate_down(1_000), Won::new(99));
        assert_eq!(Won::new(10_000).rate_down(1_500), Won::new(1_500));
        assert_eq!(Won::new(10).share_down(1, 3), Won::new(3));
    }

    #[test]
    fn what_is_beyond_all_bounds_stays_there() {
        let most = Won::new(AMOUNT_MAX).times(u32::MAX);
        assert!(most > Won::new(AMOUNT_MAX), "a product that does not fit is refused, not wrapped");
        assert!((0..100).map(|_| most).sum::<Won>() > Won::new(AMOUNT_MAX));
        let least = Won::ZERO - most - most - most;
        assert!(least.is_negative());
        // the largest share that an order's amounts can ask for is exact
        assert_eq!(
            Won::new(AMOUNT_MAX).part_down(Won::new(AMOUNT_MAX - 1), Won::new(AMOUNT_MAX)),
            Won::new(AMOUNT_MAX - 1)
        );
    }

    proptest! {
        #![proptest_config(crate::domain::drawn::config(256))]

        #[test]
        fn parts_sum_to_the_whole(total in 0i64..10_000_000, weights in prop::collection::vec(0i64..1_000_000, 1..20)) {
            let w: Vec<Won> = weights.iter().map(|&x| Won::new(x)).collect();
            let parts = split_pro_rata(Won::new(total), &w);
            prop_assert!(parts.iter().all(|p| !p.is_negative()));
            if weights.iter().any(|&x| x > 0) {
                prop_assert_eq!(parts.into_iter().sum::<Won>(), Won::new(total));
            }
        }
    }
}
