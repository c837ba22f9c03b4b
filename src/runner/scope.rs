//! The values that are only known while a test runs: captures, sessions, `attempt`, `uuid`, `nonce`, `now`, `run.id`,
//! `run.started`, `port`.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use uuid::Uuid;

use crate::check::Captured;
use crate::model::{ActorName, RunHeader, SessionName, Value};
use crate::probe::{Port, Ports};
use crate::template::{Lookup, Mask, Scope, Secrecy};

/// What sessions captured, for the tests that use them; each by the name that they call it.
pub(super) type Sessions = Vec<(SessionName, Arc<[Captured]>)>;

/// The late values of one attempt. `uuid` and `nonce` stay the same within it, so that its steps can share them.
#[derive(Debug)]
pub(super) struct LateScope {
    run: Arc<RunHeader>,
    attempt: u64,
    sessions: Arc<Sessions>,
    captures: Vec<Captured>,
    /// In a test with actors.
    actor: Option<ActorName>,
    made: Arc<Made>,
    /// In a test that starts a program.
    ports: Option<Arc<Ports>>,
    /// The port chosen for it, once it was asked for; given back with the scope.
    port: OnceLock<Option<Port>>,
}

/// What is made for one attempt alone, each when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Made {
    uuid: OnceLock<String>,
    nonce: OnceLock<String>,
}

impl Made {
    fn uuid(&self) -> &str {
        self.uuid.get_or_init(|| Uuid::new_v4().to_string())
    }

    pub(super) fn nonce(&self) -> &str {
        self.nonce.get_or_init(nonce)
    }

    /// What was asked for.
    pub(super) fn so_far(&self) -> Vec<(&'static str, String)> {
        let made = [("nonce", self.nonce.get()), ("uuid", self.uuid.get())];
        made.into_iter()
            .filter_map(|(name, text)| Some((name, text?.clone())))
            .collect()
    }
}

impl LateScope {
    pub(super) fn new(run: Arc<RunHeader>, attempt: u64, sessions: Arc<Sessions>) -> Self {
        Self {
            run,
            attempt,
            sessions,
            captures: Vec::new(),
            actor: None,
            made: Arc::default(),
            ports: None,
            port: OnceLock::new(),
        }
    }

    /// Of a test that starts a program: with a port of these.
    pub(super) fn with(self, ports: Option<&Arc<Ports>>) -> Self {
        Self {
            ports: ports.cloned(),
            ..self
        }
    }

    /// Of one of the actors.
    pub(super) fn of(self, actor: Option<ActorName>) -> Self {
        Self { actor, ..self }
    }

    /// Adds what a step captured. A secret is in the mask before anything about it can leave.
    pub(super) fn add(&mut self, captured: Vec<Captured>, mask: &Mask) {
        for one in captured {
            if one.secret {
                hide(&one.value, mask);
            }
            self.captures.retain(|known| known.name != one.name);
            self.captures.push(one);
        }
    }

    /// Takes back what was captured under this name.
    pub(super) fn forget(&mut self, name: &str) -> Option<Captured> {
        let at = self.captures.iter().position(|one| one.name == name)?;
        Some(self.captures.remove(at))
    }

    /// Whether a step captured this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.captures.iter().any(|one| one.name == name)
    }

    /// What is made for this attempt alone.
    pub(super) fn made(&self) -> &Arc<Made> {
        &self.made
    }

    /// Who it is the scope of.
    pub(super) fn actor(&self) -> Option<&ActorName> {
        self.actor.as_ref()
    }

    /// What the sessions it uses have captured.
    pub(super) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// What was captured.
    pub(super) fn captures(&self) -> &[Captured] {
        &self.captures
    }

    /// Chosen when first asked for, and the same from then on.
    fn port(&self, ports: &Arc<Ports>) -> Lookup {
        match self.port.get_or_init(|| ports.choose()) {
            Some(port) => Lookup::Known(Value::int(port.number()), Secrecy::Public),
            None => Lookup::Unusable("no port of this machine is free".to_owned()),
        }
    }

    fn session(&self, rest: &str) -> Lookup {
        let of = |(name, captures): &(SessionName, Arc<[Captured]>)| {
            let wanted = rest.strip_prefix(name.as_str())?.strip_prefix('.')?;
            let known = captures.iter().find(|one| one.name == wanted)?;
            Some(known_as(known))
        };
        self.sessions.iter().find_map(of).unwrap_or_else(|| {
            Lookup::Unusable(format!("no session this test uses has captured `{rest}`"))
        })
    }
}

