//! How many causes there are, and of which classes.

use super::words::NOT_EXPLAINED;
use crate::model::{Cause, Class, Diagnosis, Share, Split};
use crate::report::wording;

/// `at least 2 causes, 1 failure not explained`. Explanations that tie are one cause, whichever it is.
pub(super) fn how_many(causes: &[Cause], hidden: u64) -> Option<String> {
    let (untold, told): (Vec<_>, Vec<_>) = causes
        .iter()
        .enumerate()
        .filter(|(at, cause)| cause.tied_with.iter().all(|other| other > at))
        .partition(|(_, cause)| cause.unexplained);
    let (untold, told) = (untold.len() as u64, told.len() as u64);
    let at_least = if hidden > 0 { "at least " } else { "" };
    let told_text = format!("{at_least}{}", wording::count(told, "cause"));
    let untold_text = format!("{} {NOT_EXPLAINED}", wording::count(untold, "failure"));
    match (told, untold) {
        (0, 0) => None,
        (0, _) if hidden > 0 => Some(format!(
            "{untold_text}, and what was not run may hide causes"
        )),
        (0, _) => Some(untold_text),
        (_, 0) => Some(told_text),
        (_, _) => Some(format!("{told_text}, {untold_text}")),
    }
}

/// How the causes split by class: counted as they are, with what those that are not decided could still add to the two that are
/// argued about. A percentage of nine causes would look like more than it is.
/// `None` for a single cause, whose class stands with it.
pub(in crate::report) fn split(diagnosis: &Diagnosis) -> Option<String> {
    let split = diagnosis.split();
    let total = split.total();
    if total < 2 {
        return None;
    }
    if split.unknown == total {
        return Some(format!(
            "none of these {total} is decided{}; infrastructure or the application may have all of them, or none",
            leaning(&split)
        ));
    }
    let known = [
        (split.infrastructure, "infrastructure"),
        (split.application, "application"),
        (split.configuration, "configuration"),
        (split.test_defect, "test defect"),
    ];
    let mut parts: Vec<String> = known
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, class)| format!("{n} {class}"))
        .collect();
    if split.unknown > 0 {
        parts.push(format!("{} not decided{}", split.unknown, leaning(&split)));
    }
    let mut text = format!("of these {total}: {}", parts.join(", "));
    if split.unknown > 0 || total >= Share::ENOUGH {
        let argued = [Class::Infrastructure, Class::Application];
        let shares = argued.map(|class| format!("{class} has {}", share(split.share(class))));
        text = format!("{text}; so {}", shares.join(", "));
    }
    Some(text)
}

/// ` (it leans to infrastructure)`, ` (1 leans to infrastructure, 2 lean to application)`.
fn leaning(split: &Split) -> String {
    let leaning: Vec<String> = [
        (split.leaning_infrastructure, "infrastructure"),
        (split.leaning_application, "application"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, class)| match (split.unknown, n) {
        (1, _) => format!("it leans to {class}"),
        (_, 1) => format!("1 leans to {class}"),
        (_, n) => format!("{n} lean to {class}"),
    })
    .collect();
    if leaning.is_empty() {
        String::new()
    } else {
        format!(" ({})", leaning.join(", "))
    }
}

