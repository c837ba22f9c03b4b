//! `runner`: is the machine we look from fit to look, and what it was given fit to be used?

mod clock;
mod dsn;
mod limits;
mod loopback;
mod names;
mod secrets;
mod variables;

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use super::database::Dsn;
use super::exchange::{Prepared, without_userinfo};
use super::{Context, Invalid, Probe};
use crate::model::{KnownFact, Looked, Value};
use variables::HostPattern;

/// Looks at ourselves, so that a limit of the machine we run on, or a slip in what we were given, is not blamed on the target.
/// One of: does loopback work, are there descriptors and ports enough for the jobs of this run, is the clock right, do
/// names resolve, are the variables of the target clean, are its secrets usable, where does a DSN lead.
///
/// `unclean` and `unusable` are lists of a `name` and a `why`, never of a value. Unclean is a variable with white space around
/// it, with a control character or a left-over `${…}` in it, a URL that does not parse or whose scheme nobody speaks here, a path
/// of a unix socket beyond 107 bytes, and a host among `forbidden_hosts`. Unusable is a secret, or a variable that holds one,
/// that is absent or empty, a placeholder (`changeme`, `null`, `TODO`, `xxx`, `test_token…`), has white space around it, or is a
/// JSON Web Token that is not valid from now to the deadline of the run (without one: for ten minutes).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// At what.
    look: What,
    /// Whose clock to compare with, for `clock`: the `Date` header of its answer, which has whole seconds.
    url: Option<String>,
    /// Hosts that no variable may lead to any more, for `variables`: names, or `*.example.com` for all names below one. Looked at
    /// are URLs, and variables whose name ends in `host`, `server` or `sni`.
    forbidden_hosts: Option<Vec<String>>,
    /// Which names to look up, for `names`: 1 to 16 that are known to exist. Those that the programs of this machine resolve are
    /// in `resolved`, the others in `unresolved`. When none resolves, our resolver is broken, and it is not the target's name
    /// that is missing: `expect: { resolved: { empty: false } }`.
    names: Option<Vec<String>>,
    /// Which DSN to read, for `dsn`: as for `sql`. Nobody is asked; what a database says of itself is a fact of `sql`.
    dsn: Option<String>,
    #[serde(skip)]
    prepared: OnceLock<Prepared>,
}

/// A part of ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    /// A connection to ourselves gives back what was sent: `echoed`.
    Loopback,
    /// File descriptors and ports against the jobs of this run: `descriptors`, `ports`, `needed`, `enough`.
    Limits,
    /// How far our clock is from that of `url`, in either direction, give or take a second: `skew`.
    Clock,
    /// Which of `names` the programs of this machine resolve: `resolved`, `unresolved`.
    Names,
    /// Variables of the target that cannot be used as they are: `unclean`.
    Variables,
    /// Secrets of the target that cannot be used: `unusable`.
    Secrets,
    /// Where a DSN leads: `engine` (`postgres`, `mysql`, `sqlite`), `host` (or the path of a socket; absent for a file),
    /// `database` (absent where it names none) and `tls_mode` (`none` for a file).
    Dsn,
}

impl Runner {
    /// The request behind `clock`, made when first asked for.
    fn prepared(&self) -> Result<&Prepared, Invalid> {
        if let Some(known) = self.prepared.get() {
            return Ok(known);
        }
        let Some(url) = &self.url else {
            return Err(Invalid::new(
                "look",
                "`clock` needs the `url` of somebody with a clock",
            ));
        };
        let made = Prepared::get(url)?;
        Ok(self.prepared.get_or_init(|| made))
    }

    fn dsn(&self) -> Result<Dsn, Invalid> {
        match &self.dsn {
            Some(text) => Dsn::parse(text),
            None => Err(Invalid::new("look", "`dsn` needs the `dsn` to read")),
        }
    }

    fn names(&self) -> &[String] {
        self.names.as_deref().unwrap_or_default()
    }

    /// The hosts that are forbidden.
    fn forbidden(&self) -> Result<Vec<HostPattern<'_>>, Invalid> {
        let patterns = self.forbidden_hosts.iter().flatten();
        patterns
            .map(|pattern| HostPattern::parse(pattern))
            .collect()
    }
}

