use super::*;

/// The message and the text that each problem is about.
fn told(yaml: &str) -> Vec<String> {
    let (_, problems, sources) = with(yaml);
    let place = |problem: &Diagnostic| {
        problem.span.map_or_else(String::new, |span| {
            let text = sources.text(span.file);
            text[span.start as usize..span.end as usize].to_owned()
        })
    };
    problems
        .iter()
        .map(|problem| format!("{}: {}", place(problem), problem.message))
        .collect()
}

fn with(yaml: &str) -> (Rules, Diagnostics, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("ours.yaml", yaml);
    let mut problems = Diagnostics::default();
    let rules = Rules::embedded().with(file, &sources, &mut problems);
    (rules, problems, sources)
}

#[test]
fn the_embedded_rules_have_no_mistake_and_every_part() {
    let mut sources = Sources::default();
    let file = sources.add("rules.yaml", include_str!("../rules.yaml"));
    let mut problems = Diagnostics::default();
    let mut rules = Rules::none();
    let written = rules.take(file, &sources, &mut problems);
    lint(&rules.all, &written, &mut problems);
    assert!(problems.is_empty(), "{:#?}", problems.in_words(&sources));
    assert!(rules.all().len() >= 15 && !rules.ruleset().is_empty());
    for rule in rules.all() {
        let parts = [&rule.meaning, &rule.next, &rule.confirm, &rule.falsify];
        assert!(parts.iter().all(|part| !part.is_empty()), "{}", rule.id);
        assert!(rule.source.is_some(), "{}", rule.id);
        assert!(rule.meaning.ends_with('.'), "{}", rule.id);
        for command in &rule.commands {
            let is_line = command.contains(' ');
            assert!(
                is_line || rules.command(command).is_some(),
                "{}: {command}",
                rule.id
            );
        }
    }
}

#[test]
fn a_users_rule_is_asked_first_and_an_override_takes_the_place_of_ours() {
    let (rules, problems, _) = with(
        "rules:
- { id: ACME-1, layer: transport, when: { fault: tcp.refused, phase: connect }, class: infrastructure/mesh, confidence: low, owner: mesh-team, meaning: The mesh. }
- { id: TCP-3, owner: acme-network }
",
    );
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(rules.all()[0].id, "ACME-1");
    let (ours, theirs) = (Rules::embedded(), &rules);
    let position = |rules: &Rules| rules.all().iter().position(|rule| rule.id == "TCP-3");
    assert_eq!(position(theirs), position(ours).map(|at| at + 1));
    let (ours, theirs) = (ours.rule("TCP-3").unwrap(), theirs.rule("TCP-3").unwrap());
    assert_eq!(theirs.blame.owner, "acme-network");
    assert_eq!(theirs.meaning, ours.meaning);
    assert_eq!(theirs.blame.class, ours.blame.class);
    assert!(
        rules.ruleset().ends_with(" + ours.yaml"),
        "{}",
        rules.ruleset()
    );
}

