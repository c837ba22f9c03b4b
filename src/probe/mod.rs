//! LOOKING at the world; one kind a file, its YAML keys and its tests included.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

#[macro_use]
mod any;
mod argv;
mod barriers;
mod command;
mod context;
mod database;
mod descriptors;
mod dns;
mod errands;
mod exchange;
mod hex;
mod http;
mod inventory;
mod json;
mod lines;
mod log;
mod look;
mod net;
mod pairs;
mod pattern;
mod percentile;
mod phases;
mod pool;
mod ports;
mod process;
mod program;
mod redis;
mod request;
mod resp;
mod run_folder;
mod runner;
#[cfg(test)]
pub mod scripted;
mod sql;
mod sse;
mod stream;
mod tcp;
#[cfg(test)]
mod testing;
mod tls;
mod websocket;

pub use any::field_span;
pub use barriers::Barriers;
pub use context::{AttemptScope, Context, Shared};
pub use descriptors::make_room_for;
pub use inventory::Inventory;
pub use net::authority_of;
pub use ports::{Port, Ports};
pub use process::SERVICE_FLAG;
#[cfg(test)]
pub use scripted::{Scene, Scripted};

use crate::model::{KnownFact, Looked, Observation, ProbeError, Stopped, Unable};

/// One kind of look.
pub trait Probe: Send + Sync {
    /// The facts it can give, beyond `latency`, `phases.*` and `fault`. Those that only explain a fault are not among them
    /// (`socket_directory` of a socket that is not there, `covers_sibling` and `san` of a certificate for another name): they are
    /// for rules, and nothing to expect. Neither is `NAME.why`, which says in words why the fact NAME is as it is, or is not
    /// there: a finding about it that does not hold shows it.
    const FACTS: &'static [KnownFact];

    /// Parses what needs parsing (URL, DSN, regex): at load when the step is ready, before the look when it is late.
    fn prepare(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// Says what is wrong whatever its late values will be: the order of a script. Asked at load also of a step that is late.
    fn shape(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// What it looks at, for grouping failures: `dns:host`, `sock:host:port`, `origin:…`.
    fn resources(&self) -> Vec<String>;

    /// What it looked at in the end, where what it saw led it away from [`resources`](Self::resources): a redirect was followed.
    /// What went wrong then went wrong there.
    fn led_to(&self, _seen: &Observation) -> Option<Vec<String>> {
        None
    }

    /// What is asked, in one line, as reports show it (they mask it): `GET http://…/health`.
    fn request(&self) -> String;

    /// What must be allowed before it may look.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// Adds what is worth showing of a look, and takes time to make, to its evidence. Asked for once the look is judged, and only
    /// where evidence is kept, so that ten thousand looks that hold do not pay for it. It looks at nothing again.
    fn show(&self, _ctx: &Context, _seen: &mut Observation) {}

    /// How long it takes even when all goes well, where that is more than a moment: a shorter budget is an error at load.
    fn least(&self) -> Option<Least> {
        None
    }

    /// How long a part of it may take by a budget of its own: with a shorter one for the whole look that is never spent.
    fn allowed(&self) -> Option<Least> {
        None
    }

    /// Facts of which one must be expected, because what goes wrong is counted there and nothing else would fail.
    fn counts(&self) -> &'static [&'static str] {
        &[]
    }

    /// The fact that holds of what never came, and what must be expected beside it.
    fn hollow(&self) -> Option<Hollow> {
        None
    }

    /// How it would be made to go on listening when the last thing it waits for has come, where it does not:
    /// what comes too much is not seen then.
    fn unheard(&self) -> Option<&'static str> {
        None
    }

    /// The field in which it waits for the other actors of its test, as [`Invalid::field`];
    /// without actors that is an error at load.
    fn waits(&self) -> Option<Cow<'static, str>> {
        None
    }

    /// Looks, within the budget of `ctx`.
    fn observe(&self, ctx: &Context) -> impl Future<Output = Looked> + Send;
}

/// What must be allowed before a probe may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// `--allow-commands`.
    pub commands: bool,
    /// `--allow-side-effects`.
    pub side_effects: bool,
}

