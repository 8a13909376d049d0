//! The national holidays of Spain.

use jiff::civil::Date;

/// Month and day of the holidays with a fixed date. One that falls on a Sunday is not moved, as the
/// Node's calendar is that of the whole country and such moves are regional.
const FIXED: [(i8, i8); 9] = [(1, 1), (1, 6), (5, 1), (8, 15), (10, 12), (11, 1), (12, 6), (12, 8), (12, 25)];

/// Whether the day is a holiday in all of Spain.
pub(super) fn is_national(day: Date) -> bool {
    FIXED.contains(&(day.month(), day.day())) || is_good_friday(day)
}

/// Whether Easter is in two days.
fn is_good_friday(day: Date) -> bool {
    let day_of_march = match day.month() {
        3 => i32::from(day.day()),
        4 => 31 + i32::from(day.day()),
        _ => return false,
    };
    day_of_march + 2 == easter(day.year())
}

/// Easter Sunday in the Gregorian calendar, as a day of March that counts on into April: 32 is 1
/// April. The computus of Meeus, Jones and Butcher.
#[expect(clippy::many_single_char_names, reason = "the variables' published names")]
fn easter(year: i16) -> i32 {
    let year = i32::from(year);
    let a = year.rem_euclid(19);
    let (b, c) = (year.div_euclid(100), year.rem_euclid(100));
    let (d, e) = (b.div_euclid(4), b.rem_euclid(4));
    let f = (b + 8).div_euclid(25);
    let g = (b - f + 1).div_euclid(3);
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l) / 451;
    h + l - 7 * m + 22
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Weekday;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::earliest_possible(1818, 3, 22)]
    #[case(1961, 4, 2)]
    #[case(2000, 4, 23)]
    #[case(2016, 3, 27)]
    #[case(2024, 3, 31)]
    #[case(2025, 4, 20)]
    #[case(2026, 4, 5)]
    #[case(2027, 3, 28)]
    #[case(2028, 4, 16)]
    #[case::latest_possible(2038, 4, 25)]
    #[case::earliest_possible_again(2285, 3, 22)]
    fn easters(#[case] year: i16, #[case] month: i32, #[case] day: i32) {
        assert_eq!(easter(year), 31 * (month - 3) + day);
    }

    #[rstest]
    #[case(2024, "01-01 01-06 03-29 05-01 08-15 10-12 11-01 12-06 12-08 12-25")]
    #[case(2025, "01-01 01-06 04-18 05-01 08-15 10-12 11-01 12-06 12-08 12-25")]
    #[case::good_friday_before_april(2018, "01-01 01-06 03-30 05-01 08-15 10-12 11-01 12-06 12-08 12-25")]
    #[case::easter_on_1_april(2029, "01-01 01-06 03-30 05-01 08-15 10-12 11-01 12-06 12-08 12-25")]
    #[case::easter_on_2_april(2051, "01-01 01-06 03-31 05-01 08-15 10-12 11-01 12-06 12-08 12-25")]
    fn holidays_of_a_year(#[case] year: i16, #[case] expected: &str) {
        let found: Vec<_> = days_of(year).filter(|&day| is_national(day)).map(|day| day.strftime("%m-%d").to_string()).collect();
        assert_eq!(found.join(" "), expected);
    }

    fn days_of(year: i16) -> impl Iterator<Item = Date> {
        let first = Date::new(year, 1, 1).unwrap();
        std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(move |day| day.year() == year)
    }

    proptest! {
        #[test]
        fn one_good_friday_a_year(year in -9998_i16..=9998) {
            let fridays: Vec<_> = days_of(year).filter(|&day| is_good_friday(day)).collect();
            prop_assert_eq!(fridays.len(), 1);
            prop_assert_eq!(fridays[0].weekday(), Weekday::Friday);
        }
    }
}
