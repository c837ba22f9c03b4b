use super::*;

use std::sync::Arc;

use crate::model::{Number, Value};
use crate::template::{Lookup, Secrecy, Template, is_filled};
use crate::yaml::{Entry, Scalar, Style};

struct Names;

impl Scope for Names {
    fn lookup(&self, name: &str) -> Lookup {
        let public = |value| Lookup::Known(value, Secrecy::Public);
        match name {
            "api" => public(Value::Text("http://a".into())),
            "port_number" => public(Value::int(8080)),
            "rate" => public(Value::Number(Number::Decimal("1.10".into()))),
            "on" => public(Value::Bool(true)),
            "nothing" => public(Value::Null),
            "hosts" => public(Value::List(vec![Value::Text("a".into()), Value::int(1)])),
            "evil" => public(Value::Text(
                "x\"\ntests: []\n# ${secret.password} ${evil}".into(),
            )),
            "secret.password" => Lookup::Known(Value::Text("hunter22".into()), Secrecy::Secret),
            "env.GONE" => Lookup::Unusable("is not set in the environment".into()),
            "token" | "uuid" => Lookup::Late,
            _ => Lookup::Unknown,
        }
    }

    fn names(&self) -> Vec<String> {
        ["api", "hosts", "secret.password"].map(String::from).into()
    }
}

struct Doc {
    sources: Arc<Sources>,
    node: Node,
}

/// A document of one scalar.
fn scalar(written: &str, text: &str) -> Doc {
    let mut sources = Sources::default();
    let file = sources.add("s.yaml", format!("key: {written}\n"));
    let end = 5 + u32::try_from(written.len()).unwrap();
    let style = if written == text {
        Style::Plain
    } else {
        Style::Text
    };
    let span = Span {
        file,
        start: 5,
        end,
    };
    Doc {
        sources: sources.into(),
        node: Node {
            span,
            kind: Kind::Scalar(Scalar {
                text: text.into(),
                style,
                filled: false,
            }),
        },
    }
}

impl Doc {
    fn early(&self) -> (Early<'_>, Diagnostics) {
        let mut problems = Diagnostics::default();
        let early = fill_early(&self.node, &Names, &self.sources, &mut problems);
        (early, problems)
    }

    fn error(&self) -> (String, String) {
        let (_, problems) = self.early();
        let problem = problems.iter().next().expect("a problem").clone();
        let span = problem.span.unwrap();
        let text = &self.sources.text(span.file)[span.start as usize..span.end as usize];
        (problem.message, text.to_owned())
    }

    fn template(&self) -> Template {
        Template {
            node: self.node.clone(),
            early: Arc::new(Names),
            sources: self.sources.clone(),
        }
    }
}

/// A plain scalar filled early: its text and style.
fn filled(text: &str) -> (String, Style) {
    let doc = scalar(text, text);
    let (early, problems) = doc.early();
    assert!(problems.is_empty(), "{problems:?}");
    let scalar = early.node.as_scalar().expect("a scalar");
    (scalar.text.to_string(), scalar.style)
}

#[test]
fn a_scalar_that_is_one_hole_keeps_the_type() {
    assert_eq!(filled("${port_number}"), ("8080".into(), Style::Plain));
    assert_eq!(filled("${ rate }"), ("1.10".into(), Style::Plain));
    assert_eq!(filled("${on}"), ("true".into(), Style::Plain));
    assert_eq!(filled("${nothing}"), ("null".into(), Style::Plain));
    assert_eq!(filled("${api}"), ("http://a".into(), Style::Text));
    assert_eq!(filled("${x | default(\"5\")}"), ("5".into(), Style::Text));

    let doc = scalar("${hosts}", "${hosts}");
    let (early, _) = doc.early();
    assert!(is_filled(&early.node));
    let items = early.node.as_sequence().unwrap();
    assert_eq!(items[1].as_scalar().unwrap().style, Style::Plain);
    assert_eq!(items[0].as_scalar().unwrap().style, Style::Text);
    assert_eq!(items[0].span, doc.node.span);
}