/// What is asked, and what is said of it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "{ falt: x }",
        "falt: unknown key `falt`; did you mean `fault`?",
    ),
    (
        "{ fault: tcp.refusd }",
        "tcp.refusd: no fault has the code `tcp.refusd`; did you mean `tcp.refused`?",
    ),
    (
        "{ code: expect }",
        "expect: nothing fails with the code `expect`",
    ),
    (
        "{ errno: ECONREFUSED }",
        "ECONREFUSED: `ECONREFUSED` is no `errno`: expected a number or a name; did you mean `ECONNREFUSED`?",
    ),
    (
        "{ errno: 0 }",
        "0: `errno` is a number from 1 to 4095, and not 0",
    ),
    (
        "{ eai: [EAI_AGAN] }",
        "EAI_AGAN: `EAI_AGAN` is no `eai`: expected a number or a name; did you mean `EAI_AGAIN`?",
    ),
    (
        "{ phase: conect }",
        "conect: no phase is called `conect`; did you mean `connect`?",
    ),
    (
        "{ hop: ngnix }",
        "ngnix: no hop is called `ngnix`; did you mean `nginx`?",
    ),
    (
        "{ probe: htp }",
        "htp: no probe is called `htp`; did you mean `http`?",
    ),
    (
        "{ status: { from: 599, to: 500 } }",
        "{ from: 599, to: 500 }: no number is from 599 to 500",
    ),
    ("{ status: [] }", "[]: an empty list matches nothing"),
    ("{ sqlstate: '5330' }", "'5330': `5330` is no SQLSTATE"),
    (
        "{ redis: noauth }",
        "noauth: `noauth`: the first word of an error of Redis",
    ),
    ("{ log: '(' }", "'(': no regular expression: unclosed group"),
    ("{ log: 'x*' }", "'x*': this pattern matches every text"),
    (
        "{ body: 'x', hop: app }",
        "body: `body` asks for `hop` with the names of proxies",
    ),
    (
        "{ body: 'x' }",
        "body: `body` asks for `hop` with the names of proxies",
    ),
    (
        "{ json: { database: down } }",
        "database: `database` is no path",
    ),
    (
        "{ resource: { kind: socket } }",
        "socket: no kind of resource is called `socket`; did you mean `sock`?",
    ),
    (
        "{ resource: { kind: dns, hosts: name } }",
        "hosts: unknown key `hosts`; did you mean `host`?",
    ),
    ("{ resource: {} }", "{}: missing key `kind`"),
    (
        "{ finding: { absent: true, pth: x } }",
        "pth: unknown key `pth`; did you mean `path`?",
    ),
    ("{ fact: oom_killed }", "oom_killed: `fact` is a mapping"),
    (
        "{ fact: { oom_killed: [true] } }",
        "[true]: found a list, expected true, false",
    ),
    (
        "{ attempts: never }",
        "never: no frequency is called `never`",
    ),
    (
        "{ elapsed: deadlin }",
        "deadlin: no budget is called `deadlin`; did you mean `deadline`?",
    ),
    ("{ header: server }", "server: `header` is a mapping"),
    ("{}", "{}: `when` asks nothing"),
    (
        "{ untrusted: true }",
        "{ untrusted: true }: `when` asks nothing",
    ),
];

#[test]
fn mistakes_point_at_what_is_wrong_and_name_what_would_be_right() {
    let rule = |when: &str, rest: &str| {
        format!(
            "rules: [{{ id: A-1, layer: dns, when: {when}, class: unknown, confidence: low, owner: app, meaning: M.{rest} }}]"
        )
    };
    let when = |when: &str| told(&rule(when, ""));
    assert_eq!(when("{ fault: dns.nxdomain, phase: resolve }"), [""; 0]);
    for (yaml, says) in MISTAKES {
        let told = when(yaml);
        assert!(
            told.len() == 1 && told[0].starts_with(says),
            "{yaml}: {told:#?}"
        );
    }
}

#[test]
fn the_words_of_a_rule_are_checked() {
    let rule = |layer: &str, class: &str, confidence: &str, owner: &str| {
        told(&format!(
            "rules: [{{ id: A-1, layer: {layer}, when: {{ log: x, untrusted: true }}, class: {class}, confidence: {confidence}, owner: {owner}, meaning: M. }}]"
        ))
    };
    for (told, says) in [
        (
            rule("transprt", "unknown", "low", "app"),
            "transprt: no layer is called `transprt`; did you mean `transport`?",
        ),
        (
            rule("dns", "test-defect", "low", "app"),
            "test-defect: no class is called `test-defect`; did you mean `test_defect`?",
        ),
        (
            rule("dns", "application/Two words", "low", "app"),
            "application/Two words: behind `application/` stands one word",
        ),
        (
            rule("dns", "application", "hihg", "app"),
            "hihg: no confidence is called `hihg`; did you mean `high`?",
        ),
        (
            rule("dns", "application", "high", "app"),
            "high: `untrusted: true` asks what anybody could have written",
        ),
        (
            rule("dns", "unknown", "medium", "app"),
            "medium: what is unknown is known with no more than `low`",
        ),
        (
            rule("dns", "unknown", "low", "the app team"),
            "the app team: `the app team` is no owner",
        ),
    ] {
        assert!(told.len() == 1 && told[0].starts_with(says), "{told:#?}");
    }
    let twice = "rules: [{ id: TCP-1, owner: a }, { id: TCP-1, owner: b }]";
    assert_eq!(told(twice), ["TCP-1: two rules are called `TCP-1`"]);
    let new = told("rules: [{ id: A-1, owner: a }]");
    assert_eq!(new.len(), 5, "all that is missing is told: {new:?}");
}

