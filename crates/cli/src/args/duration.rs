//! Durations as Go spells them: `3m0s`, `1h2m`, `1.5h`, `300ms`.

use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

/// How long something may take; zero means as long as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeLimit(Duration);

impl TimeLimit {
    /// The limit, where there is one.
    pub(crate) fn limit(self) -> Option<Duration> {
        (!self.0.is_zero()).then_some(self.0)
    }
}

impl FromStr for TimeLimit {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        parse(text).map(Self)
    }
}

/// How long something counts: as Go spells it, or with days before it, `7d` or `1d12h`; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime(SignedDuration);

impl Lifetime {
    /// The time.
    pub(crate) fn span(self) -> SignedDuration {
        self.0
    }
}

impl FromStr for Lifetime {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let malformed = || DurationError::Malformed { found: text.to_owned() };
        let (days, rest) = match text.split_once('d') {
            Some((days, "")) => (days, "0"),
            Some((days, rest)) => (days, rest),
            None => ("0", text),
        };
        let days: u32 = days.parse().map_err(|_| malformed())?;
        let rest = parse(rest).map_err(|_| malformed())?;
        let seconds = u64::from(days) * 86_400 + rest.as_secs();
        match i64::try_from(seconds) {
            Ok(seconds) if seconds > 0 && seconds <= LONGEST_SECONDS as i64 => {
                Ok(Self(SignedDuration::from_secs(seconds)))
            }
            _ => Err(DurationError::OutOfRange { found: text.to_owned() }),
        }
    }
}

/// A text is not a duration that can be waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DurationError {
    /// It has no number, no unit, or an unknown one.
    #[error("invalid duration {found:?}, expected for example 90s, 3m0s or 1h")]
    Malformed {
        /// The text.
        found: String,
    },
    /// It is longer than 100 years or negative.
    #[error("duration {found:?} is out of range")]
    OutOfRange {
        /// The text.
        found: String,
    },
}

fn parse(text: &str) -> Result<Duration, DurationError> {
    let malformed = || DurationError::Malformed { found: text.to_owned() };
    let out_of_range = || DurationError::OutOfRange { found: text.to_owned() };
    if text.strip_prefix('-').is_some_and(|rest| parse(rest).is_ok()) {
        return Err(out_of_range());
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(malformed());
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number_end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(malformed)?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let number: f64 = number.parse().map_err(|_| malformed())?;
        let seconds = number * unit_seconds(unit).ok_or_else(malformed)?;
        if seconds > LONGEST_SECONDS {
            return Err(out_of_range());
        }
        total += Duration::from_secs_f64(seconds);
        rest = next;
    }
    if total.as_secs_f64() > LONGEST_SECONDS {
        return Err(out_of_range());
    }
    Ok(total)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

/// A hundred years.
const LONGEST_SECONDS: f64 = 100.0 * 365.25 * 86400.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_read() {
        for (text, milliseconds) in [
            ("3m0s", 180_000),
            ("90s", 90_000),
            ("1h2m", 3_720_000),
            ("1.5h", 5_400_000),
            ("300ms", 300),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn a_number_without_unit_is_refused() {
        for text in ["3", "", "s", "1x", "1..5s", "3 m"] {
            assert_eq!(parse(text), Err(DurationError::Malformed { found: text.to_owned() }));
        }
    }

    #[test]
    fn lifetimes_have_days_and_are_never_zero() {
        for (text, seconds) in [("7d", 604_800), ("1d12h", 129_600), ("90m", 5400)] {
            assert_eq!(
                text.parse::<Lifetime>().map(Lifetime::span),
                Ok(SignedDuration::from_secs(seconds))
            );
        }
        for text in ["0", "0d", "40000d", "500ms"] {
            let found = text.to_owned();
            assert_eq!(
                text.parse::<Lifetime>(),
                Err(DurationError::OutOfRange { found }),
                "{text}"
            );
        }
        for text in ["", "7", "d", "-1d", "1d-2h", "1.5d"] {
            let found = text.to_owned();
            assert_eq!(
                text.parse::<Lifetime>(),
                Err(DurationError::Malformed { found }),
                "{text}"
            );
        }
    }

    #[test]
    fn a_negative_or_endless_duration_is_out_of_range() {
        for text in ["-3m", "9999999999999h"] {
            assert_eq!(parse(text), Err(DurationError::OutOfRange { found: text.to_owned() }));
        }
    }
}
