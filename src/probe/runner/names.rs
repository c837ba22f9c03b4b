//! Names that everybody can resolve: when ours do not, the name server is to blame and not the target.

use std::net::IpAddr;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use crate::model::{DnsFault, FaultKind, Keep, Looked, Phase, Value};
use crate::probe::look::{Halt, Look, just_before};
use crate::probe::net::{Family, check_host};
use crate::probe::{Context, Invalid};

/// So many names at once, well below the number of threads that resolve.
const MOST: usize = 16;

/// Checks the names: an address resolves on every machine and proves nothing.
pub(super) fn check(names: &[String]) -> Result<(), Invalid> {
    let wrong = |why: String| Err(Invalid::new("names", why));
    if names.is_empty() || names.len() > MOST {
        return wrong(format!("1 to {MOST} names are looked up"));
    }
    for name in names {
        check_host("names", name)?;
        if name.parse::<IpAddr>().is_ok() {
            return wrong(format!("`{name}` is an address, and resolves everywhere"));
        }
    }
    Ok(())
}

/// Looks up all of them as the programs of this machine do. None of it is a fault: that is for expectations to say.
pub(super) async fn look(ctx: &Context, names: &[String]) -> Looked {
    let mut look = Look::begin(ctx);
    let deadline = just_before(ctx.deadline);
    let lookups = async {
        let all = names.iter().map(|name| lookup(ctx, name, deadline));
        let outcomes = join_all(all).await;
        // A limit of ours says nothing about any name.
        outcomes.into_iter().collect::<Result<Vec<_>, _>>()
    };
    let late = FaultKind::Dns(DnsFault::Timeout);
    let outcomes = look.phase(Phase::Resolve, late, lookups).await?;
    let (mut resolved, mut unresolved, mut why) = (Vec::new(), Vec::new(), String::new());
    for (name, outcome) in names.iter().zip(outcomes) {
        let value = Value::Text(name.clone());
        match outcome {
            None => resolved.push(value),
            Some(told) => {
                unresolved.push(value);
                why.push_str(&told);
                why.push('\n');
            }
        }
    }
    if !why.is_empty() {
        look.evidence("unresolved", why, Keep::First(2048));
    }
    look.fact("resolved", Value::List(resolved));
    look.fact("unresolved", Value::List(unresolved));
    Ok(look.finish())
}

/// `None` for a name that resolves; else why it does not.
async fn lookup(ctx: &Context, name: &str, deadline: Instant) -> Result<Option<String>, Halt> {
    let lookup = ctx
        .shared
        .resolvers
        .by_system(name, 0, Family::Any, deadline);
    match timeout_at(deadline, lookup).await {
        Ok(Ok(_)) => Ok(None),
        Ok(Err(Halt::Fault { kind, message, .. })) => {
            Ok(Some(format!("{}: {message}", kind.code())))
        }
        Ok(Err(unable @ Halt::Unable(_))) => Err(unable),
        Err(_) => Ok(Some(format!(
            "dns.timeout: `{name}`: no answer within the budget"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Runner;
    use super::*;
    use crate::probe::Probe;
    use crate::probe::testing::{BUDGET, problem, read, without_names};

    fn names(seen: &crate::model::Observation, fact: &str) -> Vec<String> {
        let Some(Value::List(names)) = seen.facts.get(fact) else {
            panic!("{seen:?}");
        };
        let names = names.iter().map(|name| name.as_text().unwrap().to_owned());
        names.collect()
    }

    /// A label of 64 characters is refused before anybody is asked.
    fn never() -> String {
        format!("{}.invalid", "x".repeat(64))
    }

    #[tokio::test]
    async fn names_that_resolve_are_told_from_those_that_do_not() {
        let yaml = format!("{{ look: names, names: [localhost, {}] }}", never());
        let probe: Runner = read(&yaml);
        let seen = crate::probe::testing::look(&probe).await.unwrap();
        assert_eq!(names(&seen, "resolved"), ["localhost"]);
        assert_eq!(names(&seen, "unresolved"), [never()]);
        assert!(seen.phase(Phase::Resolve).is_some());
        assert!(
            seen.evidence[0].text.starts_with("dns."),
            "{:?}",
            seen.evidence
        );
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_in_time_does_not_resolve() {
        let probe: Runner = read("{ look: names, names: [localhost] }");
        let seen = probe.observe(&without_names(BUDGET)).await.unwrap();
        assert_eq!(names(&seen, "unresolved"), ["localhost"]);
    }

    #[test]
    fn slips_are_told() {
        let many = format!("{{ look: names, names: [{}] }}", "a, ".repeat(17));
        for (yaml, told) in [
            ("{ look: names }", "needs `names`"),
            ("{ look: names, names: [] }", "1 to 16"),
            (many.as_str(), "1 to 16"),
            ("{ look: names, names: [10.0.0.1] }", "resolves everywhere"),
            ("{ look: names, names: [\"a b\"] }", "white space"),
            ("{ look: loopback, names: [a] }", "only `look: names`"),
        ] {
            let problem = problem("runner", yaml);
            assert!(problem.contains(told), "{yaml}: {problem}");
        }
    }
}