#[test]
fn anything_more_than_one_hole_is_text() {
    assert_eq!(
        filled("${api}:${port_number}/${rate}"),
        ("http://a:8080/1.10".into(), Style::Text)
    );
    assert_eq!(filled("${port_number}0"), ("80800".into(), Style::Text));
    assert_eq!(filled("$${api}"), ("${api}".into(), Style::Text));
}

#[test]
fn a_value_is_never_looked_at_again() {
    let doc = scalar("\"${evil}\"", "${evil}");
    let (early, problems) = doc.early();
    assert!(problems.is_empty() && !early.secret);
    let text = early.node.as_scalar().unwrap().text.clone();
    assert!(text.contains("${secret.password}") && text.contains("tests: []"));

    // Nor when what was filled is filled once more.
    let again = fill_early(
        &early.node,
        &Names,
        &doc.sources,
        &mut Diagnostics::default(),
    );
    assert!(matches!(again.node, Cow::Borrowed(_)));
}

#[test]
fn names_that_have_no_value_are_pointed_at() {
    let error = |text: &str| scalar(text, text).error();
    assert_eq!(
        error("x/${apo}"),
        (
            "nothing is called `apo`; did you mean `api`?".into(),
            "${apo}".into()
        )
    );
    assert_eq!(
        error("${env.GONE}"),
        (
            "`env.GONE`: is not set in the environment".into(),
            "${env.GONE}".into()
        )
    );
    let (message, at) = error("a${b");
    assert!(message.contains("never closed"), "{message}");
    assert_eq!(at, "${");
    let (message, _) = error("x ${hosts}");
    assert_eq!(message, "`hosts` is an array and has no text");
    assert_eq!(scalar("\"-${apo}\"", "-${apo}").error().1, "${apo}");
    // With an escape the place inside is not known, so the whole scalar is shown.
    assert_eq!(
        scalar("\"\\t${apo}\"", "\t${apo}").error().1,
        "\"\\t${apo}\""
    );
}

#[test]
fn a_default_is_for_names_without_a_value() {
    assert_eq!(filled("${nobody | default(\"a\")}-").0, "a-");
    assert_eq!(filled("${env.GONE | default(\"a\")}").0, "a");
    assert_eq!(filled("${api | default(\"a\")}").0, "http://a");
}

#[test]
fn secrecy_is_told() {
    let doc = scalar(
        "x ${secret.password | base64}",
        "x ${secret.password | base64}",
    );
    let (early, _) = doc.early();
    assert!(early.secret);
    assert_eq!(&*early.node.as_scalar().unwrap().text, "x aHVudGVyMjI=");
}

#[test]
fn late_scalars_are_pending_and_filled_later() {
    struct Token(Value);
    impl Scope for Token {
        fn lookup(&self, name: &str) -> Lookup {
            match name {
                "token" => Lookup::Known(self.0.clone(), Secrecy::Secret),
                _ => Lookup::Unknown,
            }
        }
        fn names(&self) -> Vec<String> {
            vec!["token".into()]
        }
    }
    let doc = scalar("${api}/${token}", "${api}/${token}");
    let (early, problems) = doc.early();
    assert!(problems.is_empty() && early.late);
    assert_eq!(early.node.kind, Kind::Pending);

    let template = doc.template();
    assert_eq!(template.late_names(), ["token"]);
    let evil = Token(Value::Text("${secret.password}".into()));
    let filled = template.fill(&evil).unwrap();
    assert_eq!(
        &*filled.node.as_scalar().unwrap().text,
        "http://a/${secret.password}"
    );
    let error = template.fill(&Token(Value::Null)).unwrap_err();
    assert_eq!(error.0, "`token` is null and has no text (s.yaml:1:13)");
    let error = template.fill(&Names).unwrap_err();
    assert_eq!(error.0, "`token` has no value yet (s.yaml:1:13)");
}

