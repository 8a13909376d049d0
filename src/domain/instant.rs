//! How the APIs write instants.

use jiff::Timestamp;

/// Reads an RFC 3339 date-time with any offset: `2022-02-24T13:45:10Z`,
/// `2022-02-24T14:45:10.5+01:00`. Cut to whole microseconds. `None` for any other text, dates that
/// do not exist included.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    if !is_rfc3339(text.as_bytes()) {
        return None;
    }
    let instant: Timestamp = text.parse().ok()?;
    Timestamp::from_microsecond(instant.as_microsecond()).ok()
}

/// Writes an instant as answers do: RFC 3339, UTC, `Z`, whole seconds (a started second is cut
/// off).
#[must_use]
pub fn show(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether the text has the form of RFC 3339 §5.6. The general parser takes more (a blank for the
/// T, no seconds, week dates), which a strict client library would not.
fn is_rfc3339(text: &[u8]) -> bool {
    let Some((date_time, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let fraction = match rest.split_first() {
        Some((b'.', digits)) => 1 + digits.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    let Some(offset) = rest.get(fraction..) else {
        return false;
    };
    fits(date_time, b"0000-00-00T00:00:00") && (fits(offset, b"Z") || fits(offset, b"+00:00") || fits(offset, b"-00:00"))
}

/// Whether the text has digits where the picture has zeros, and otherwise its characters, in either
/// case.
fn fits(text: &[u8], picture: &[u8]) -> bool {
    text.len() == picture.len()
        && text.iter().zip(picture).all(|(byte, expected)| match expected {
            b'0' => byte.is_ascii_digit(),
            _ => byte.eq_ignore_ascii_case(expected),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mangled::mangled;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::published_sample("2022-02-24T13:45:10Z", "2022-02-24T13:45:10Z")]
    #[case::offset("2025-05-02T10:32:02.934+02:00", "2025-05-02T08:32:02.934Z")]
    #[case::negative_offset("2024-02-28T23:00:00-03:30", "2024-02-29T02:30:00Z")]
    #[case::small_letters("2022-02-24t13:45:10z", "2022-02-24T13:45:10Z")]
    #[case::cut_to_microseconds("2022-02-24T13:45:10.123456789Z", "2022-02-24T13:45:10.123456Z")]
    fn read(#[case] text: &str, #[case] instant: &str) {
        assert_eq!(parse(text).unwrap().to_string(), instant);
    }

    #[rstest]
    #[case::empty("")]
    #[case::date("2022-02-24")]
    #[case::no_offset("2022-02-24T13:45:10")]
    #[case::blank("2022-02-24 13:45:10Z")]
    #[case::no_seconds("2022-02-24T13:45Z")]
    #[case::short_offset("2022-02-24T13:45:10+01")]
    #[case::no_colon("2022-02-24T13:45:10+0100")]
    #[case::zone_name("2022-02-24T13:45:10+01:00[Europe/Madrid]")]
    #[case::empty_fraction("2022-02-24T13:45:10.Z")]
    #[case::comma("2022-02-24T13:45:10,5Z")]
    #[case::long_fraction("2022-02-24T13:45:10.1234567890Z")]
    #[case::no_such_day("2022-02-30T13:45:10Z")]
    #[case::no_such_hour("2022-02-24T24:45:10Z")]
    #[case::blanks_around(" 2022-02-24T13:45:10Z ")]
    #[case::long_year("+002022-02-24T13:45:10Z")]
    #[case::many_bytes("2022-02-24T13:45:1é0Z")]
    fn not_read(#[case] text: &str) {
        assert_eq!(parse(text), None);
    }

    #[rstest]
    #[case("2025-05-02T08:32:02.934Z", "2025-05-02T08:32:02Z")]
    #[case("2025-05-02T10:32:02+02:00", "2025-05-02T08:32:02Z")]
    #[case("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    fn shown(#[case] instant: Timestamp, #[case] text: &str) {
        assert_eq!(show(instant), text);
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_read(second in 0_i64..253_402_000_000) {
            let instant = Timestamp::from_second(second).unwrap();
            prop_assert_eq!(parse(&show(instant)), Some(instant));
        }

        #[test]
        fn any_text_is_answered(text in mangled(&["2025-01-15T10:30:00Z", "2025-03-30T02:30:00.123456789+02:00", "-009999-01-01T00:00:00-23:59", "9999-12-31T23:59:60Z"])) {
            if let Some(instant) = parse(&text) {
                prop_assert_eq!(parse(&instant.to_string()), Some(instant));
            }
        }
    }
}
