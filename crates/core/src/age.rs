//! How old something may be: `90d`, `12h`, `30m`, `1d12h`.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::quoted::Quoted;

/// A span of time in whole seconds, more than none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age(u32);

impl Age {
    /// Returns the moment this long after `from`, or the last there is.
    pub fn after(self, from: Timestamp) -> Timestamp {
        from.checked_add(SignedDuration::from_secs(i64::from(self.0)))
            .unwrap_or(Timestamp::MAX)
    }

    /// Says whether what is of `from` is older than this at the moment `now`.
    pub fn is_over(self, from: Timestamp, now: Timestamp) -> bool {
        self.after(from) < now
    }
}

impl FromStr for Age {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        let wrong = || AgeError {
            found: Quoted::new(text),
        };
        let mut seconds: u32 = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, unit) = rest.split_at(end);
            let (_, factor) = UNITS
                .iter()
                .find(|(name, _)| unit.starts_with(*name))
                .ok_or_else(wrong)?;
            let number: u32 = number.parse().map_err(|_| wrong())?;
            let part = number.checked_mul(*factor).ok_or_else(wrong)?;
            seconds = seconds.checked_add(part).ok_or_else(wrong)?;
            // each unit is one letter
            rest = unit.get(1..).unwrap_or_default();
        }
        match seconds {
            0 => Err(wrong()),
            seconds => Ok(Self(seconds)),
        }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0;
        for (name, factor) in UNITS {
            let count = left / factor;
            left %= factor;
            if count > 0 {
                write!(f, "{count}{name}")?;
            }
        }
        Ok(())
    }
}

/// A text is no age.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} is no span of time, expected for example 90d, 12h or 1d12h, of 136 years at most")]
pub struct AgeError {
    found: Quoted,
}

const UNITS: [(&str, u32); 4] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_and_written() {
        for (text, seconds) in [("90d", 7_776_000), ("12h", 43_200), ("1d12h", 129_600), ("1m1s", 61)] {
            let age: Age = text.parse().unwrap();
            assert_eq!(age, Age(seconds));
            assert_eq!(age.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_age_is_refused() {
        for text in ["", "0d", "d", "1", "1y", "-1d", "1.5d", "99999999999d", "136y", "é"] {
            assert_eq!(
                text.parse::<Age>().unwrap_err().to_string(),
                format!("{text:?} is no span of time, expected for example 90d, 12h or 1d12h, of 136 years at most")
            );
        }
    }

    #[test]
    fn what_is_as_old_as_it_may_be_is_not_over() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let age: Age = "1d".parse().unwrap();
        assert!(!age.is_over(at("2026-11-22T12:00:00Z"), at("2026-11-23T12:00:00Z")));
        assert!(age.is_over(at("2026-11-22T12:00:00Z"), at("2026-11-23T12:00:01Z")));
    }
}
