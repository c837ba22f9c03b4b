//! `look: limits`: is there room for our own connections?

use crate::model::{Looked, Value};
use crate::probe::Context;
use crate::probe::descriptors::{descriptors, needed};
use crate::probe::look::Look;

/// A port stays in use for a minute after its connection was closed.
const PORTS_PER_LOOK: u64 = 128;

/// `descriptors`, `needed`, `ports` (where the system tells), `enough`.
pub(super) fn look(ctx: &Context) -> Looked {
    let mut look = Look::begin(ctx);
    let descriptors = descriptors()?;
    let jobs = ctx.jobs as u64;
    let needed = needed(ctx.jobs);
    look.fact("descriptors", Value::int(descriptors));
    look.fact("needed", Value::int(needed));
    // Only Linux tells; elsewhere the descriptors decide.
    let ports = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| port_count(&range));
    if let Some(ports) = ports {
        look.fact("ports", Value::int(ports));
    }
    let has_ports = ports.is_none_or(|ports| ports >= PORTS_PER_LOOK * jobs);
    look.fact("enough", Value::Bool(descriptors >= needed && has_ports));
    Ok(look.finish())
}

/// `32768 60999` is a range with both ends in it.
fn port_count(range: &str) -> Option<u64> {
    let mut ends = range.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    Some(last.checked_sub(first)? + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::probe::Probe;
    use crate::probe::runner::Runner;
    use crate::probe::testing::read;

    #[tokio::test]
    async fn limits_are_measured_against_the_jobs() {
        let probe: Runner = read("look: limits");
        let mut ctx = Context::for_tests(Duration::from_secs(1));
        ctx.jobs = 1;
        let seen = probe.observe(&ctx).await.unwrap();
        assert_eq!(seen.facts.get("needed"), Some(&Value::int(72)));
        assert_eq!(seen.facts.get("enough"), Some(&Value::Bool(true)));
        ctx.jobs = usize::MAX / 1024;
        let seen = probe.observe(&ctx).await.unwrap();
        assert_eq!(seen.facts.get("enough"), Some(&Value::Bool(false)));
        assert_eq!(port_count("32768\t60999\n"), Some(28232));
    }
}
