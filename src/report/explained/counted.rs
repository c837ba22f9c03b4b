//! How many causes there are, and of which classes.

use crate::model::{Cause, Class, Diagnosis, Share, Split};
use crate::report::wording;

/// `at least 2 causes, 1 cannot be told`. Explanations that tie are one cause, whichever it is.
pub(super) fn how_many(causes: &[Cause], hidden: u64) -> Option<String> {
    let (untold, told): (Vec<_>, Vec<_>) = causes
        .iter()
        .enumerate()
        .filter(|(at, cause)| cause.tied_with.iter().all(|other| other > at))
        .partition(|(_, cause)| cause.unexplained);
    let (untold, told) = (untold.len() as u64, told.len() as u64);
    let at_least = if hidden > 0 { "at least " } else { "" };
    match (told, untold) {
        (0, 0) => None,
        (0, n) => Some(format!(
            "{at_least}{}, which cannot be told",
            wording::count(n, "cause")
        )),
        (n, 0) => Some(format!("{at_least}{}", wording::count(n, "cause"))),
        (n, m) => Some(format!(
            "{at_least}{}, {m} cannot be told",
            wording::count(n, "cause")
        )),
    }
}

/// How the causes split by class: counted as they are, with what the unknown ones could still add to the two that are argued about. A
/// percentage of nine causes would look like more than it is. `None` for a single cause, whose class stands with it.
pub(in crate::report) fn split(diagnosis: &Diagnosis) -> Option<String> {
    let split = diagnosis.split();
    let total = split.total();
    if total < 2 {
        return None;
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
        parts.push(format!("{} unknown{}", split.unknown, leaning(&split)));
    }
    let mut text = format!("of {total} causes: {}", parts.join(", "));
    if split.unknown > 0 || total >= Share::ENOUGH {
        let argued = [Class::Infrastructure, Class::Application];
        let shares = argued.map(|class| format!("{class} {}", share(split.share(class))));
        text = format!("{text}; {}", shares.join(", "));
    }
    Some(text)
}

/// ` (leaning infrastructure)`, ` (1 leaning infrastructure, 2 leaning application)`.
fn leaning(split: &Split) -> String {
    let leaning: Vec<String> = [
        (split.leaning_infrastructure, "infrastructure"),
        (split.leaning_application, "application"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, class)| match split.unknown {
        1 => format!("leaning {class}"),
        _ => format!("{n} leaning {class}"),
    })
    .collect();
    if leaning.is_empty() {
        String::new()
    } else {
        format!(" ({})", leaning.join(", "))
    }
}

/// `1 to 2 of 3`; from ten causes on `33.3 % to 66.6 % of 12`.
fn share(share: Share) -> String {
    let show = |n: u64| match share.of {
        Share::ENOUGH.. => wording::percent(n, share.of),
        _ => n.to_string(),
    };
    let (least, most, of) = (show(share.decided), show(share.possible), share.of);
    if share.possible == share.decided {
        format!("{least} of {of}")
    } else {
        format!("{least} to {most} of {of}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Blame, Code, Confidence, Layer, Standing};

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
            "of 2 causes: 2 infrastructure"
        );
        assert_eq!(
            of(vec![
                one(),
                cause(Application, High),
                cause(Infrastructure, Low)
            ])
            .unwrap(),
            "of 3 causes: 1 infrastructure, 1 application, 1 unknown (leaning infrastructure); \
             infrastructure 1 to 2 of 3, application 1 to 2 of 3"
        );
        assert_eq!(
            of(vec![cause(Application, Low), cause(Class::Unknown, High)]).unwrap(),
            "of 2 causes: 2 unknown (1 leaning application); \
             infrastructure 0 to 2 of 2, application 0 to 2 of 2"
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
            "of 10 causes: 8 infrastructure, 1 application, 1 unknown (leaning application); \
             infrastructure 80 % to 90 % of 10, application 10 % to 20 % of 10"
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
            "at least 1 cause, 1 cannot be told"
        );
        assert_eq!(
            told(&[weak(), weak()], 0).unwrap(),
            "2 causes, which cannot be told"
        );
        assert_eq!(told(&[tied(1), tied(0), one()], 0).unwrap(), "2 causes");
        let other = Cause {
            blame: cause(Class::Infrastructure, Confidence::High).blame,
            ..tied(0)
        };
        assert_eq!(
            of(vec![tied(1), other, one()]).unwrap(),
            "of 2 causes: 1 application, 1 unknown; infrastructure 0 to 1 of 2, application 1 to 2 of 2"
        );
    }
}