/// `1 of 3`, `1 or 2 of 3`, `1 to 3 of 4`; from ten causes on `80 % to 90 % of 10`.
fn share(share: Share) -> String {
    let show = |n: u64| match share.of {
        Share::ENOUGH.. => wording::percent(n, share.of),
        _ => n.to_string(),
    };
    let (least, most, of) = (show(share.decided), show(share.possible), share.of);
    match share.possible - share.decided {
        0 => format!("{least} of {of}"),
        1 if share.of < Share::ENOUGH => format!("{least} or {most} of {of}"),
        _ => format!("{least} to {most} of {of}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Blame, Code, Confidence, Layer, LeftOut, Standing};

    fn cause(class: Class, confidence: Confidence) -> Cause {
        Cause {
            resource: "sock:db:5432".to_owned(),
            layer: Layer::Transport,
            rule: "TCP-1".to_owned(),
            code: Code::fixed("tcp.refused"),
            lead: None,
            blame: Blame {
                class,
                detail: None,
                confidence,
                owner: "network".to_owned(),
            },
            standing: Standing::Down,
            unexplained: false,
            failed: Vec::new(),
            blocked: Vec::new(),
            tied_with: Vec::new(),
            evidence: Vec::new(),
            refuting: Vec::new(),
            seen: Default::default(),
            why: Vec::new(),
            rejected: None,
            confirm: String::new(),
            falsify: String::new(),
            hint: String::new(),
            meaning: String::new(),
            advice: Vec::new(),
            left_out: LeftOut::default(),
            looks: Vec::new(),
            commands: Vec::new(),
        }
    }

    fn of(causes: Vec<Cause>) -> Option<String> {
        split(&Diagnosis {
            causes,
            ..Diagnosis::default()
        })
    }

    #[test]
    fn the_split_is_a_fraction_with_what_is_not_known_in_its_interval() {
        use Class::{Application, Infrastructure};
        use Confidence::{High, Low};
        let one = || cause(Infrastructure, High);
        assert_eq!(of(vec![one()]), None);
        assert_eq!(
            of(vec![one(), one()]).unwrap(),
            "of these 2: 2 infrastructure"
        );
        assert_eq!(
            of(vec![
                one(),
                cause(Application, High),
                cause(Infrastructure, Low)
            ])
            .unwrap(),
            "of these 3: 1 infrastructure, 1 application, 1 not decided (it leans to infrastructure); \
             so infrastructure has 1 or 2 of 3, application has 1 or 2 of 3"
        );
        assert_eq!(
            of(vec![cause(Application, Low), cause(Class::Unknown, High)]).unwrap(),
            "none of these 2 is decided (1 leans to application); \
             infrastructure or the application may have all of them, or none"
        );
    }

    #[test]
    fn a_percentage_needs_ten_causes() {
        use Confidence::{High, Low};
        let mut causes: Vec<Cause> = (0..8).map(|_| cause(Class::Infrastructure, High)).collect();
        causes.push(cause(Class::Application, Low));
        assert!(!of(causes.clone()).unwrap().contains('%'));
        causes.push(cause(Class::Application, High));
        assert_eq!(
            of(causes).unwrap(),
            "of these 10: 8 infrastructure, 1 application, 1 not decided (it leans to application); \
             so infrastructure has 80 % to 90 % of 10, application has 10 % to 20 % of 10"
        );
    }

    #[test]
    fn explanations_that_tie_are_one_cause_and_weak_ones_are_none() {
        let one = || cause(Class::Application, Confidence::High);
        let weak = || Cause {
            unexplained: true,
            ..cause(Class::Application, Confidence::Low)
        };
        let tied = |with| Cause {
            tied_with: vec![with],
            ..one()
        };
        let told = |causes: &[Cause], hidden| how_many(causes, hidden);
        assert_eq!(told(&[], 3), None);
        assert_eq!(told(&[one()], 0).unwrap(), "1 cause");
        assert_eq!(
            told(&[one(), weak()], 1).unwrap(),
            "at least 1 cause, 1 failure not explained"
        );
        assert_eq!(
            told(&[weak(), weak()], 0).unwrap(),
            "2 failures not explained"
        );
        assert_eq!(told(&[tied(1), tied(0), one()], 0).unwrap(), "2 causes");
        let other = Cause {
            blame: cause(Class::Infrastructure, Confidence::High).blame,
            ..tied(0)
        };
        assert_eq!(
            of(vec![tied(1), other, one()]).unwrap(),
            "of these 2: 1 application, 1 not decided; so infrastructure has 0 or 1 of 2, application has 1 or 2 of 2"
        );
    }
}
