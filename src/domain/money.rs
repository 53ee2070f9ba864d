//! Money: whole Korean won, kept in a `Decimal`. Never a float, never a fraction.

use std::{fmt, iter::Sum, ops};

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount in whole won. On the wire and in the tables it is an integer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Won(Decimal);

/// The largest amount a command may name: 1,000,000,000,000 won.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;

impl Won {
    /// Nothing.
    pub const ZERO: Won = Won(Decimal::ZERO);

    /// An amount of whole won.
    pub fn new(won: i64) -> Self {
        Self(Decimal::from(won))
    }

    /// As an integer, for tables and the wire.
    ///
    /// # Panics
    /// When the amount does not fit 64 bits, which [`AMOUNT_MAX`] and the bounds on quantities exclude.
    #[expect(clippy::expect_used, reason = "bounded by AMOUNT_MAX; a broken invariant must stop the lane")]
    pub fn get(self) -> i64 {
        self.0.to_i64().expect("an amount fits 64 bits")
    }

    /// This amount times a quantity.
    pub fn times(self, quantity: u32) -> Self {
        Self(self.0 * Decimal::from(quantity))
    }

    /// This amount × `basis_points` / 10,000, rounded down to 1 won (G: 할인금액 = 합계가 × 할인율).
    pub fn rate_down(self, basis_points: u32) -> Self {
        Self((self.0 * Decimal::from(basis_points) / Decimal::from(10_000)).floor())
    }

    /// The share of `part` in `whole`, rounded down; the remainder stays with the rest.
    pub fn share_down(self, part: u32, whole: u32) -> Self {
        if whole == 0 {
            return Self::ZERO;
        }
        Self((self.0 * Decimal::from(part) / Decimal::from(whole)).floor())
    }

    /// This amount × `part` / `whole`, rounded down.
    pub fn part_down(self, part: Won, whole: Won) -> Self {
        if whole.is_zero() {
            return Self::ZERO;
        }
        Self((self.0 * part.0 / whole.0).floor())
    }

    /// Whether this is more than nothing.
    pub fn is_positive(self) -> bool {
        self.0 > Decimal::ZERO
    }

    /// Whether this is nothing.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The same, as serde wants it.
    pub fn is_nothing(won: &Won) -> bool {
        won.is_zero()
    }

    /// Whether this is less than nothing, which no stored term may be.
    pub fn is_negative(self) -> bool {
        self.0 < Decimal::ZERO
    }
}

impl ops::Add for Won {
    type Output = Won;
    fn add(self, other: Won) -> Won {
        Won(self.0 + other.0)
    }
}
impl ops::Sub for Won {
    type Output = Won;
    fn sub(self, other: Won) -> Won {
        Won(self.0 - other.0)
    }
}
impl ops::AddAssign for Won {
    fn add_assign(&mut self, other: Won) {
        self.0 += other.0;
    }
}
impl ops::SubAssign for Won {
    fn sub_assign(&mut self, other: Won) {
        self.0 -= other.0;
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
    let mut parts: Vec<Won> = weights.iter().map(|w| Won((total.0 * w.0 / sum.0).floor())).collect();
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
