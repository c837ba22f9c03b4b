//! The dates of cookies, in whatever form they come (RFC 6265 §5.1.1).

use std::time::{Duration, SystemTime};

use jiff::civil;
use jiff::tz::TimeZone;

/// A date, always in UTC; `None` when it is none. What lies before 1970 is 1970: it is over either way.
pub(super) fn read(text: &str) -> Option<SystemTime> {
    let is_delimiter = |c: char| !(c.is_ascii_alphanumeric() || c == ':');
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for word in text.split(is_delimiter).filter(|word| !word.is_empty()) {
        if time.is_none() && word.contains(':') {
            time = clock(word);
        } else if day.is_none() && word.len() <= 2 && word.parse::<i8>().is_ok() {
            day = word.parse::<i8>().ok();
        } else if month.is_none() && month_of(word).is_some() {
            month = month_of(word);
        } else if year.is_none() {
            year = word.parse::<i16>().ok().map(|year| match year {
                0..=69 => year + 2000,
                70..=99 => year + 1900,
                _ => year,
            });
        }
    }
    let (hour, minute, second) = time?;
    let date = civil::DateTime::new(year?, month?, day?, hour, minute, second, 0).ok()?;
    let seconds = date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    SystemTime::UNIX_EPOCH.checked_add(since)
}

fn clock(word: &str) -> Option<(i8, i8, i8)> {
    let mut numbers = word.split(':').map(|number| number.parse().ok());
    let read = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(read)
}

fn month_of(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let start = word.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| *month == start)?;
    i8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_age_are_read() {
        let expected = SystemTime::UNIX_EPOCH + Duration::from_mins(24_090_208);
        for text in [
            "Wed, 21 Oct 2015 07:28:00 GMT",
            "Wed, 21-Oct-2015 07:28:00 GMT",
            "Wednesday, 21-Oct-15 07:28:00 GMT",
            "Wed Oct 21 07:28:00 2015",
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        assert_eq!(
            read("Thu, 01 Jan 1601 00:00:00 GMT"),
            Some(SystemTime::UNIX_EPOCH)
        );
        for text in [
            "",
            "tomorrow",
            "Wed, 32 Oct 2015 07:28:00 GMT",
            "21 Oct 2015",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