impl Scope for LateScope {
    fn lookup(&self, name: &str) -> Lookup {
        if let Some(captured) = self.captures.iter().find(|one| one.name == name) {
            return known_as(captured);
        }
        if let Some(rest) = name.strip_prefix("session.") {
            return self.session(rest);
        }
        let text = |text: String| Lookup::Known(Value::Text(text), Secrecy::Public);
        match name {
            "actor" => match &self.actor {
                Some(actor) => text(actor.to_string()),
                None => Lookup::Unknown,
            },
            "attempt" => Lookup::Known(Value::int(self.attempt), Secrecy::Public),
            "port" => match &self.ports {
                Some(ports) => self.port(ports),
                None => Lookup::Unknown,
            },
            "uuid" => text(self.made.uuid().to_owned()),
            "nonce" => text(self.made.nonce().to_owned()),
            "now" => text(moment(Timestamp::now())),
            "run.id" => text(self.run.id.to_string()),
            "run.started" => text(moment(self.run.started)),
            _ => Lookup::Unknown,
        }
    }

    fn names(&self) -> Vec<String> {
        let own = ["attempt", "uuid", "nonce", "now", "run.id", "run.started"];
        let mut names: Vec<String> = own.map(str::to_owned).to_vec();
        names.extend(self.actor.iter().map(|_| "actor".to_owned()));
        names.extend(self.ports.iter().map(|_| "port".to_owned()));
        names.extend(self.captures.iter().map(|one| one.name.clone()));
        for (session, captures) in self.sessions.iter() {
            let named = |one: &Captured| format!("session.{session}.{}", one.name);
            names.extend(captures.iter().map(named));
        }
        names
    }
}

fn known_as(captured: &Captured) -> Lookup {
    let secrecy = if captured.secret {
        Secrecy::Secret
    } else {
        Secrecy::Public
    };
    Lookup::Known(captured.value.clone(), secrecy)
}

/// RFC 3339 in UTC, with milliseconds.
fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Sixteen hexadecimal digits, 64 random bits.
fn nonce() -> String {
    let random = Uuid::new_v4().as_u128();
    // Neither the version, bits 76 to 79, nor the variant, bits 62 and 63, of a UUID are random (RFC 9562 §5.4).
    let [high, low] = [random >> 80, random & 0xffff];
    format!("{high:012x}{low:04x}")
}

/// Adds every text and number of a secret value to the mask.
fn hide(value: &Value, mask: &Mask) {
    match value {
        Value::Text(text) | Value::Untyped(text) => {
            mask.add(text);
        }
        Value::Number(number) => {
            mask.add(&number.to_string());
        }
        Value::List(values) => values.iter().for_each(|value| hide(value, mask)),
        Value::Map(entries) => entries.iter().for_each(|(_, value)| hide(value, mask)),
        Value::Null | Value::Bool(_) | Value::Duration(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::tests::bench::Bench;

    fn run() -> Arc<RunHeader> {
        Bench::new([]).plan().header.clone()
    }

    fn captured(name: &str, value: &str) -> Captured {
        Captured {
            name: name.to_owned(),
            value: Value::Text(value.to_owned()),
            secret: false,
        }
    }

    fn text(scope: &LateScope, name: &str) -> String {
        match scope.lookup(name) {
            Lookup::Known(Value::Text(text), Secrecy::Public) => text,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn names_that_only_a_running_test_has_are_known() {
        let sessions = vec![(
            SessionName::new("alice"),
            Arc::from([captured("token", "t")]),
        )];
        let mut scope = LateScope::new(run(), 7, Arc::new(sessions));
        scope.add(vec![captured("id", "old")], &Mask::default());
        scope.add(vec![captured("id", "new")], &Mask::default());
        assert_eq!(
            scope.lookup("attempt"),
            Lookup::Known(Value::int(7), Secrecy::Public)
        );
        assert_eq!(text(&scope, "id"), "new");
        assert_eq!(text(&scope, "session.alice.token"), "t");
        assert_eq!(text(&scope, "run.id"), "r1");
        assert_eq!(text(&scope, "run.started"), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(&scope, "uuid"), text(&scope, "uuid"));
        assert!(matches!(
            scope.lookup("session.bob.token"),
            Lookup::Unusable(_)
        ));
        assert_eq!(scope.lookup("api"), Lookup::Unknown);
        assert_eq!(scope.lookup("port"), Lookup::Unknown);
        let scope = scope.with(Some(&Arc::default()));
        assert_eq!(scope.lookup("port"), scope.lookup("port"));
        for name in scope.names() {
            assert!(matches!(scope.lookup(&name), Lookup::Known(..)), "{name}");
        }
    }

    #[test]
    fn a_nonce_is_new_per_attempt_and_now_is_utc() {
        let scope = |attempt| LateScope::new(run(), attempt, Arc::default());
        let (first, second) = (scope(1), scope(2));
        assert_eq!(text(&first, "nonce").len(), 16);
        assert_ne!(text(&first, "nonce"), text(&second, "nonce"));
        assert!(text(&first, "now").parse::<Timestamp>().is_ok());
        assert!(text(&first, "now").ends_with('Z'));
    }
}
