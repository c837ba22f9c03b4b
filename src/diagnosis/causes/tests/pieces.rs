//! Runs that nobody designed: tests, controls, sessions, samples, and what `on_fail` looked at, thrown together.

use std::time::Duration;

use proptest::prelude::*;

use super::building::{Told, id, says};
use crate::model::{Class, Confidence, Layer, Outcome, Phase, SessionName, Status, Value};

/// One test of a run, or one session.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    host: usize,
    what: usize,
    from: u64,
    took: u64,
    class: usize,
    confidence: usize,
    beside: Beside,
}

/// What it has besides the way it ended.
#[derive(Debug, Clone)]
struct Beside {
    /// It looked often: so many held, so many missed.
    sample: Option<(u64, u64)>,
    /// A probe of `on_fail` that got through, and where.
    look: Option<(usize, usize)>,
    /// A host that its answer names.
    mention: Option<usize>,
    /// A session that it uses.
    session: Option<usize>,
    /// A request that others make as well.
    request: Option<usize>,
    is_flaky: bool,
}

pub(super) fn pieces(most: usize) -> impl Strategy<Value = Vec<Piece>> {
    prop::collection::vec(piece(), 1..most)
}

fn piece() -> impl Strategy<Value = Piece> {
    let beside = (
        rarely((0..4_u64, 0..5_u64)),
        rarely((0..LOOKS.len(), 0..HOSTS.len())),
        rarely(0..HOSTS.len()),
        rarely(0..3_usize),
        rarely(0..2_usize),
        prop::bool::weighted(0.1),
    );
    let beside = beside.prop_map(
        |(sample, look, mention, session, request, is_flaky)| Beside {
            sample,
            look,
            mention,
            session,
            request,
            is_flaky,
        },
    );
    (
        0..HOSTS.len(),
        // The network fails more often than this machine does.
        prop_oneof![6 => 0..11_usize, 1 => 11..19_usize],
        0..40_u64,
        1..20_u64,
        0..5_usize,
        0..3_usize,
        beside,
    )
        .prop_map(
            |(host, what, from, took, class, confidence, beside)| Piece {
                host,
                what,
                from: from * 100,
                took: took * 50,
                class,
                confidence,
                beside,
            },
        )
}

fn rarely<S: Strategy>(strategy: S) -> impl Strategy<Value = Option<S::Value>> {
    prop::option::weighted(0.2, strategy)
}

const HOSTS: [&str; 4] = ["a.example", "b.example", "10.0.0.3", "127.0.0.1"];

const LOOKS: [&str; 4] = ["dns", "tcp", "tls", "http"];

/// Somebody who has nothing to do with the target, by name and by address.
const STRANGERS: [&[&str]; 2] = [
    &["dns:stranger.test", "sock:stranger.test:443"],
    &["sock:192.0.2.1:443"],
];

/// The name, the socket and the origin of a host, as far as it has them.
fn used(host: &str) -> Vec<String> {
    let name = host.contains("example").then(|| format!("dns:{host}"));
    let rest = [
        format!("sock:{host}:80"),
        format!("origin:http://{host}:80"),
    ];
    name.into_iter().chain(rest).collect()
}

/// The run that these pieces make.
pub(super) fn told(pieces: &[Piece]) -> Told {
    let numbered = pieces.iter().enumerate();
    let told = numbered.fold(Told::new(), |told, (number, piece)| {
        piece.tell(told, number)
    });
    told.record.tests.iter().for_each(|test| {
        assert!(test.elapsed > Duration::ZERO);
    });
    told
}

impl Piece {
    fn tell(&self, told: Told, number: usize) -> Told {
        match self.what {
            0..=10 => self.test(told, number),
            11..=16 => self.preflight(told, number),
            _ => self.session(told, number),
        }
    }

    fn of(&self, rule: &'static str, layer: Layer, at: &str) -> super::building::Says {
        let class = Class::ALL[self.class];
        says(rule, layer, at, class, Confidence::ALL[self.confidence])
    }

    /// How it ended, without what is beside it.
    fn end(&self, told: Told, test: &str) -> Told {
        let host = HOSTS[self.host];
        let uses = used(host);
        let uses: Vec<&str> = uses.iter().map(String::as_str).collect();
        let (name, sock) = (uses[0], format!("sock:{host}:80"));
        let origin = format!("origin:http://{host}:80");
        let fail = |told: Told, code, phase, of| told.fail(test, code, phase, &uses, &of);
        match self.what {
            2 => {
                let of = self.of("DNS-2", Layer::Dns, name);
                fail(told, "dns.again", Phase::Resolve, of)
            }
            3 => {
                let of = self.of("TCP-1", Layer::Transport, &sock);
                fail(told, "tcp.refused", Phase::Connect, of)
            }
            4 => {
                let of = self.of("TCP-3", Layer::Transport, &sock);
                fail(told, "tcp.timeout", Phase::Connect, of)
            }
            5 => told.answered(test, 502, &uses, &self.of("PRX-1", Layer::Proxy, &origin)),
            6 => {
                let of = self.of("TIME-5", Layer::Performance, &origin);
                fail(told, "http.timeout.first_byte", Phase::FirstByte, of)
            }
            7 => {
                let of = self.of("HTTP-7", Layer::Application, &origin);
                told.answered(test, 500, &uses, &of)
            }
            8 => {
                let of = self.of("HTTP-1", Layer::Auth, &origin);
                told.answered(test, 401, &uses, &of)
            }
            _ => told.pass(test, &uses),
        }
    }