#[test]
fn what_is_no_file_of_rules_is_told() {
    let tenfold = |letter: u8| {
        let (name, before) = (char::from(letter), char::from(letter - 1));
        let uses = vec![format!("*{before}"); 10].join(", ");
        format!("{name}: &{name} [{uses}]")
    };
    let lines: Vec<String> = (b'b'..=b'j').map(tenfold).collect();
    let bomb = format!(
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n{}\n",
        lines.join("\n")
    );
    let many = format!("rules: [{}]", "{ id: x },".repeat(MOST + 1));
    for yaml in [
        "",
        "rules:",
        "rules: {}",
        "[]",
        "ruls: []",
        "\u{feff}\u{feff}",
        &bomb,
        &many,
    ] {
        let (rules, problems, _) = with(yaml);
        assert!(problems.has_errors(), "{}", &yaml[..yaml.len().min(20)]);
        assert_eq!(rules.all().len(), Rules::embedded().all().len());
    }
}

#[test]
fn a_rule_that_says_nothing_is_told_where_it_stands() {
    let rule = |id: &str, when: &str| {
        format!(
            "- {{ id: {id}, layer: dns, when: {when}, class: unknown, confidence: low, owner: app, meaning: M. }}\n"
        )
    };
    let told = |rules: &[(&str, &str)]| {
        let all: Vec<String> = rules.iter().map(|(id, when)| rule(id, when)).collect();
        let (_, problems, _) = with(&format!("rules:\n{}", all.concat()));
        assert!(!problems.has_errors(), "{problems:?}");
        let told: Vec<String> = problems.iter().map(|one| one.message.clone()).collect();
        told
    };
    let unasked = |rules: &[(&str, &str)]| {
        let mut told = told(rules);
        told.retain(|one| !one.contains(" is asked before "));
        told
    };
    assert_eq!(
        told(&[("A-1", "{ fault: tls.expired, phase: connect }")]),
        ["rule `A-1` can never match: tls.expired can happen in the phases tls"]
    );
    assert_eq!(
        unasked(&[
            ("A-1", "{ fault: 'postgres.*', sqlstate: ['53*', '08*'] }"),
            (
                "A-2",
                "{ fault: postgres.53300, sqlstate: '53300', phase: startup }"
            ),
        ]),
        ["rule `A-2` is never asked: `A-1` before it matches whatever it would"]
    );
    assert_eq!(
        unasked(&[
            (
                "A-1",
                "{ status: { from: 500, to: 503 }, hop: [nginx, haproxy] }"
            ),
            ("A-2", "{ status: 502, hop: nginx, header: { server: x } }"),
            ("A-3", "{ status: 504, hop: nginx }"),
            ("A-4", "{ status: 502 }"),
        ]),
        ["rule `A-2` is never asked: `A-1` before it matches whatever it would"]
    );
    for wide in [
        "{ fault: '*' }",
        "{ fault: tcp.refused }",
        "{ probe: http }",
        "{ code: 'expect.*' }",
    ] {
        let told = told(&[("A-1", wide)]);
        assert!(
            told.len() == 1 && told[0].starts_with("rule `A-1` is asked before "),
            "{wide}: {told:?}"
        );
    }
    assert_eq!(
        told(&[("A-1", "{ fault: tcp.refused, phase: connect }")]),
        [""; 0],
        "that asks for more than ours"
    );
}

#[test]
fn slips_in_what_a_rule_names_are_told_with_what_was_meant() {
    let rule = |id: &str, commands: &str| {
        format!(
            "rules:\n  - {{ id: {id}, layer: protocol, when: {{ fault: tcp.refused, phase: connect }}, class: application, \
             confidence: medium, owner: app, meaning: It is so., commands: {commands} }}\n"
        )
    };
    assert_eq!(
        told(&rule(
            "X-1",
            "[gettent, 'nc \"${hots}\"', nc, uptime, '${hosts}']"
        )),
        [
            "gettent: no line is named `gettent`; did you mean `getent`?",
            "'nc \"${hots}\"': `${hots}` is nothing of what broke; did you mean `${host}`?",
        ]
    );
    assert_eq!(
        told(&format!(
            "commands: {{ mine: 'ping ${{hsot}}' }}\n{}",
            rule("X-1", "[mine]")
        )),
        ["'ping ${hsot}': `${hsot}` is nothing of what broke; did you mean `${host}`?"]
    );
    // Before all that a new rule lacks.
    assert_eq!(
        told("rules:\n  - { id: pg-8, owner: dba }\n"),
        ["pg-8: no rule of ours is called `pg-8`; did you mean `PG-8`?"]
    );
    assert_eq!(told("rules:\n  - { id: TCP-1, owner: net }\n"), [""; 0]);
}
