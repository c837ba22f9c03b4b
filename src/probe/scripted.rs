//! A probe for the tests of other rooms: it sees what its script says, on tokio's clock, which may be paused.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::{sleep, timeout_at};

use super::look::{Halt, Look};
use super::{AnyProbe, Context, Needs, Probe};
use crate::model::{
    Excerpt, FaultKind, Keep, KnownFact, Looked, Observation, Phase, TcpFault, Unable, Value,
};

/// Plays scenes, one a look; the last one is played again and again.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// In order.
    looks: Vec<Scene>,
    /// What `resources` says.
    #[serde(default)]
    resources: Vec<String>,
    /// Needs `--allow-commands`.
    #[serde(default)]
    needs_commands: bool,
    #[serde(skip)]
    begun: AtomicUsize,
}

/// One look: it sees `status` unless something else is said.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// How long it takes, in milliseconds.
    #[serde(default)]
    pub after_ms: u64,
    /// The fact `status`.
    #[serde(default)]
    pub status: Option<u16>,
    /// The fact `text`.
    #[serde(default)]
    pub text: Option<String>,
    /// The fact `body`.
    #[serde(default)]
    pub body: Option<String>,
    /// Then waits there for the other actors.
    #[serde(default)]
    pub wait_for: Option<String>,
    /// Ends in this fault: `tcp.refused`.
    #[serde(default)]
    pub fault: Option<String>,
    /// Cannot look, with this code: `error.program`.
    #[serde(default)]
    pub unable: Option<String>,
    /// Panics with this text.
    #[serde(default)]
    pub panics: Option<String>,
    /// Goes on past the deadline, as a probe must not.
    #[serde(default)]
    pub ignores_deadline: bool,
}

impl Scene {
    /// Sees a status.
    pub fn status(status: u16) -> Self {
        Self {
            status: Some(status),
            ..Self::default()
        }
    }

    /// Sees a text.
    pub fn text(text: &str) -> Self {
        Self {
            text: Some(text.to_owned()),
            ..Self::default()
        }
    }

    /// Sees a body.
    pub fn body(body: &str) -> Self {
        Self {
            body: Some(body.to_owned()),
            ..Self::default()
        }
    }

    /// Ends in a fault.
    pub fn fault(code: &str) -> Self {
        Self {
            fault: Some(code.to_owned()),
            ..Self::default()
        }
    }

    /// Cannot look.
    pub fn unable(kind: Unable) -> Self {
        Self {
            unable: Some(kind.code().to_string()),
            ..Self::default()
        }
    }

    /// Panics.
    pub fn panics(text: &str) -> Self {
        Self {
            panics: Some(text.to_owned()),
            ..Self::default()
        }
    }

    /// Never ends by itself: the deadline ends it, as `tcp.timeout`.
    pub fn hangs() -> Self {
        Self {
            after_ms: 1_000_000_000,
            ..Self::default()
        }
    }

    /// Then waits there for the other actors.
    #[must_use]
    pub fn then_waits_for(mut self, barrier: &str) -> Self {
        self.wait_for = Some(barrier.to_owned());
        self
    }

    /// Takes so long.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.after_ms = u64::try_from(time.as_millis()).expect("tests are shorter");
        self
    }

    /// Goes on past the deadline.
    #[must_use]
    pub fn ignoring_the_deadline(mut self) -> Self {
        self.ignores_deadline = true;
        self
    }
}

impl Scripted {
    /// Plays these scenes.
    pub fn new(looks: impl Into<Vec<Scene>>) -> Self {
        Self {
            looks: looks.into(),
            ..Self::default()
        }
    }

    /// With resources, such as `sock:host:80`.
    #[must_use]
    pub fn at(mut self, resources: &[&str]) -> Self {
        self.resources = resources.iter().map(ToString::to_string).collect();
        self
    }

    /// Needs `--allow-commands`.
    #[must_use]
    pub fn needing_commands(mut self) -> Self {
        self.needs_commands = true;
        self
    }

