//! The command line, and how it becomes [`Flags`].

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::GateMode;
use crate::settings::{Colour, Flags, Permission, Verbosity};

/// Prove that an environment is healthy after an infrastructure change.
///
/// allclear loads suites written in YAML, runs them against a target, and decides GO, NO-GO or INCONCLUSIVE, with every
/// reason printed.
#[derive(Debug, Parser)]
#[command(name = "allclear", version, max_term_width = 100, after_long_help = EXIT_CODES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    GO
  1    NO-GO
  2    usage, configuration or suites are invalid; nothing was probed
  3    INCONCLUSIVE
  4    our own fault, or a requested report could not be written
  129, 130, 143   interrupted by SIGHUP, SIGINT, SIGTERM; reports are still written

Every flag has an environment variable: --jobs is ALLCLEAR_JOBS, --fail-fast is ALLCLEAR_FAIL_FAST=true.
Precedence: flag > environment > target > allclear.yaml > built-in.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// See a broken and then a fixed environment: embedded, needs nothing installed
    ///
    /// Starts a small service, its database and a connector between them on 127.0.0.1, runs the shipped suites with the
    /// connector broken (NO-GO) and fixed (GO), and writes both runs' reports to ./allclear-demo.
    Demo(DemoArgs),
    /// Run suites against a target, apply the gate, exit with the verdict
    #[command(after_long_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Read everything, run nothing: errors and lints with file, line and column
    Check(CheckArgs),
    /// What would run, in which order, and what each test asserts
    List(ListArgs),
    /// Render any report again from a recorded run
    #[command(after_long_help = REPORT_EXAMPLES)]
    Report(ReportArgs),
    /// What a code, a rule or an error means, whose it usually is, and how to make sure
    ///
    /// Takes what a report shows (`tcp.refused`, `TCP-1`), what a log shows (`ECONNREFUSED`, `SQLSTATE 53300`, `exit 3`, `502`),
    /// or words of either. It says what the failure means, whose it usually is and how sure that is, what else it could be, what
    /// confirms and what falsifies it, and which commands to run; it runs none of them.
    /// Where several are meant it lists them, a line each.
    #[command(after_long_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Print a JSON Schema: of the suite format or of rules (for editors), or of the JSON report
    Schema(SchemaArgs),
    /// Write a suite folder to start from
    #[command(after_long_help = INIT_EXAMPLES)]
    Init(InitArgs),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

const RUN_EXAMPLES: &str = "\
Examples:
  allclear run --target staging --report junit=out.xml     what a pipeline runs
  allclear run suites/30-database -j 4                     one folder (partial: at most INCONCLUSIVE)
  allclear run --only 'database/*' --gate selection        decide over a selection alone
  allclear run --rerun failed                              what was not good in the last run, and what it requires";

const REPORT_EXAMPLES: &str = "\
Examples:
  allclear report last                                     the terminal's report of the last run
  allclear report last --report junit=out.xml --report json=out.json
  allclear report last --rules rules.yaml                  what other rules would have said of it";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  allclear explain tcp.refused                             a code of a report
  allclear explain TCP-1                                   the rule that a diagnosis names
  allclear explain ECONNREFUSED                            a name from a log
  allclear explain exit 3                                  a number, and what it is of
  allclear explain pg connections                          words

docs/diagnosis.md is all of it on one page.";

const INIT_EXAMPLES: &str = "\
Examples:
  allclear init --url https://example.org                  one test of a URL of your own: then `allclear run`
  allclear init checks                                     all shipped suites, with the embedded demo target";

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A code, the id of a rule, the name or number of an error, or words
    #[arg(value_name = "CODE", required = true, allow_negative_numbers = true)]
    pub(super) words: Vec<String>,
    /// Rules of your own before ours: docs/rules.md [default: `diagnosis.rules` of the project around]
    #[arg(long, value_name = "FILE")]
    pub(super) rules: Option<PathBuf>,
}

#[derive(Debug, Args, Default)]
pub(super) struct TargetArgs {
    /// The folder of suites [default: the nearest parent of PATH with allclear.yaml, else `suites`]
    #[arg(long, value_name = "DIR")]
    suites: Option<PathBuf>,
    /// The target: a name in targets/, or a file [default: `target` in allclear.yaml]
    #[arg(short, long, value_name = "NAME|FILE")]
    target: Option<String>,
    /// Set a variable of the target; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = Flags::pair)]
    set: Vec<(String, String)>,
    /// Rules of your own that explain failures: docs/rules.md [default: `diagnosis.rules` in allclear.yaml]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Let tests start programs
    #[arg(long)]
    allow_commands: bool,
    /// Let tests change the target; a production target must be named here
    #[arg(long, value_name = "TARGET", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    allow_side_effects: Option<String>,
}

#[derive(Debug, Args, Default)]
pub(super) struct SelectArgs {
    /// Files or folders of the suites [default: all]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Only tests whose id matches: an id, an id without its row, a category, or a glob with * and ?
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// Only tests whose tags match: `critical and not slow`
    #[arg(long, value_name = "EXPR")]
    tag: Option<String>,
}

