//! Whole numbers in bodies.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};

/// A whole number, however it is written: to JSON Schema, and to many who write JSON, `2.0` is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole<T>(pub T);

/// Up to here each whole number has a floating-point number of its own (RFC 8259 §6).
const EXACT: f64 = 9_007_199_254_740_991.0;

impl<'de, T: TryFrom<i64>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Number(PhantomData)).map(Self)
    }
}

struct Number<T>(PhantomData<T>);

impl<T: TryFrom<i64>> Visitor<'_> for Number<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = std::any::type_name::<T>();
        write!(f, "{kind}")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        let wrong = |_| E::invalid_value(Unexpected::Signed(number), &self);
        T::try_from(number).map_err(wrong)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let fits = i64::try_from(number).ok().and_then(|n| T::try_from(n).ok());
        fits.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        if number.fract() != 0.0 || number.abs() > EXACT {
            return Err(E::invalid_type(Unexpected::Float(number), &self));
        }
        #[allow(
            clippy::cast_possible_truncation,
            reason = "it is whole, and not too large"
        )]
        self.visit_i64(number as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let read = |text: &str| serde_json::from_str::<Whole<i64>>(text).ok().map(|n| n.0);
        for (text, number) in [
            ("2", 2),
            ("2.0", 2),
            ("2e3", 2_000),
            ("-0.0", 0),
            ("-7", -7),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
        for text in [
            "2.5",
            "1e30",
            "9223372036854775808",
            "\"2\"",
            "null",
            "true",
            "[2]",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(serde_json::from_str::<Whole<u32>>("-1").is_err());
        assert_eq!(serde_json::from_str::<Whole<u32>>("5.0").unwrap(), Whole(5));
    }
}
