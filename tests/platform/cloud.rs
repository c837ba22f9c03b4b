//! A cloud that says what it is told to, and the example target that runs in it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use super::{CRITICAL, LOGIN};
use crate::support::{Ends, Output, Tool, ends_of, tell_all};

/// The example that newcomers copy: what it says of each variable is tried here.
const EXAMPLE: &str = include_str!("../../suites/targets/staging.yaml");

/// Asking a shell script takes moments; the machine may be busy.
const LONGEST: Duration = Duration::from_secs(20);

/// Instances that are not good, and how they end: `failed expect.json`.
pub(super) type Red<'r> = &'r [(&'r str, &'r str)];

/// What a command line says when it is asked.
#[derive(Clone)]
pub(super) struct Answer {
    program: &'static str,
    arguments: String,
    stdout: String,
    stderr: String,
    code: u8,
}

impl Answer {
    pub(super) fn new(
        program: &'static str,
        arguments: impl Into<String>,
        stdout: impl Into<String>,
    ) -> Self {
        Self {
            program,
            arguments: arguments.into(),
            stdout: stdout.into(),
            stderr: String::new(),
            code: 0,
        }
    }
}

/// What is changed in an answer.
enum Change {
    /// Something else stands at the one place where this stands.
    Swap(String, String),
    /// It says something else altogether.
    Say(String),
    /// The account may not ask.
    Refuse,
}

impl Change {
    #[track_caller]
    fn apply(&self, answer: &mut Answer) {
        match self {
            Self::Swap(from, to) => {
                let places = answer.stdout.matches(from.as_str()).count();
                assert_eq!(places, 1, "{}: {from}", answer.arguments);
                answer.stdout = answer.stdout.replace(from, to);
            }
            Self::Say(stdout) => stdout.clone_into(&mut answer.stdout),
            Self::Refuse => {
                answer.stdout.clear();
                "ERROR: PERMISSION_DENIED: permission denied on this resource (or it may not exist)\n".clone_into(&mut answer.stderr);
                answer.code = 1;
            }
        }
    }
}

/// Something that goes wrong, and what has to turn red.
pub(super) struct Slip {
    asked: String,
    change: Change,
    red: &'static [&'static str],
    code: &'static str,
}

/// In what is said when this is asked stands something else, which is no more what was declared.
pub(super) fn swap(asked: &str, from: &str, to: &str, red: &'static [&'static str]) -> Slip {
    Slip {
        asked: asked.to_owned(),
        change: Change::Swap(from.to_owned(), to.to_owned()),
        red,
        code: "expect.json",
    }
}

/// Another answer altogether.
pub(super) fn say(asked: &str, stdout: &str, red: &'static [&'static str]) -> Slip {
    Slip {
        asked: asked.to_owned(),
        change: Change::Say(stdout.to_owned()),
        red,
        code: "expect.json",
    }
}

/// The same where a secret is said.
pub(super) fn say_secret(asked: &str, secret: &str, red: &'static [&'static str]) -> Slip {
    Slip {
        code: "expect.well_formed",
        ..say(asked, secret, red)
    }
}

/// No answer, as when the account may not ask.
pub(super) fn refuse(asked: &str, red: &'static [&'static str]) -> Slip {
    Slip {
        asked: asked.to_owned(),
        change: Change::Refuse,
        red,
        code: "expect.exit_code",
    }
}

/// The first slip of each document, and the rest.
fn one_of_each(slips: Vec<Slip>) -> (Vec<Slip>, Vec<Slip>) {
    let mut taken = BTreeSet::new();
    slips
        .into_iter()
        .partition(|slip| taken.insert(slip.asked.clone()))
}

/// A healthy one, until something is changed.
#[derive(Clone)]
pub(super) struct Cloud {
    answers: Vec<Answer>,
    /// Lines of the example, and what stands there instead.
    lines: Vec<(&'static str, &'static str)>,
    dsn: String,
    is_google: bool,
    is_installed: bool,
}

impl Cloud {
    /// Those answers, and the example's target with these lines changed.
    pub(super) fn of(
        answers: Vec<Answer>,
        lines: &[(&'static str, &'static str)],
        dsn: &str,
    ) -> Self {
        let login = LOGIN
            .iter()
            .map(|(arguments, said)| Answer::new("gcloud", *arguments, *said));
        Self {
            answers: login.chain(answers).collect(),
            lines: lines.to_vec(),
            dsn: dsn.to_owned(),
            is_google: true,
            is_installed: true,
        }
    }

