//! How it is told: a line a promise, and whether it was kept.

use std::fmt::{self, Display};
use std::time::Duration;

/// A measured number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    Time(Duration),
    /// Bytes.
    Memory(u64),
}

/// What was promised about it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    /// No more than this.
    AtMost(Amount),
    /// No more than so many times the floor.
    Times(f64),
    /// No more than the floor and this.
    Over(Amount),
}

/// One promise, measured.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) promise: &'static str,
    pub(crate) ours: Amount,
    pub(crate) floor: Option<Amount>,
    pub(crate) bound: Bound,
}

/// The line above the rows.
pub(crate) const HEAD: &str = "promise                                           |     ours |    floor |  ratio |    bound | kept";

impl Row {
    pub(crate) fn is_kept(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.ours.number() <= most.number(),
            Bound::Times(most) => self.ratio().is_some_and(|ratio| ratio <= most),
            Bound::Over(most) => self
                .floor
                .is_some_and(|floor| self.ours.number() <= floor.number() + most.number()),
        }
    }

    fn ratio(&self) -> Option<f64> {
        self.floor.map(|floor| self.ours.number() / floor.number())
    }
}

impl Amount {
    fn number(self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            Self::Memory(bytes) => bytes as f64,
        }
    }
}

impl Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Time(time) if *time < Duration::from_millis(1) => {
                format!("{:.1} µs", self.number() * 1e6)
            }
            Self::Time(time) if *time < Duration::from_secs(1) => {
                format!("{:.1} ms", self.number() * 1e3)
            }
            Self::Time(_) => format!("{:.3} s", self.number()),
            Self::Memory(bytes) if *bytes < 1 << 20 => format!("{:.0} KiB", self.number() / 1024.0),
            Self::Memory(_) => format!("{:.1} MiB", self.number() / 1024.0 / 1024.0),
        };
        f.pad(&text)
    }
}

impl Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over(most) => f.pad(&format!("+ {most}")),
            Self::AtMost(Amount::Time(time)) => f.pad(&format!("{} ms", time.as_millis())),
            Self::AtMost(Amount::Memory(bytes)) => f.pad(&format!("{} MiB", bytes >> 20)),
            Self::Times(most) => f.pad(&format!("{most:.2} ×")),
        }
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let floor = self
            .floor
            .map_or_else(|| "–".to_owned(), |floor| floor.to_string());
        let ratio = self
            .ratio()
            .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2} ×"));
        let kept = if self.is_kept() { "yes" } else { "NO" };
        write!(
            f,
            "{:49} | {:>8} | {floor:>8} | {ratio:>6} | {:>8} | {kept}",
            self.promise, self.ours, self.bound
        )
    }
}
