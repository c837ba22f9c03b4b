//! TLS, the ways to log in, and what nobody may see.

use super::{look, look_at, sql};
use crate::support::case::{passes, stops};
use crate::support::mariadb::{MariaDb, Options};
use crate::support::{Certificates, HOST, Login, ODD, Pair, Tool, is_kept, tell_all};

#[test]
fn tls_is_spoken_as_the_mode_says() {
    let made = Certificates::make();
    let server = MariaDb::start(&Options {
        tls: Some(&made.good()),
        sql: "ALTER USER odd REQUIRE SSL",
        ..Options::default()
    });
    let plain = MariaDb::start(&Options::default());
    let (root, other) = (made.root(), made.unknown_authority().chain);
    let (root, other) = (root.display(), other.display());
    let (dsn, odd) = (server.dsn(), server.dsn_of(&ODD));
    let tls = "tls: { matches: \"^TLSv1\" }, phases: { tls: { below: 5s } }";
    let none = "tls: null";
    look(
        &server,
        &[
            passes("prefer", sql(&dsn, ""), tls),
            passes("disable", sql(&dsn, ", tls: disable"), none),
            passes("require", sql(&dsn, ", tls: require"), tls),
            passes(
                "dsn",
                sql(&format!("{dsn}?ssl-mode=VERIFY_CA&ssl-ca={root}"), ""),
                tls,
            ),
            passes("full", sql(&dsn, &format!(", ca: \"{root}\"")), tls),
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
            stops(
                "another-authority",
                sql(&dsn, &format!(", tls: require, ca: \"{other}\"")),
                "tls.unknown_issuer",
                "tls",
            ),
            stops(
                "asked-for-tls",
                sql(&odd, ", tls: disable"),
                "mysql.1045",
                "auth",
            ),
            passes("asked-for-tls-has-it", sql(&odd, ""), tls),
            passes("socket", sql(&server.socket_dsn(), ""), none),
            passes(
                "socket-tls",
                sql(&server.socket_dsn(), ", tls: require"),
                tls,
            ),
            stops(
                "no-such-host",
                sql(&dsn.replace("127.0.0.1", HOST), ""),
                "dns.nxdomain",
                "resolve",
            )
            .or("dns.again", "resolve"),
        ],
    );
    plain.is_left_alone();
}

#[test]
fn a_bad_certificate_is_told_by_its_code_and_believed_only_by_require() {
    let made = Certificates::make();
    let root = made.root();
    for (name, pair, code) in [
        ("expired", made.expired(), "tls.expired"),
        ("self-signed", made.self_signed(), "tls.self_signed"),
        ("wrong-host", made.wrong_host(), "tls.wrong_name"),
    ] {
        let server = MariaDb::start(&Options {
            tls: Some(&pair),
            ..Options::default()
        });
        let verified = format!(", tls: verify-full, ca: \"{}\"", root.display());
        look(
            &server,
            &[
                stops(name, sql(&server.dsn(), &verified), code, "tls"),
                passes(
                    "believed",
                    sql(&server.dsn(), ", tls: require"),
                    "tls: { matches: TLS }",
                ),
            ],
        );
    }
}

#[test]
fn who_asks_is_proved_in_each_way_a_server_may_want() {
    let made = Certificates::make();
    let server = MariaDb::start(&Options {
        tls: Some(&made.good()),
        client_authority: Some(&made.root()),
        sql: "INSTALL SONAME 'auth_ed25519';; \
              CREATE USER signed IDENTIFIED VIA ed25519 USING PASSWORD('sign-4711');; GRANT SELECT ON app.* TO signed;; \
              CREATE USER nobody_knows IDENTIFIED VIA mysql_old_password USING '0000000000000000';; \
              CREATE USER empty;; GRANT SELECT ON app.* TO empty;; \
              ALTER USER odd REQUIRE X509",
        ..Options::default()
    });
    let of = |user: &'static str, password: &'static str| server.dsn_of(&Login { user, password });
    let with = |pair: &Pair| {
        let (chain, key) = (pair.chain.display(), pair.key.display());
        format!(", client_certificate: {{ certificate: \"{chain}\", key: \"{key}\" }}")
    };
    let odd = server.dsn_of(&ODD);
    look_at(&[
        passes(
            "native",
            sql(&server.dsn(), ", tls: disable"),
            "user: app@%",
        ),
        passes("native-tls", sql(&server.dsn(), ""), "user: app@%"),
        passes(
            "ed25519",
            sql(&of("signed", "sign-4711"), ", tls: disable"),
            "user: signed@%",
        ),
        passes(
            "ed25519-tls",
            sql(&of("signed", "sign-4711"), ""),
            "user: signed@%",
        ),
        stops(
            "ed25519-wrong",
            sql(&of("signed", "x"), ""),
            "mysql.1045",
            "auth",
        ),
        passes("empty", sql(&of("empty", ""), ""), "user: empty@%"),
        stops(
            "old",
            sql(&of("nobody_knows", "x"), ""),
            "sql.auth.unsupported",
            "auth",
        )
        .or("mysql.1275", "auth"),
        passes(
            "certificate",
            sql(&odd, &with(&made.client())),
            "user: odd@%",
        ),
        stops("no-certificate", sql(&odd, ""), "mysql.1045", "auth"),
        stops(
            "unknown-certificate",
            sql(&odd, &with(&made.unknown_client())),
            "tls.alert.48",
            "auth",
        )
        .or("mysql.1045", "auth")
        .or("sql.closed", "auth"),
        passes(
            "unix-socket",
            sql(&server.socket_dsn(), ""),
            "database: app",
        ),
    ]);
    server.is_left_alone();
}

#[test]
fn what_a_dsn_keeps_is_shown_nowhere() {
    let server = MariaDb::start(&Options::default());
    let dsn = server.dsn_of(&ODD);
    // The server repeats what it is asked: in an error, and as an answer. In its literals a backslash means something.
    let suite: String = [
        ("right", "dsn", "1"),
        ("wrong", "wrong", "1"),
        ("answered", "dsn", "'${secret.harmless}'"),
        ("complained", "dsn", "`${secret.harmless}`"),
    ]
    .map(|(name, who, what)| {
        format!(
            "  - name: {name}\n    sql: {{ dsn: \"${{secret.{who}}}\", query: \"SELECT {what} AS one\" }}\n    \
             expect: {{ rows: [{{ one: 2 }}] }}\n"
        )
    })
    .concat();
    let harmless = "harmless-but-secret-4711";
    let tool = Tool::new()
        .suite(&suite)
        .file(
            "suites/targets/here.yaml",
            "secrets:\n  dsn: { env: DSN }\n  wrong: { env: WRONG }\n  harmless: { env: HARMLESS }\n  password: { env: PASSWORD }\n",
        )
        .env("DSN", &dsn)
        .env("WRONG", dsn.replacen("odd:", "odd:wrong", 1))
        .env("HARMLESS", harmless)
        .env("PASSWORD", ODD.password);
    let output = tell_all(&tool, &[]);
    assert!(
        output.stdout.contains("mysql.1045") && output.stdout.contains("mysql.1054"),
        "{output}"
    );
    is_kept(&tool, &output, ODD.password);
    is_kept(&tool, &output, harmless);
    server.is_left_alone();
}