    fn test(&self, told: Told, number: usize) -> Told {
        let test = format!("a/t{number}");
        let told = match self.what {
            9 => {
                let roots = [
                    format!("a/t{}", number / 2),
                    format!("session:s{}", number / 3),
                ];
                told.blocked(&test, &[&roots[0], &roots[1]])
            }
            10 => told.pass(&test, &[&format!("sock:{}:22", HOSTS[self.host])]),
            _ => self.end(told, &test),
        };
        self.beside(told).at(self.from, self.from + self.took)
    }

    fn beside(&self, mut told: Told) -> Told {
        let status = told.record.tests.last().unwrap().status;
        let beside = &self.beside;
        if let (Some(session), true) = (beside.session, status != Status::Blocked) {
            told = told.using(&format!("s{session}"));
        }
        if let (Some(request), true) = (beside.request, status != Status::Blocked) {
            told = told.step(|step| step.request = format!("GET /r{request}"));
        }
        if let (Some(host), Status::Failed) = (beside.mention, status) {
            let host = HOSTS[host];
            told = told.says_body(&format!("could not connect to \"{host}\", port 80"));
        }
        match (beside.sample, status) {
            (Some((held, missed)), Status::Failed) => {
                told = told.sampled(held, missed + 1, Duration::from_millis(self.took));
            }
            (Some((held, missed)), Status::Passed) => {
                told = told.sampled(held + 1, missed, Duration::from_millis(self.took));
            }
            _ => {}
        }
        if let (Some((probe, host)), Status::Failed) = (beside.look, status) {
            let looked = used(HOSTS[host]);
            let looked: Vec<&str> = looked.iter().map(String::as_str).take(2).collect();
            told = told.looked_on_fail(LOOKS[probe], &looked);
        }
        if beside.is_flaky && status == Status::Failed {
            told = told.last(|test| {
                test.status = Status::Flaky;
                test.attempts_made = 2;
            });
        }
        told
    }

    /// A control, or what is asked of this machine.
    fn preflight(&self, told: Told, number: usize) -> Told {
        let test = format!("preflight/c{number}");
        let stranger = STRANGERS[self.host % 2];
        let ours = |layer| self.of("RUN-2", layer, "runner");
        let noticed = |told: Told, fact: &'static str| {
            let told = told.answered(&test, 200, &["runner"], &ours(Layer::Runner));
            told.step(|step| {
                step.observation.facts.insert(fact, Value::Bool(false));
            })
        };
        let told = match self.what {
            11 => told.pass(&test, stranger).tagged("control"),
            12 => {
                let of = self.of("DNS-2", Layer::Dns, stranger[0]);
                let told = told.fail(&test, "dns.again", Phase::Resolve, stranger, &of);
                told.tagged("control")
            }
            13 => {
                let at = stranger[stranger.len() - 1];
                let of = self.of("TCP-3", Layer::Transport, at);
                let told = told.fail(&test, "tcp.timeout", Phase::Connect, stranger, &of);
                told.tagged("control")
            }
            14 => noticed(told, "enough"),
            15 => noticed(told, "resolved"),
            _ => {
                let of = ours(Layer::Runner);
                told.fail(&test, "runner.loopback", Phase::Local, &["runner"], &of)
            }
        };
        told.at(self.from, self.from + self.took)
    }

    /// A session that failed; of several with one name the first.
    fn session(&self, told: Told, number: usize) -> Told {
        let name = format!("s{}", number % 4);
        let is_known = |one: &SessionName| one.as_str() == name;
        if told.record.sessions.iter().any(|one| is_known(&one.name)) {
            return told;
        }
        let failing = Self {
            what: 2 + self.what % 7,
            ..self.clone()
        };
        let told = failing.end(told, &format!("session/{name}"));
        told.at(self.from, self.from + self.took)
            .into_session(&name)
    }
}

impl Told {
    /// The last test uses this session.
    fn using(self, session: &str) -> Self {
        self.last(|test| {
            let header = std::sync::Arc::make_mut(&mut test.header);
            header.uses.push(SessionName::new(session));
        })
    }
}

/// Whether an attempt of this test, or a look of `on_fail`, saw what it asked for.
pub(super) fn saw_something(told: &Told, test: &crate::model::TestId) -> bool {
    let Some(record) = told.record.test(test) else {
        return false;
    };
    let mut steps = record.attempts.iter().flat_map(|one| &one.steps);
    let is_held = matches!(record.status, Status::Passed | Status::Flaky);
    let has_held = record.sample.as_ref().is_some_and(|sample| sample.held > 0);
    is_held || has_held || steps.any(|step| step.outcome == Outcome::Held)
}

/// Those that failed of their own: what each is called, sessions included.
pub(super) fn failed(told: &Told) -> Vec<crate::model::TestId> {
    let sessions = told.record.sessions.iter();
    let sessions = sessions.map(|one| id(&format!("session/{}", one.name)));
    let tests = told.record.tests.iter();
    let tests = tests.filter(|one| matches!(one.status, Status::Failed | Status::Flaky));
    sessions
        .chain(tests.map(|one| one.header.id.clone()))
        .collect()
}