impl Probe for Runner {
    const FACTS: &'static [KnownFact] = &[
        KnownFact::truth("echoed"),
        KnownFact::number("descriptors"),
        KnownFact::number("ports"),
        KnownFact::number("needed"),
        KnownFact::truth("enough"),
        KnownFact::duration("skew"),
        KnownFact::list("resolved"),
        KnownFact::list("unresolved"),
        KnownFact::list("unclean"),
        KnownFact::list("unusable"),
        KnownFact::text("engine"),
        KnownFact::text("host"),
        KnownFact::text("database"),
        KnownFact::text("tls_mode"),
    ];

    fn prepare(&self) -> Result<(), Invalid> {
        if self.look != What::Variables && self.forbidden_hosts.is_some() {
            let why = "only `look: variables` knows of forbidden hosts";
            return Err(Invalid::new("forbidden_hosts", why));
        }
        self.forbidden()?;
        match (self.look, &self.names) {
            (What::Names, Some(names)) => names::check(names)?,
            (What::Names, None) => {
                let why = "`names` needs `names` that are known to exist";
                return Err(Invalid::new("look", why));
            }
            (_, Some(_)) => return Err(Invalid::new("names", "only `look: names` looks up names")),
            (_, None) => {}
        }
        match (self.look, &self.dsn) {
            (What::Dsn, _) => drop(self.dsn()?),
            (_, Some(_)) => return Err(Invalid::new("dsn", "only `look: dsn` reads a DSN")),
            (_, None) => {}
        }
        match (self.look, &self.url) {
            (What::Clock, _) => self.prepared().map(|_| ()),
            (_, Some(_)) => Err(Invalid::new("url", "only `look: clock` needs a URL")),
            (_, None) => Ok(()),
        }
    }

    fn resources(&self) -> Vec<String> {
        match self.look {
            What::Clock => self.prepared().map(Prepared::resources).unwrap_or_default(),
            What::Dsn => self.dsn().map(|dsn| dsn.resources()).unwrap_or_default(),
            What::Loopback | What::Limits | What::Names | What::Variables | What::Secrets => {
                vec!["runner".to_owned()]
            }
        }
    }

    fn request(&self) -> String {
        match self.look {
            What::Loopback => "our loopback".to_owned(),
            What::Limits => "our limits".to_owned(),
            What::Clock => match &self.url {
                Some(url) => format!("our clock against GET {}", without_userinfo(url)),
                None => "our clock".to_owned(),
            },
            What::Names => format!("our resolver: {}", self.names().join(", ")),
            What::Variables => "our variables".to_owned(),
            What::Secrets => "our secrets".to_owned(),
            What::Dsn => match self.dsn() {
                Ok(dsn) => format!("our DSN of {}", dsn.shown()),
                Err(_) => "our DSN".to_owned(),
            },
        }
    }

    async fn observe(&self, ctx: &Context) -> Looked {
        match self.look {
            What::Loopback => loopback::look(ctx).await,
            What::Limits => limits::look(ctx),
            What::Clock => clock::look(ctx, self.prepared()?).await,
            What::Names => names::look(ctx, self.names()).await,
            What::Variables => Ok(variables::look(ctx, &self.forbidden()?)),
            What::Secrets => Ok(secrets::look(ctx)),
            What::Dsn => Ok(dsn::look(ctx, &self.dsn()?)),
        }
    }
}

