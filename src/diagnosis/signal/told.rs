//! Whether a rule asks for what a failure is told with, where nothing else is known of it: a code, or a typed signal.

use super::Signal;
use super::quantity::Quantity;
use super::question::Question;
use crate::model::{FaultKind, Origin, OriginKind};

/// A typed signal that a code carries, or that somebody names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnosis) enum Told {
    /// This one.
    This(Origin),
    /// Any of its kind: `process.exit.N`.
    Any(OriginKind),
}

impl Told {
    /// What a code carries: `tls.alert.40` this alert, `tls.alert.N` any. `None` where a code says all by itself.
    pub(in crate::diagnosis) fn of_code(code: &str) -> Option<Self> {
        if let Some(kind) = FaultKind::parse(code) {
            let word = match kind {
                FaultKind::Redis(fault) => fault.word().map(Origin::Redis),
                _ => None,
            };
            return kind.own_origin().or(word).map(Self::This);
        }
        let mut families = FaultKind::catalogue().into_iter();
        let family = families.find(|known| known.code == code)?;
        family.origins.first().copied().map(Self::Any)
    }

    /// The number or name of one as people write it, and which key of rules asks for such; `N` stands for any.
    pub(in crate::diagnosis) fn of_key(key: &str, value: &str) -> Option<Self> {
        let upper = || value.to_ascii_uppercase();
        let quantity = Quantity::ALL.iter().find(|quantity| quantity.key() == key);
        let kind = match (key, quantity) {
            (_, Some(quantity)) => quantity.origin(),
            ("sqlstate", _) => OriginKind::SqlState,
            ("redis", _) => OriginKind::Redis,
            _ => return None,
        };
        if value == "N" {
            return Some(Self::Any(kind));
        }
        let this = match (key, quantity) {
            (_, Some(quantity)) => quantity.signal(quantity.number(value)?)?,
            // A class alone is told with no subclass (SQL:2016 §24.1).
            ("sqlstate", _) if value.len() == 2 => {
                Origin::SqlState(format!("{}000", upper()).parse().ok()?)
            }
            ("sqlstate", _) => Origin::SqlState(upper().parse().ok()?),
            _ => Origin::Redis(upper().parse().ok()?),
        };
        Some(Self::This(this))
    }
}

impl Signal {
    /// Whether it asks for this code, or for the signal it carries, and for nothing else of either.
    pub(in crate::diagnosis) fn is_about(&self, code: &str, told: Option<Told>) -> bool {
        let questions = self.asked.iter().map(|one| &one.question);
        let mut answers = questions.filter_map(|one| one.takes_code(code, told));
        // One that does not ask for any of them says nothing of it.
        answers
            .next()
            .is_some_and(|first| first && answers.all(|takes| takes))
    }

    /// Whether it asks for this code, or for the signal it carries, and for nothing else at all: neither something besides it nor
    /// others like it by a pattern or a range.
    pub(in crate::diagnosis) fn is_only_about(&self, code: &str, told: Option<Told>) -> bool {
        let [only] = self.asked.as_slice() else {
            return false;
        };
        let is_one = !matches!(told, Some(Told::Any(_)));
        is_one && only.question.names_each() && only.question.takes_code(code, told) == Some(true)
    }

    /// Whether one of its questions is for this signal.
    pub(in crate::diagnosis) fn asks_for(&self, told: Told) -> bool {
        let mut asked = self.asked.iter();
        asked.any(|one| one.question.takes_told(told) == Some(true))
    }

    /// Whether it explains an answer by its status or by who gave it: those of the proxies and of HTTP name no code.
    pub(in crate::diagnosis) fn decides_a_status(&self) -> bool {
        self.asks(|one| {
            matches!(
                one,
                Question::Number(Quantity::Status, _) | Question::Hop(_)
            )
        }) && !self.asks(|one| matches!(one, Question::Fault(_) | Question::Code(_)))
    }

    /// Whether it knows a proxy by its page, whatever the status.
    pub(in crate::diagnosis) fn is_page_of_a_proxy(&self) -> bool {
        self.asks(|one| matches!(one, Question::Hop(_)))
            && self.asks(|one| matches!(one, Question::Body(_)))
            && !self.asks(|one| {
                matches!(
                    one,
                    Question::Number(Quantity::Status, _) | Question::Fault(_)
                )
            })
    }

    /// What it asks about, as the first words of codes have it: `postgres` also where a SQLSTATE is asked for, and `sql` where
    /// that probe is.
    pub(in crate::diagnosis) fn layers(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().flat_map(|one| one.question.layers())
    }

    fn asks(&self, is_it: impl Fn(&Question) -> bool) -> bool {
        self.asked.iter().any(|one| is_it(&one.question))
    }
}

impl Question {
    /// The kind of typed signal that it asks for, where it asks for one.
    pub(super) const fn kind(&self) -> Option<OriginKind> {
        match self {
            Self::Number(quantity, _) => Some(quantity.origin()),
            Self::SqlState(_) => Some(OriginKind::SqlState),
            Self::Redis(_) => Some(OriginKind::Redis),
            _ => None,
        }
    }

    /// Whether it takes what has this code; `None` where it asks for neither a code nor such a signal.
    fn takes_code(&self, code: &str, told: Option<Told>) -> Option<bool> {
        match self {
            Self::Fault(codes) | Self::Code(codes) => Some(codes.may_meet(code)),
            _ => self.takes_told(told?),
        }
    }

    /// Whether it takes this signal; `None` where it does not ask for its kind.
    fn takes_told(&self, told: Told) -> Option<bool> {
        let kind = self.kind()?;
        match told {
            Told::This(origin) => (origin.kind() == kind).then(|| self.takes(origin)),
            Told::Any(any) => (any == kind).then_some(true),
        }
    }

    /// Whether all that it takes is named one by one.
    fn names_each(&self) -> bool {
        match self {
            Self::Fault(codes) | Self::Code(codes) => codes.are_whole(),
            Self::Number(_, numbers) => numbers.are_single(),
            Self::SqlState(states) => states.are_whole(),
            Self::Redis(_) => true,
            _ => false,
        }
    }

    fn layers(&self) -> Vec<&str> {
        match self {
            Self::Fault(codes) | Self::Code(codes) => codes.layers().collect(),
            Self::SqlState(_) => vec!["postgres"],
            Self::Number(Quantity::MySql, _) => vec!["mysql"],
            Self::Number(Quantity::Sqlite, _) => vec!["sqlite"],
            Self::Redis(_) => vec!["redis"],
            // They are called as the layer is that they look at.
            Self::Probe(probes) => probes.all().collect(),
            _ => Vec::new(),
        }
    }
}