    /// The same where nothing of Google Cloud is asked.
    pub(super) fn elsewhere(
        answers: Vec<Answer>,
        lines: &[(&'static str, &'static str)],
        dsn: &str,
    ) -> Self {
        let cloud = Self::of(answers, lines, dsn);
        Self {
            is_google: false,
            ..cloud
        }
    }

    /// The one whose arguments have this in them.
    #[track_caller]
    fn answer(&mut self, asked: &str) -> &mut Answer {
        let mut found = self
            .answers
            .iter_mut()
            .filter(|answer| answer.arguments.contains(asked));
        let answer = found
            .next()
            .unwrap_or_else(|| panic!("{asked}: nobody asks this"));
        assert!(found.next().is_none(), "{asked}: several ask this");
        answer
    }

    /// With another answer altogether.
    #[track_caller]
    pub(super) fn saying(mut self, asked: &str, stdout: &str) -> Self {
        stdout.clone_into(&mut self.answer(asked).stdout);
        self
    }

    /// With an end that is none, and what is said nevertheless.
    #[track_caller]
    pub(super) fn failing(mut self, asked: &str, stdout: &str) -> Self {
        let answer = self.answer(asked);
        stdout.clone_into(&mut answer.stdout);
        "error: error executing template\n".clone_into(&mut answer.stderr);
        answer.code = 1;
        self
    }

    /// With another line in the target.
    pub(super) fn declaring(mut self, line: &'static str, other: &'static str) -> Self {
        self.lines.push((line, other));
        self
    }

    pub(super) fn with_dsn(mut self, dsn: &str) -> Self {
        dsn.clone_into(&mut self.dsn);
        self
    }

    /// Where nobody has installed a command line.
    pub(super) fn without_programs(mut self) -> Self {
        self.is_installed = false;
        self
    }

    fn target(&self) -> String {
        let mut text = EXAMPLE.replace(
            "db_dsn: { file: /run/secrets/staging-dsn }",
            "db_dsn: { env: STAGING_DSN }",
        );
        for (line, other) in &self.lines {
            assert_eq!(text.matches(line).count(), 1, "{line}");
            text = text.replace(line, other);
        }
        if !self.is_google {
            text = text.replace("  # - { id: platform/", "  - { id: platform/");
        }
        text
    }

    /// The program with this target, and the command lines in its `PATH`.
    pub(super) fn tool(&self) -> Tool {
        let mut tool = Tool::bare().file("here.yaml", &self.target());
        let bin = tool.path("bin");
        fs::create_dir(&bin).unwrap();
        let link = |name: &str, program: &str| symlink(program, bin.join(name)).unwrap();
        // Whoever tries this may have a real one, which must not be asked.
        let path = if self.is_installed {
            let stand_in = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/platform/stand-in");
            for name in ["gcloud", "kubectl", "aws"] {
                link(name, stand_in);
            }
            format!("{}:/usr/bin:/bin", bin.display())
        } else {
            link("echo", "/bin/echo");
            bin.display().to_string()
        };
        for (at, answer) in self.answers.iter().enumerate() {
            let below = |name: &str| format!("answers/{}/{at:02}/{name}", answer.program);
            tool = tool
                .file(&below("arguments"), &format!("{}\n", answer.arguments))
                .file(&below("stdout"), &answer.stdout)
                .file(&below("stderr"), &answer.stderr)
                .file(&below("code"), &format!("{}\n", answer.code));
        }
        tool.env("PATH", path)
            .env("EXPECTED_REVISION", "api-00017-abc")
            .env("DEPLOYED_AT", "2025-09-16T08:00:00Z")
            .env("STAGING_PASSWORD", "osprey-1234-over-the-lake")
            .env("STAGING_DSN", &self.dsn)
            .env(
                "STAGING_BAD_DSN",
                "postgres://app:buzzard-0815@db.example/app",
            )
            .env("STAGING_REDIS_URL", "redis://cache.example")
            .env("STAGING_JWT_KEY", "heron-5678-under-the-bridge")
    }