#[derive(Debug, Args, Default)]
pub(super) struct OutputArgs {
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum)]
    color: Option<When>,
    /// Say only the verdict
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Name every test, and keep the evidence of those that held
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    target: TargetArgs,
    /// Run again what was not good in an earlier run: `failed` of the last, or `failed:RUN`
    #[arg(long, value_name = "failed[:RUN]", value_parser = Flags::rerun)]
    rerun: Option<String>,
    /// How many tests look at once [default: 8]
    #[arg(short, long, value_name = "N", value_parser = Flags::count)]
    jobs: Option<usize>,
    /// End the run after so long; what has not ended by then is not_run
    #[arg(long, value_name = "DURATION", value_parser = Flags::duration)]
    deadline: Option<Duration>,
    /// Start nothing more after the first test that ends badly
    #[arg(long)]
    fail_fast: bool,
    /// Write a report: console, junit, json, jsonl, github, handoff; without =PATH to standard output; may be given again
    #[arg(long, value_name = "FORMAT[=PATH]")]
    report: Vec<String>,
    /// Apply the gate to all planned tests, or to the selection as if it were all there is
    #[arg(long, value_name = "full|selection", value_parser = Flags::gate_mode)]
    gate: Option<GateMode>,
    /// Conditions (flaky, skipped or omitted tests, lints, …) give INCONCLUSIVE
    #[arg(long)]
    strict: bool,
    /// Exit 0 whatever the verdict: for jobs that only report
    #[arg(long)]
    exit_zero: bool,
    /// Where runs are kept [default: .allclear/runs]
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// How many runs are kept [default: 20]
    #[arg(long, value_name = "N", value_parser = Flags::count)]
    keep: Option<usize>,
    /// From where this run looks, as reports say it [default: the name of this machine]
    #[arg(long, value_name = "NAME")]
    vantage: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    target: TargetArgs,
    /// Lints are errors
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    target: TargetArgs,
    /// Print every expectation a test really has
    #[arg(long)]
    pub(super) explain: bool,
    /// Print every code a test can end with, and what it means; no suite is read
    #[arg(long, conflicts_with_all = ["explain", "format"])]
    pub(super) codes: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub(super) format: ListFormat,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The run: `last`, an id, the beginning of one, or a folder
    #[arg(value_name = "RUN", default_value = "last")]
    pub(super) run: String,
    /// The report: console, junit, json, jsonl, github, handoff; without =PATH to standard output [default: console]
    #[arg(long, value_name = "FORMAT[=PATH]")]
    report: Vec<String>,
    /// Explain the run again, with these rules before ours; its verdict stays as it was
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Where runs are kept [default: .allclear/runs]
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Keep the environment running and print its variables, until Ctrl-C
    #[arg(long)]
    pub(super) serve: bool,
    /// The fault to switch on with --serve
    #[arg(long, value_name = "FAULT")]
    pub(super) fault: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Which document
    #[arg(value_enum, default_value_t = SchemaOf::Suite)]
    pub(super) of: SchemaOf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    /// Suite files, allclear.yaml, sessions.yaml and targets
    Suite,
    /// The document of --report json
    Run,
    /// Files of rules of your own
    Rules,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The folder to write; it must not exist, or be empty
    #[arg(value_name = "DIR", default_value = "suites")]
    pub(super) dir: PathBuf,
    /// Start from one test of this URL instead of all shipped suites
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// A switch that can only be given, not taken back.
fn given(switch: bool) -> Option<bool> {
    switch.then_some(true)
}

impl TargetArgs {
    fn flags(&self) -> Flags {
        Flags {
            suites: self.suites.clone(),
            target: self.target.clone(),
            set: self.set.clone(),
            rules: self.rules.clone(),
            allow_commands: given(self.allow_commands),
            allow_side_effects: self.allow_side_effects.as_ref().map(|target| {
                if target.is_empty() {
                    Permission::NotProduction
                } else {
                    Permission::Target(target.clone())
                }
            }),
            ..Flags::default()
        }
    }
}

impl OutputArgs {
    fn flags(&self) -> Flags {
        let verbosity = match (self.quiet, self.verbose) {
            (true, _) => Some(Verbosity::Quiet),
            (_, true) => Some(Verbosity::Verbose),
            _ => None,
        };
        let colour = self.color.map(|when| match when {
            When::Auto => Colour::Auto,
            When::Always => Colour::Always,
            When::Never => Colour::Never,
        });
        Flags {
            colour,
            verbosity,
            ..Flags::default()
        }
    }
}

impl SelectArgs {
    fn flags(&self) -> Flags {
        Flags {
            only: self.only.clone(),
            tag: self.tag.clone(),
            ..Flags::default()
        }
    }
}

impl RunArgs {
    /// The flags as given.
    pub(super) fn flags(&self) -> Flags {
        let own = Flags {
            rerun: self.rerun.clone(),
            jobs: self.jobs,
            deadline: self.deadline,
            fail_fast: given(self.fail_fast),
            reports: self.report.clone(),
            gate: self.gate,
            strict: given(self.strict),
            exit_zero: given(self.exit_zero),
            runs: self.runs.clone(),
            keep: self.keep,
            vantage: self.vantage.clone(),
            ..Flags::default()
        };
        own.over(self.target.flags())
            .over(self.select.flags())
            .over(self.output.flags())
    }
}

impl CheckArgs {
    /// The flags as given.
    pub(super) fn flags(&self) -> Flags {
        let own = Flags {
            strict: given(self.strict),
            ..Flags::default()
        };
        own.over(self.target.flags())
            .over(self.select.flags())
            .over(self.output.flags())
    }
}

impl ListArgs {
    /// The flags as given.
    pub(super) fn flags(&self) -> Flags {
        self.target
            .flags()
            .over(self.select.flags())
            .over(self.output.flags())
    }
}

impl ReportArgs {
    /// The flags as given.
    pub(super) fn flags(&self) -> Flags {
        let own = Flags {
            reports: self.report.clone(),
            rules: self.rules.clone(),
            runs: self.runs.clone(),
            ..Flags::default()
        };
        own.over(self.output.flags())
    }
}

impl DemoArgs {
    /// The flags as given.
    pub(super) fn flags(&self) -> Flags {
        self.output.flags()
    }
}