/// A fact that also holds where nothing was seen of what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hollow {
    /// The fact.
    pub fact: &'static str,
    /// Of these one must be expected beside it,
    pub beside: &'static [&'static str],
    /// or of `json` a path with this word.
    pub json: &'static str,
    /// Why, in words.
    pub why: &'static str,
}

/// How long a look takes even when all goes well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Least {
    /// The key of the probe's mapping that says so, as [`Invalid::field`].
    pub field: &'static str,
    /// The sum.
    pub time: Duration,
    /// What it is made of.
    pub why: String,
}

/// A value that does not parse, and the field it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The key of the probe's mapping; `storm.ramp` for a key of a mapping in it, `script.2` for an item of a list, from 0.
    pub field: Cow<'static, str>,
    /// What was found and what would be right.
    pub message: String,
}

impl Invalid {
    /// A value of this field that does not parse.
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

impl From<Invalid> for Stopped {
    fn from(invalid: Invalid) -> Self {
        let Invalid { field, message } = invalid;
        ProbeError::new(Unable::Value, format!("`{field}`: {message}")).into()
    }
}

probes! {
    http::Http,
    websocket::WebSocket,
    sse::Sse,
    tcp::Tcp,
    dns::Dns,
    tls::Tls,
    sql::Sql,
    pool::Pool,
    redis::Redis,
    command::Command,
    process::Process,
    log::Log,
    runner::Runner,
    #[cfg(test)]
    scripted::Scripted,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::model::FactKind;

    #[test]
    fn every_probe_is_described_and_its_facts_are_unique() {
        for name in AnyProbe::NAMES {
            let about = AnyProbe::about(name).unwrap();
            assert!(about.ends_with('.'), "{name}: {about:?}");
            let facts = AnyProbe::vocabulary(name).unwrap().facts;
            let unique: HashSet<_> = facts.iter().map(|fact| fact.name).collect();
            assert_eq!(unique.len(), facts.len(), "{name}");
            for common in ["latency", "phases", "fault"] {
                assert!(!unique.contains(common), "{name}: {common}");
            }
            // What stands below `headers:` and `json:` is looked up in the facts of these names.
            for fact in facts {
                match fact.kind {
                    FactKind::Headers => assert_eq!(*fact, KnownFact::HEADERS, "{name}"),
                    FactKind::Json => assert_eq!(*fact, KnownFact::JSON, "{name}"),
                    _ => assert!(!["headers", "json"].contains(&fact.name), "{name}"),
                }
            }
        }
        assert!(AnyProbe::vocabulary("htp").is_none());
    }

    #[test]
    fn every_key_of_every_probe_is_documented() {
        let mut generator = schemars::SchemaGenerator::default();
        for (name, _) in AnyProbe::schemas(&mut generator) {
            assert!(AnyProbe::NAMES.contains(&name));
        }
        let definitions = generator.take_definitions(true);
        let undocumented: Vec<_> = definitions
            .iter()
            .flat_map(|(type_name, schema)| {
                let keys = schema["properties"].as_object().into_iter().flatten();
                keys.filter(|(_, key)| key.get("description").is_none())
                    .map(move |(key, _)| format!("{type_name}.{key}"))
            })
            .collect();
        assert!(undocumented.is_empty(), "{undocumented:?}");
    }

    #[test]
    fn a_probe_can_be_debugged_without_its_credentials() {
        let yaml = "{ url: \"http://me:hunter2@web/\", headers: { x-key: hunter2 } }";
        let mut problems = crate::yaml::Diagnostics::default();
        let probe = AnyProbe::decode("http", &testing::node(yaml), false, &mut problems).unwrap();
        assert_eq!(format!("{probe:?}"), "http(\"GET http://web/\")");
    }

    #[test]
    fn late_values_are_checked_when_they_are_filled() {
        let mut sources = crate::yaml::Sources::default();
        let file = sources.add("late.yaml", "{ host: web, port: 70000 }");
        let mut problems = crate::yaml::Diagnostics::default();
        let node = crate::yaml::parse(&sources, file, &mut problems).unwrap();
        let sources = std::sync::Arc::new(sources);
        let filled = crate::template::Filled { node, sources };
        let told = AnyProbe::decode_late("tcp", &filled).unwrap_err().0;
        assert!(told.starts_with("late.yaml:1:20: "), "{told}");
    }
}