    /// How many looks have begun.
    pub fn looks_begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

impl From<Scripted> for AnyProbe {
    fn from(probe: Scripted) -> Self {
        Self::Scripted(Box::new(probe))
    }
}

impl Probe for Scripted {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::number("status"),
        KnownFact::text("text"),
        KnownFact::text("body"),
    ];

    fn resources(&self) -> Vec<String> {
        self.resources.clone()
    }

    fn request(&self) -> String {
        format!("a script of {} looks", self.looks.len())
    }

    fn needs(&self) -> Needs {
        Needs {
            commands: self.needs_commands,
            side_effects: false,
        }
    }

    fn waits(&self) -> Option<Cow<'static, str>> {
        let at = self
            .looks
            .iter()
            .position(|scene| scene.wait_for.is_some())?;
        Some(format!("looks.{at}.wait_for").into())
    }

    fn show(&self, _ctx: &Context, seen: &mut Observation) {
        seen.evidence.push(Excerpt {
            label: "script".into(),
            text: self.request(),
            keep: Keep::First(64),
        });
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        let at = self.begun.fetch_add(1, Ordering::SeqCst);
        let scene = self
            .looks
            .get(at)
            .or(self.looks.last())
            .cloned()
            .unwrap_or_default();
        let mut look = Look::begin(ctx);
        let time = Duration::from_millis(scene.after_ms);
        if scene.ignores_deadline {
            sleep(time).await;
        } else {
            let wait = async {
                if !time.is_zero() {
                    sleep(time).await;
                }
                Ok(())
            };
            let late = FaultKind::Tcp(TcpFault::Timeout);
            look.phase(Phase::Connect, late, wait).await?;
        }
        if let Some(name) = &scene.wait_for {
            let barriers = ctx.barriers.as_ref().expect("only actors wait");
            let waited = timeout_at(ctx.deadline, barriers.wait(name)).await;
            if !matches!(waited, Ok(Ok(()))) {
                let halt = Halt::unable(Unable::Barrier, format!("nobody came to `{name}`"));
                return Err(look.stop(Phase::Connect, halt));
            }
        }
        if let Some(text) = scene.panics {
            panic!("{text}");
        }
        if let Some(code) = scene.unable {
            let kind = Unable::ALL
                .iter()
                .find(|kind| kind.code().as_str() == code)
                .expect("a code of `Unable`");
            return Err(look.stop(Phase::Connect, Halt::unable(*kind, "as scripted")));
        }
        if let Some(status) = scene.status {
            look.fact("status", Value::int(status));
        }
        if let Some(text) = scene.text {
            look.fact("text", Value::Text(text));
        }
        if let Some(body) = scene.body {
            look.fact("body", Value::Text(body));
        }
        match scene.fault {
            None => Ok(look.finish()),
            Some(code) => {
                let kind = FaultKind::parse(&code).expect("a code of a fault");
                Err(look.stop(kind.known().phases[0], Halt::fault(kind, "as scripted")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stopped;

    #[tokio::test(start_paused = true)]
    async fn a_script_plays_its_scenes_and_repeats_the_last() {
        let probe = Scripted::new([
            Scene::fault("tcp.refused").after(Duration::from_secs(2)),
            Scene::status(200),
        ]);
        let ctx = Context::for_tests(Duration::from_secs(10));
        let Err(Stopped::Fault(seen)) = probe.observe(&ctx).await else {
            panic!("the first scene is a fault");
        };
        assert_eq!(seen.latency, Duration::from_secs(2));
        for _ in 0..2 {
            let seen = probe.observe(&ctx).await.unwrap();
            assert_eq!(seen.facts.get("status"), Some(&Value::int(200)));
        }
        assert_eq!(probe.looks_begun(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_scene_ends_at_the_deadline() {
        let ctx = Context::for_tests(Duration::from_secs(3));
        let Err(Stopped::Fault(seen)) = Scripted::new([Scene::hangs()]).observe(&ctx).await else {
            panic!("it cannot hold");
        };
        assert_eq!(seen.fault.unwrap().code().as_str(), "tcp.timeout");
        assert_eq!(seen.latency, Duration::from_secs(3));
    }
}