    fn run(&self, more: &[&str]) -> (Tool, Output) {
        let tool = self.tool();
        let target = tool.path("here.yaml");
        let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
        let args = [
            "run",
            "--suites",
            suites,
            "--target",
            target.to_str().unwrap(),
            "--gate",
            "selection",
            "--only",
            "platform/*",
            "--report",
            "json=run.json",
        ];
        let output = tool.then(args.iter().chain(more));
        (tool, output)
    }

    /// Everything the program has to say of this, and where it has said it.
    pub(super) fn told(&self, only: &str) -> (Tool, Output) {
        let suites = concat!(env!("CARGO_MANIFEST_DIR"), "/suites");
        let tool = self
            .tool()
            .env("ALLCLEAR_SUITES", suites)
            .env("ALLCLEAR_TARGET", "here.yaml");
        let output = tell_all(&tool, &["--allow-commands", "--only", only]);
        // Where the secret is kept, and nowhere else.
        fs::remove_dir_all(tool.path("answers")).unwrap();
        (tool, output)
    }

    /// The word, and who is not good.
    #[track_caller]
    pub(super) fn seen(&self) -> (String, Ends) {
        let (tool, output) = self.run(&["--allow-commands"]);
        ends_of(&tool, &output, LONGEST)
    }

    /// The word, and exactly these not good.
    #[track_caller]
    pub(super) fn ends(&self, word: &str, red: Red<'_>) {
        let (tool, output) = self.run(&["--allow-commands"]);
        let expected: Ends = red
            .iter()
            .map(|(id, how)| ((*id).to_owned(), (*how).to_owned()))
            .collect();
        let seen = ends_of(&tool, &output, LONGEST);
        assert_eq!(seen, (word.to_owned(), expected), "{output}");
    }

    /// Each slip turns exactly its tests red. They are tried in rounds, of every document one: different tests look at them.
    #[track_caller]
    pub(super) fn turns_red(&self, slips: Vec<Slip>) {
        let mut left = slips;
        while !left.is_empty() {
            let (mut cloud, mut expected) = (self.clone(), Ends::new());
            let (round, later) = one_of_each(left);
            for slip in round {
                let answer = cloud.answer(&slip.asked);
                slip.change.apply(answer);
                for id in slip.red {
                    expected.insert((*id).to_owned(), format!("failed {}", slip.code));
                }
            }
            let (tool, output) = cloud.run(&["--allow-commands"]);
            let (word, seen) = ends_of(&tool, &output, LONGEST);
            assert_eq!(seen, expected, "{output}");
            let tests = tool.json("run.json")["tests"].as_array().unwrap().len();
            // A critical one is a veto; of all, one in five may be red.
            let is_vetoed = CRITICAL.iter().any(|id| expected.contains_key(*id));
            let is_go = !is_vetoed && expected.len() * 5 <= tests;
            assert_eq!(word, if is_go { "GO" } else { "NO-GO" }, "{output}");
            left = later;
        }
    }

    /// It is GO, and everything that is documented here was asked for.
    #[track_caller]
    pub(super) fn is_go(&self) {
        let (tool, output) = self.run(&["--allow-commands"]);
        let seen = ends_of(&tool, &output, LONGEST);
        assert_eq!(seen, ("GO".to_owned(), Ends::new()), "{output}");
        for (at, answer) in self.answers.iter().enumerate() {
            let asked = tool.path(&format!("answers/{}/{at:02}/asked", answer.program));
            assert!(asked.exists(), "{} is not asked", answer.arguments);
        }
    }

    /// The word, and that all who ask a command line have ended in one of these ways, with what they require.
    #[track_caller]
    pub(super) fn all_end(&self, word: &str, ways: &[&str], more: &[&str]) {
        let (tool, output) = self.run(more);
        let (seen, ends) = ends_of(&tool, &output, LONGEST);
        assert_eq!(seen, word, "{output}");
        let tests = tool.json("run.json")["tests"].as_array().unwrap().len();
        // Only arithmetic asks nobody.
        assert_eq!(ends.len(), tests - 1, "{ends:?}");
        for (id, seen) in &ends {
            assert!(ways.contains(&seen.as_str()), "{id}: {seen}\n{output}");
        }
        for way in ways {
            assert!(ends.values().any(|seen| seen == way), "{way}\n{output}");
        }
    }
}
