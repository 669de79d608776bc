use super::trim;
use crate::millis::Millis;

/// Reads `Retry-After` (RFC 9110 §10.2.3): how long from now on, from the value and from the `Date`
/// of the same response.
///
/// The value is a number of seconds or a point in time. Points in time are compared with `date`, by
/// the server's own clock: a client's may be wrong, and the core has none. Without a valid `date`
/// they give `None`, as does a value that is neither. One that lies in the past is
/// 0. All three forms of a date are read (§5.6.7); the name of the day is not compared with the
/// date.
///
/// ```
/// use sse_codec::{Millis, http::retry_after};
///
/// assert_eq!(retry_after(b"120", None), Some(Millis(120_000)));
/// let date = Some(&b"Sun, 06 Nov 1994 08:49:37 GMT"[..]);
/// let value = b"Sun, 06 Nov 1994 08:50:00 GMT";
/// assert_eq!(retry_after(value, date), Some(Millis(23_000)));
/// assert_eq!(retry_after(b"soon", date), None);
/// ```
#[must_use]
pub fn retry_after(value: &[u8], date: Option<&[u8]>) -> Option<Millis> {
    let value = trim(value);
    if let Some(seconds) = delay_seconds(value) {
        return Some(Millis(seconds.saturating_mul(1_000)));
    }
    let now = Date::parse(trim(date?), None)?;
    let then = Date::parse(value, Some(now.year))?;
    let seconds = then.seconds().saturating_sub(now.seconds());
    Some(Millis(seconds.saturating_mul(1_000)))
}

/// `delay-seconds`, saturated.
fn delay_seconds(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        Some(number.saturating_mul(10).saturating_add(u64::from(digit)))
    })
}

/// A date with its time of day, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: u32,
    /// From 1.
    month: u32,
    /// From 1.
    day: u32,
    /// Of the day.
    second: u32,
}

impl Date {
    /// `current_year` helps with years of two digits.
    fn parse(value: &[u8], current_year: Option<u32>) -> Option<Self> {
        let letters = value.iter().take_while(|byte| byte.is_ascii_alphabetic());
        let (name, rest) = value.split_at_checked(letters.count())?;
        match (name, rest) {
            // Sun, 06 Nov 1994 08:49:37 GMT
            (
                [_, _, _],
                [
                    b',',
                    b' ',
                    d1,
                    d2,
                    b' ',
                    m1,
                    m2,
                    m3,
                    b' ',
                    y1,
                    y2,
                    y3,
                    y4,
                    b' ',
                    time @ ..,
                ],
            ) => {
                let year = number(&[*y1, *y2, *y3, *y4])?;
                Self::new(
                    year,
                    &[*m1, *m2, *m3],
                    &[*d1, *d2],
                    time.strip_suffix(b" GMT")?,
                )
            }
            // Sunday, 06-Nov-94 08:49:37 GMT
            (
                [_, _, _, _, _, _, ..],
                [
                    b',',
                    b' ',
                    d1,
                    d2,
                    b'-',
                    m1,
                    m2,
                    m3,
                    b'-',
                    y1,
                    y2,
                    b' ',
                    time @ ..,
                ],
            ) => {
                let year = full_year(number(&[*y1, *y2])?, current_year);
                Self::new(
                    year,
                    &[*m1, *m2, *m3],
                    &[*d1, *d2],
                    time.strip_suffix(b" GMT")?,
                )
            }
            // Sun Nov  6 08:49:37 1994
            (
                [_, _, _],
                [
                    b' ',
                    m1,
                    m2,
                    m3,
                    b' ',
                    d1,
                    d2,
                    b' ',
                    time @ ..,
                    b' ',
                    y1,
                    y2,
                    y3,
                    y4,
                ],
            ) => {
                let year = number(&[*y1, *y2, *y3, *y4])?;
                let tens = if *d1 == b' ' { b'0' } else { *d1 };
                Self::new(year, &[*m1, *m2, *m3], &[tens, *d2], time)
            }
            _ => None,
        }
    }