/// An entry of a list of what is wrong.
fn finding(name: &str, why: String) -> Value {
    Value::Map(vec![
        ("name".to_owned(), Value::Text(name.to_owned())),
        ("why".to_owned(), Value::Text(why)),
    ])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::{problem, read};
    use super::super::{Inventory, Shared};
    use super::*;
    use crate::model::{Observation, Proxies};
    use crate::template::Mask;

    #[test]
    fn slips_are_told() {
        assert!(problem("runner", "look: clock").contains("needs the `url`"));
        assert!(
            problem("runner", "{ look: limits, url: \"http://a\" }").contains("only `look: clock`")
        );
        assert!(problem("runner", "{ look: clock, url: a }").contains("no scheme"));
        assert!(problem("runner", "look: limit").contains("did you mean `limits`"));
        assert!(
            problem("runner", "{ look: secrets, forbidden_hosts: [a] }")
                .contains("only `look: variables`")
        );
        assert!(
            problem(
                "runner",
                "{ look: variables, forbidden_hosts: [\"https://a\"] }"
            )
            .contains("is a URL")
        );
    }

    #[tokio::test]
    async fn a_dsn_says_where_it_leads_and_not_who_goes_there() {
        let of = |text: &str| read::<Runner>(&format!("{{ look: dsn, dsn: \"{text}\" }}"));
        let ctx = Context::for_tests(Duration::from_secs(5));
        for (text, facts) in [
            (
                "postgres://me:hunter2@db.example:6432/app?sslmode=verify-full",
                "postgres db.example app verify-full",
            ),
            (
                "mysql://me:hunter2@h/app?socket=/run/my.sock",
                "mysql /run/my.sock app disable",
            ),
            ("sqlite:/var/app.db", "sqlite - app.db none"),
            ("postgres://me@db.example", "postgres db.example - prefer"),
        ] {
            let seen = of(text).observe(&ctx).await.unwrap();
            let fact = |name| seen.facts.get(name).and_then(Value::as_text).unwrap_or("-");
            let shown = ["engine", "host", "database", "tls_mode"]
                .map(fact)
                .join(" ");
            assert_eq!(shown, facts);
            assert!(!format!("{seen:?}").contains("hunter2"));
        }
        assert!(problem("runner", "{ look: dsn, dsn: \"sqlite:a\\n\" }").contains("line break"));
        assert!(problem("runner", "look: dsn").contains("needs the `dsn`"));
        assert!(problem("runner", "{ look: limits, dsn: a }").contains("only `look: dsn`"));
    }

    #[tokio::test]
    async fn what_is_wrong_is_named_and_never_shown() {
        let text = |text: &str| Value::Text(text.to_owned());
        let inventory = Inventory {
            variables: vec![
                ("api".to_owned(), text("http://web")),
                ("db_dsn".to_owned(), text("postgres://me:hunter22@db/x ")),
                (
                    "origins".to_owned(),
                    Value::List(vec![text("https://a b/")]),
                ),
            ],
            credentials: vec![
                (
                    "secret.key".to_owned(),
                    Ok("test_token_hunter22".to_owned()),
                ),
                (
                    "secret.pin".to_owned(),
                    Err("variable PIN is not set".to_owned()),
                ),
                ("password".to_owned(), Ok("hunter22".to_owned())),
            ],
            deadline: None,
        };
        let ctx = Context {
            shared: Shared::knowing(
                Mask::default(),
                inventory,
                &Proxies::default(),
                crate::model::RunId::new("run"),
            ),
            ..Context::for_tests(Duration::from_secs(1))
        };
        let names = |seen: &Observation, fact| {
            let Some(Value::List(items)) = seen.facts.get(fact) else {
                panic!("{seen:?}");
            };
            let name = |item: &Value| item.get("name").and_then(Value::as_text).map(str::to_owned);
            items
                .iter()
                .map(|item| name(item).unwrap())
                .collect::<Vec<_>>()
        };
        let variables: Runner = read("look: variables");
        let seen = variables.observe(&ctx).await.unwrap();
        assert_eq!(names(&seen, "unclean"), ["db_dsn", "origins[0]"]);
        assert!(!format!("{seen:?}").contains("hunter22"));
        let secrets: Runner = read("look: secrets");
        let seen = secrets.observe(&ctx).await.unwrap();
        assert_eq!(names(&seen, "unusable"), ["secret.key", "secret.pin"]);
        let shown = format!("{seen:?}");
        assert!(shown.contains("PIN is not set") && !shown.contains("hunter22"));
    }

    #[test]
    fn what_is_looked_at_is_said_without_values() {
        let probe: Runner = read("{ look: clock, url: \"http://me:hunter22@web/\" }");
        assert_eq!(probe.request(), "our clock against GET http://web/");
        assert_eq!(read::<Runner>("look: secrets").request(), "our secrets");
    }
}
