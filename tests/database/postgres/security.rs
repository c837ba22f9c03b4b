//! TLS, and what nobody may see.

use super::{look, sql};
use crate::support::case::{is_unable, passes, stops};
use crate::support::postgres::{Options, Postgres};
use crate::support::{APP, Certificates, HOST, ODD, Tool, is_kept, tell_all};

#[test]
fn tls_is_spoken_as_the_mode_says() {
    let made = Certificates::make();
    let server = Postgres::start(&Options {
        tls: Some(&made.good()),
        ..Options::default()
    });
    let plain = Postgres::start(&Options::default());
    let root = made.root();
    let root = root.display();
    let other = made.unknown_authority().chain;
    let (dsn, other) = (server.dsn(), other.display());
    let named = dsn.replace("127.0.0.1", HOST);
    let tls = "tls: { matches: \"^TLSv1\" }, phases: { tls: { below: 5s } }";
    let none = "tls: null";
    look(
        &server,
        &[
            passes("prefer", sql(&dsn, ""), tls),
            passes("knock", sql(&dsn, ", knock: true"), "offers_tls: true"),
            passes(
                "knock-plain",
                sql(&plain.dsn(), ", knock: true"),
                "offers_tls: false",
            ),
            passes(
                "knock-socket",
                sql(&server.socket_dsn(), ", knock: true"),
                "offers_tls: false",
            ),
            passes("disable", sql(&dsn, ", tls: disable"), none),
            passes("require", sql(&dsn, ", tls: require"), tls),
            passes(
                "key-wins",
                sql(&format!("{dsn}?sslmode=disable"), ", tls: require"),
                tls,
            ),
            passes("prefer-plain", sql(&plain.dsn(), ""), none),
            stops(
                "require-plain",
                sql(&plain.dsn(), ", tls: require"),
                "tls.not_offered",
                "starttls",
            ),
            stops(
                "verify-plain",
                sql(&plain.dsn(), &format!(", ca: \"{root}\"")),
                "tls.not_offered",
                "starttls",
            ),
            stops(
                "full-unknown",
                sql(&dsn, ", tls: verify-full"),
                "tls.unknown_issuer",
                "tls",
            ),
            passes(
                "chain",
                sql(&dsn, &format!(", tls: verify-ca, ca: \"{root}\"")),
                tls,
            ),
            stops(
                "another-authority",
                sql(&dsn, &format!(", tls: require, ca: \"{other}\"")),
                "tls.unknown_issuer",
                "tls",
            ),
            passes(
                "dsn",
                sql(&format!("{dsn}?sslmode=verify-ca&sslrootcert={root}"), ""),
                tls,
            ),
            is_unable(
                "no-such-authority",
                sql(&dsn, ", ca: /nonexistent.pem"),
                "error.file",
            ),
            stops("no-such-host", sql(&named, ""), "dns.nxdomain", "resolve")
                .or("dns.again", "resolve"),
        ],
    );
    plain.is_left_alone();
}

#[test]
fn a_bad_certificate_is_told_by_its_code_and_believed_only_by_require() {
    let made = Certificates::make();
    for (name, pair, code) in [
        ("expired", made.expired(), "tls.expired"),
        ("self-signed", made.self_signed(), "tls.self_signed"),
    ] {
        let server = Postgres::start(&Options {
            tls: Some(&pair),
            ..Options::default()
        });
        let root = made.root();
        let verified = format!(", tls: verify-ca, ca: \"{}\"", root.display());
        look(
            &server,
            &[
                stops(name, sql(&server.dsn(), &verified), code, "tls"),
                passes(
                    "believed",
                    sql(&server.dsn(), ", tls: require"),
                    "tls: { exists: true }",
                ),
            ],
        );
    }
    let server = Postgres::start(&Options {
        tls: Some(&made.wrong_host()),
        ..Options::default()
    });
    let with = |mode: &str| {
        let keys = format!(", tls: {mode}, ca: \"{}\"", made.root().display());
        sql(&server.dsn(), &keys)
    };
    look(
        &server,
        &[
            stops("full", with("verify-full"), "tls.wrong_name", "tls"),
            passes("chain", with("verify-ca"), "tls: { exists: true }"),
        ],
    );
}