    fn new(year: u32, month: &[u8; 3], day: &[u8; 2], time: &[u8]) -> Option<Self> {
        let [h1, h2, b':', m1, m2, b':', s1, s2] = time else {
            return None;
        };
        let (hour, minute) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
        let second = number(&[*s1, *s2])?;
        let date = Self {
            year,
            month: (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0,
            day: number(day)?,
            second: hour * 3_600 + minute * 60 + second,
        };
        // A second of 60 is a leap second.
        let is_valid = hour < 24
            && minute < 60
            && second <= 60
            && (1..=days_in(date.month, year)).contains(&date.day);
        is_valid.then_some(date)
    }

    /// Since the beginning of the year 0.
    fn seconds(self) -> u64 {
        let past_years = self.year * 365 + leap_years_before(self.year);
        let past_months = (1..self.month).map(|month| days_in(month, self.year));
        let days = past_years + past_months.sum::<u32>() + self.day - 1;
        u64::from(days) * 86_400 + u64::from(self.second)
    }
}

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

const fn days_in(month: u32, year: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// From the year 0 on, which is one.
const fn leap_years_before(year: u32) -> u32 {
    match year.checked_sub(1) {
        None => 0,
        Some(last) => last / 4 - last / 100 + last / 400 + 1,
    }
}

/// "Recipients of a timestamp value in rfc850-date format, which uses a two-digit year, MUST
/// interpret a timestamp that appears to be more than 50 years in the future as representing the
/// most recent year in the past that had the same last two digits." Where the current year is what
/// is to be read, the date is of 1970 to 2069: there was no HTTP before.
const fn full_year(two_digits: u32, current_year: Option<u32>) -> u32 {
    let Some(current) = current_year else {
        return two_digits + if two_digits < 70 { 2_000 } else { 1_900 };
    };
    let year = current - current % 100 + two_digits;
    if year > current + 50 && year >= 100 {
        year - 100
    } else if year + 50 <= current {
        year + 100
    } else {
        year
    }
}

/// A number of decimal digits.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &[u8] = b"Sun, 06 Nov 1994 08:49:37 GMT";

    #[test]
    fn delays() {
        for (value, expected) in [
            (&b"0"[..], Some(0)),
            (b" 120\t", Some(120_000)),
            (b"007", Some(7_000)),
            (b"18446744073709551615", Some(u64::MAX)),
            (b"99999999999999999999999999", Some(u64::MAX)),
            (b"", None),
            (b" ", None),
            (b"-1", None),
            (b"+1", None),
            (b"1.5", None),
            (b"1s", None),
            (b"1, 2", None),
            (b"soon", None),
        ] {
            let expected = expected.map(Millis);
            assert_eq!(retry_after(value, None), expected, "{value:?}");
            assert_eq!(retry_after(value, Some(NOW)), expected, "{value:?}");
        }
    }

    /// The three forms of RFC 9110 §5.6.7, and what is none of them.
    #[test]
    fn dates() {
        for (value, seconds) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(0)),
            ("Sun Nov  6 08:49:37 1994", Some(0)),
            ("Sun Nov 16 08:49:37 1994", Some(864_000)),
            ("Sun, 06 Nov 1994 08:49:38 GMT", Some(1)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(0)),
            ("Mon, 07 Nov 1994 00:00:00 GMT", Some(54_623)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Mon, 06 Nov 1995 08:49:37 GMT", Some(31_536_000)),
            ("Sat, 31 Dec 1994 23:59:60 GMT", Some(4_806_623)),
            // A wrong name of the day.
            ("Tue, 06 Nov 1994 08:49:40 GMT", Some(3)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(252_618_189_022)),
            // Years of two digits, seen from 1994: from 1945 to 2044.
            ("Sunday, 06-Nov-95 08:49:37 GMT", Some(31_536_000)),
            ("Monday, 06-Nov-00 08:49:37 GMT", Some(189_388_800)),
            ("Sunday, 06-Nov-44 08:49:37 GMT", Some(1_577_923_200)),
            ("Sunday, 06-Nov-45 08:49:37 GMT", Some(0)),
            //
            ("", None),
            ("Sun, 6 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37", None),
            ("Sun, 06 Nov 1994 08:49:37 UTC", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT x", None),
            ("Sun, 06 Nov 1994 8:49:37 GMT", None),
            ("Sun, 06 Now 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 94 08:49:37 GMT", None),
            ("Sunday, 06-Nov-1994 08:49:37 GMT", None),
            ("Sunday, 06 Nov 1994 08:49:37 GMT", None),
            ("Sun Nov 6 08:49:37 1994", None),
            ("Sun, 00 Nov 1994 08:49:37 GMT", None),
            ("Sun, 31 Nov 1994 08:49:37 GMT", None),
            ("Tue, 29 Feb 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 24:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:60:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:61 GMT", None),
            ("Sun, 06 Nov 1994 08:49: 7 GMT", None),
            ("1994-11-06T08:49:37Z", None),
        ] {
            let expected = seconds.map(|seconds| Millis(seconds * 1_000));
            let read = retry_after(value.as_bytes(), Some(NOW));
            assert_eq!(read, expected, "{value}");
            // Any form will do for the `Date`, but it has to be there.
            assert_eq!(retry_after(value.as_bytes(), None), None);
            assert_eq!(retry_after(value.as_bytes(), Some(b"")), None);
            let other = &b"Sunday, 06-Nov-94 08:49:37 GMT"[..];
            assert_eq!(retry_after(value.as_bytes(), Some(other)), expected);
        }
    }

    /// Every day of four centuries follows the day before by as many seconds as a day has.
    #[test]
    fn each_day_is_a_day_later() {
        let mut last = None;
        for year in 1_899..2_301 {
            for (month, name) in (1..).zip(MONTHS) {
                for day in 1..=31 {
                    let digits = [b'0' + (day / 10) as u8, b'0' + (day % 10) as u8];
                    let Some(date) = Date::new(year, name, &digits, b"00:00:00") else {
                        let shorter = matches!(month, 2 | 4 | 6 | 9 | 11);
                        assert!(shorter && day > 28, "{year} {month} {day}");
                        continue;
                    };
                    if let Some(last) = last.replace(date.seconds()) {
                        assert_eq!(date.seconds() - last, 86_400, "{date:?}");
                    }
                }
            }
        }
        // 2000-01-01, as `date -u -d 2000-01-01 +%s` and 1970-01-01 have it between them.
        let of = |year| {
            Date::new(year, b"Jan", b"01", b"00:00:00")
                .unwrap()
                .seconds()
        };
        assert_eq!(of(2_000) - of(1_970), 946_684_800);
    }
}