#[test]
fn a_mistake_beside_a_late_name_is_still_told() {
    let doc = scalar("${token}${apo}", "${token}${apo}");
    assert_eq!(doc.error().1, "${apo}");
}

#[test]
fn keys_are_not_filled_and_untouched_trees_not_copied() {
    let value = scalar("x", "x");
    let span = value.node.span;
    let mapping = |key: &str| Node {
        span,
        kind: Kind::Mapping(vec![Entry {
            key: key.into(),
            key_span: span,
            value: value.node.clone(),
        }]),
    };
    let mut problems = Diagnostics::default();
    let plain = mapping("a");
    let early = fill_early(&plain, &Names, &value.sources, &mut problems);
    assert!(matches!(early.node, Cow::Borrowed(_)) && problems.is_empty());

    fill_early(&mapping("${api}"), &Names, &value.sources, &mut problems);
    let messages: Vec<_> = problems.iter().map(|p| p.message.clone()).collect();
    assert_eq!(messages, ["the key `${api}` is not filled"]);
}

#[test]
fn a_bomb_of_aliases_is_filled_once() {
    let doc = scalar("${api} ${apo}", "${api} ${apo}");
    let mut node = doc.node.clone();
    for level in 0..40 {
        let target = Arc::new(node);
        let item = |at: u32| Node {
            span: Span {
                start: 6 + level + at,
                ..doc.node.span
            },
            kind: Kind::Alias(target.clone()),
        };
        node = Node {
            span: doc.node.span,
            kind: Kind::Sequence(vec![item(0), item(1)]),
        };
    }
    let mut problems = Diagnostics::default();
    let early = fill_early(&node, &Names, &doc.sources, &mut problems);
    assert_eq!(problems.iter().count(), 1);
    assert!(matches!(early.node, Cow::Owned(_)));
    assert_eq!(uses(&node).len(), 2);
}

/// What a running test knows: the time, a session's token, a key.
struct Running {
    hidden: std::sync::Mutex<Vec<String>>,
}

impl Scope for Running {
    fn lookup(&self, name: &str) -> Lookup {
        let text = |text: &str| Value::Text(text.into());
        match name {
            "now" => Lookup::Known(text("2026-11-21T10:00:00.900Z"), Secrecy::Public),
            "sub" => Lookup::Known(text("alice"), Secrecy::Public),
            "secret.key" => Lookup::Known(text("a-key-of-somebody"), Secrecy::Secret),
            "token" => Lookup::Known(text("e30.e30.AAAA"), Secrecy::Secret),
            "open" => Lookup::Known(text("e30.e30.AAAA"), Secrecy::Public),
            "opaque" => Lookup::Known(text("0123456789"), Secrecy::Secret),
            "hours" => Lookup::Known(Value::int(1), Secrecy::Public),
            _ => Lookup::Unknown,
        }
    }

    fn names(&self) -> Vec<String> {
        vec!["token".into(), "sub".into()]
    }

    fn hide(&self, made: &str) {
        self.hidden.lock().unwrap().push(made.to_owned());
    }
}

/// Knows the same, and not yet the time.
struct Loading(Running);

impl Scope for Loading {
    fn lookup(&self, name: &str) -> Lookup {
        match name {
            "now" | "session.user.token" => Lookup::Late,
            name => self.0.lookup(name),
        }
    }

    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    fn hide(&self, made: &str) {
        self.0.hide(made);
    }
}

fn running() -> Running {
    Running {
        hidden: std::sync::Mutex::default(),
    }
}

/// What becomes of a scalar in a run, and what is to be masked because of it.
fn made(text: &str) -> (String, Vec<String>) {
    let doc = scalar(text, text);
    let running = Arc::new(running());
    let template = Template {
        early: running.clone(),
        ..doc.template()
    };
    let filled = match template.fill(&*running) {
        Ok(filled) => filled.node.as_scalar().unwrap().text.to_string(),
        Err(error) => error.0,
    };
    (filled, running.hidden.lock().unwrap().clone())
}