#[test]
fn who_asks_is_proved_in_each_way_a_server_may_want() {
    let made = Certificates::make();
    let server = Postgres::start(&Options {
        tls: Some(&made.good()),
        client_authority: Some(&made.root()),
        hba: "hostssl all clear all password\nhostnossl all clear all password\nlocal all clear password\n\
              host all old all md5\nhostnossl all odd all reject\n\
              hostssl all odd all scram-sha-256 clientcert=verify-ca\nhost all trusted all trust",
        sql: "SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD 'old-4711'; \
              CREATE ROLE clear LOGIN PASSWORD 'clear-4711'; CREATE ROLE trusted LOGIN; \
              GRANT CONNECT ON DATABASE app TO old, clear, trusted",
        ..Options::default()
    });
    let app = format!("app:{}", APP.password);
    let of = |who: &str| server.dsn().replacen(&app, who, 1);
    let (client, unknown) = (made.client(), made.unknown_client());
    let with = |pair: &crate::support::Pair| {
        let (chain, key) = (pair.chain.display(), pair.key.display());
        format!(", client_certificate: {{ certificate: \"{chain}\", key: \"{key}\" }}")
    };
    let odd = server.dsn_of(&ODD);
    let socket = server.socket_dsn().replacen(&app, "clear:clear-4711", 1);
    look(
        &server,
        &[
            passes("scram-plus", sql(&server.dsn(), ""), "user: app"),
            passes("scram", sql(&server.dsn(), ", tls: disable"), "user: app"),
            passes(
                "md5",
                sql(&of("old:old-4711"), ", tls: disable"),
                "user: old",
            ),
            stops("md5-wrong", sql(&of("old:x"), ""), "postgres.28P01", "auth"),
            passes(
                "clear",
                sql(
                    &of("clear:clear-4711"),
                    &format!(", ca: \"{}\"", made.root().display()),
                ),
                "user: clear",
            ),
            // Whoever answers would have it.
            stops(
                "clear-unverified",
                sql(&of("clear:clear-4711"), ""),
                "sql.auth.server",
                "auth",
            ),
            passes("clear-socket", sql(&socket, ""), "user: clear"),
            stops(
                "clear-plain",
                sql(&of("clear:clear-4711"), ", tls: disable"),
                "sql.auth.server",
                "auth",
            ),
            passes("trust", sql(&of("trusted"), ""), "user: trusted"),
            passes("certificate", sql(&odd, &with(&client)), "user: odd"),
            stops("no-certificate", sql(&odd, ""), "postgres.28000", "startup"),
            stops(
                "no-tls",
                sql(&odd, ", tls: disable"),
                "postgres.28000",
                "startup",
            ),
            // Under TLS 1.3 the server tells only afterwards what it thinks of it.
            stops(
                "unknown-certificate",
                sql(&odd, &with(&unknown)),
                "tls.alert.48",
                "startup",
            ),
        ],
    );
}

#[test]
fn what_a_dsn_keeps_is_shown_nowhere() {
    let server = Postgres::start(&Options::default());
    let dsn = server.dsn_of(&ODD);
    // The server repeats what it is asked: in an error, and as an answer.
    let repeated = "$q$ ${secret.password} $q$";
    let suite: String = [
        ("right", "dsn", "1"),
        ("wrong", "wrong", "1"),
        ("answered", "dsn", repeated),
        ("complained", "dsn", &format!("{repeated}::int")),
    ]
    .map(|(name, who, what)| {
        format!(
            "  - name: {name}\n    sql: {{ dsn: \"${{secret.{who}}}\", query: \"SELECT {what} AS one\" }}\n    \
             expect: {{ rows: [{{ one: 2 }}] }}\n"
        )
    })
    .concat();
    let tool = Tool::new()
        .suite(&suite)
        .file(
            "suites/targets/here.yaml",
            "secrets:\n  dsn: { env: DSN }\n  wrong: { env: WRONG }\n  password: { env: PASSWORD }\n",
        )
        .env("DSN", &dsn)
        .env("WRONG", dsn.replacen("odd:", "odd:wrong", 1))
        .env("PASSWORD", ODD.password);
    let output = tell_all(&tool, &[]);
    is_kept(&tool, &output, ODD.password);
    server.is_left_alone();
    let broken = dsn.replace("/app", "/app?sslmode=perhaps");
    let output = tool.env("DSN", broken).run().exits(2);
    output.clone().stderr_has("`sslmode`");
    assert!(!output.to_string().contains("p%40ss"), "{output}");
}

#[test]
fn what_cannot_be_right_is_told_before_anything_is_looked_at() {
    let long = format!("postgres://u@/d?host=/{}", "x".repeat(120));
    for (dsn, keys, told) in [
        (long.as_str(), "", "107"),
        ("postgres://u@h/d\\n", "", "line break"),
        ("postgres://u@h/d ", "", "white space"),
        ("postgrs://u@h/d", "", "unknown"),
        (
            "postgres://u@h/d",
            ", query: SELECT 1; SELECT 2",
            "two statements",
        ),
        (
            "postgres://u@h/d",
            ", query: \"SELECT $$;$$; COMMIT\"",
            "two statements",
        ),
        (
            "postgres://u@h/d",
            ", query: PREPARE TRANSACTION 'x'",
            "would end the transaction",
        ),
        ("postgres://u@h/d", ", query: COPY t FROM STDIN", "`COPY`"),
        (
            "postgres://u@h/d",
            ", schema: { tables: { a.b.c: [] } }",
            "3 parts",
        ),
        ("postgres://u@h/d", ", tls: prefer, ca: ca.pem", "`tls` is"),
        (
            "postgres://u@%2Frun/d",
            ", resolver: 127.0.0.1",
            "unix socket",
        ),
        ("sqlite:app.db", ", tls: require", "without any network"),
        (
            "sqlite:app.db",
            ", ask: [connections]",
            "neither connections",
        ),
    ] {
        let suite = format!(
            "  - name: a\n    {}\n    expect: {{ role: primary }}\n",
            sql(dsn, keys)
        );
        Tool::new().suite(&suite).run().exits(2).stderr_has(told);
    }
}
