//! Durations as suites write them.

use std::fmt::Write as _;
use std::time::Duration;

/// A duration that [`parse_duration`](super::parse_duration) reads back, to the microsecond, which is the smallest unit there
/// is: below a minute one number, `1.25s`; from there on falling units, `1m30s`.
pub fn written_duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        0 => "0s".to_owned(),
        1..1_000 => format!("{micros}us"),
        1_000..1_000_000 => fraction(micros, 1_000, "ms"),
        1_000_000..60_000_000 => fraction(micros, 1_000_000, "s"),
        _ => falling(micros),
    }
}

fn fraction(micros: u128, scale: u128, unit: &str) -> String {
    let (whole, rest) = (micros / scale, micros % scale);
    if rest == 0 {
        return format!("{whole}{unit}");
    }
    let digits = scale.ilog10() as usize;
    let fraction = format!("{rest:0digits$}");
    format!("{whole}.{}{unit}", fraction.trim_end_matches('0'))
}

fn falling(micros: u128) -> String {
    let units = [
        (86_400_000_000, "d"),
        (3_600_000_000, "h"),
        (60_000_000, "m"),
        (1_000_000, "s"),
        (1_000, "ms"),
        (1, "us"),
    ];
    let mut left = micros;
    let mut text = String::new();
    for (scale, unit) in units {
        let amount = left / scale;
        left %= scale;
        if amount > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{amount}{unit}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::parse_duration;
    use super::*;

    #[test]
    fn durations_are_written_as_they_are_read() {
        for (micros, text) in [
            (0, "0s"),
            (7, "7us"),
            (124_500, "124.5ms"),
            (1_250_000, "1.25s"),
            (5_000_010, "5.00001s"),
            (90_000_000, "1m30s"),
            (90_500_001, "1m30s500ms1us"),
            (86_400_000_000, "1d"),
        ] {
            let duration = Duration::from_micros(micros);
            assert_eq!(written_duration(duration), text);
            assert_eq!(parse_duration(text), Ok(duration), "{text}");
        }
    }
}