#[test]
fn a_token_is_late_and_what_is_known_of_it_is_checked_at_load() {
    let loading = Loading(running());
    let early = |text: &str| {
        let doc = scalar(text, text);
        let mut problems = Diagnostics::default();
        let early = fill_early(&doc.node, &loading, &doc.sources, &mut problems);
        let told = problems.iter().map(|problem| {
            let span = problem.span.unwrap();
            let place = span.start as usize - 5..span.end as usize - 5;
            format!("{}: {}", &text[place], problem.message)
        });
        (
            early.node.kind == Kind::Pending && early.late,
            told.collect(),
        )
    };
    for good in [
        "Bearer ${jwt(sub=sub, alg='none')}",
        "${jwt(sub=session.user.token, key=secret.key) | tampered}",
    ] {
        assert_eq!(early(good), (true, Vec::<String>::new()), "{good}");
    }
    let used: Vec<String> = uses(&scalar("x", "${jwt(sub=sub, a=b)}").node)
        .into_iter()
        .map(|used| used.name)
        .collect();
    assert_eq!(used, ["sub", "b", "now"]);
    for (bad, wanted) in [
        (
            "x ${jwt(sub=sup)}",
            "sup: nothing is called `sup`; did you mean `sub`?",
        ),
        (
            "${jwt(exp=hours)}",
            "hours: `hours`: `exp` is how far from now it is, as in \"5m\" or \"-1h\", or \"none\"; not a number",
        ),
        (
            "${jwt(alg='none') | tampered}",
            "${jwt(alg='none') | tampered}: `jwt(…)` is a token without a signature, so there is nothing to tamper with",
        ),
        (
            "${opaque | tampered}",
            "${opaque | tampered}: `opaque` is no JSON Web Token, which `tampered` needs: it has three parts between dots, and this has 1",
        ),
    ] {
        assert_eq!(early(bad).1, [wanted], "{bad}");
    }
    // Nothing was made, so there is nothing to hide.
    assert!(loading.0.hidden.lock().unwrap().is_empty());
}

#[test]
fn a_token_is_made_when_its_test_runs() {
    let (token, hidden) = made("Bearer ${jwt(sub=sub, alg='none')}!");
    assert_eq!(
        token,
        "Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhbGljZSIsImlhdCI6MTc5NTI1NTIwMCwiZXhwIjoxNzk1MjU1NTAwfQ.!"
    );
    assert!(hidden.is_empty());
    let (why, _) = made("${jwt(sub=gone)}");
    assert_eq!(why, "nothing is called `gone` (s.yaml:1:16)");
    let (why, _) = made("${opaque | tampered}");
    assert!(
        why.starts_with("`opaque` is no JSON Web Token") && !why.contains("0123"),
        "{why}"
    );
}

#[test]
fn what_a_secret_signed_or_was_tampered_with_is_secret() {
    let (token, hidden) = made("${jwt(sub='a', key=secret.key)}");
    assert_eq!(hidden, [token]);
    let (token, hidden) = made("${jwt(sub='a', key=sub)}");
    assert_eq!(hidden, [token]);
    let (tampered, hidden) = made("${jwt(sub=secret.key) | tampered | json}");
    assert_eq!(hidden.len(), 2);
    assert_eq!(tampered, format!("\"{}\"", hidden[1]));
    assert_ne!(hidden[0], hidden[1]);
    assert_eq!(
        made("${token | tampered}"),
        ("e30.e30.AP8A".into(), vec!["e30.e30.AP8A".into()])
    );
    // What everybody may see stays so.
    for open in [
        "${open | tampered}",
        "${jwt(sub='a', key='literal') | tampered}",
    ] {
        assert!(made(open).1.is_empty(), "{open}");
    }
}
