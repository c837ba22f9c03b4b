//! What this program does when it is the service.

use std::io;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::answers::Answers;
use super::arguments::{Arguments, Role};
use super::progress::Progress;
use super::say::{complain, say, show};
use super::{left_behind, parent, phases, supervisor};
use crate::demo::Fault;
use crate::demo::tasks::Tasks;

/// The first argument of this program when it is the service.
pub const SERVICE_FLAG: &str = "--demo-service";

/// What Python says of a module that is not there.
const TRACEBACK: &str = "\
Traceback (most recent call last):
  File \"/app/main.py\", line 3, in <module>
    from app.startup import Application
  File \"/app/startup.py\", line 12, in <module>
    import agents.supervisor
ModuleNotFoundError: No module named 'agents'
";

/// Is the service where the first argument is [`SERVICE_FLAG`], and gives the exit code once it has ended; else `None`. To be
/// asked before anything else is done, by every `main` that runs validations of the embedded environment.
pub fn startup_service() -> Option<ExitCode> {
    let mut given = std::env::args().skip(1);
    if given.next()? != SERVICE_FLAG {
        return None;
    }
    Some(match Arguments::parse(given, std::env::var("PORT").ok()) {
        Ok(arguments) => run(&arguments),
        Err(slip) => {
            complain(&slip);
            ExitCode::from(2)
        }
    })
}

fn run(arguments: &Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = runtime.and_then(|runtime| {
        runtime.block_on(async {
            match arguments.role {
                Role::LeftBehind(by) => left_behind::be(by).await,
                Role::Supervisor => {
                    parent::die_with_it();
                    supervisor::supervise(arguments).await
                }
                Role::Service => {
                    parent::die_with_it();
                    serve(arguments).await
                }
            }
        })
    });
    ended.unwrap_or_else(|error| {
        complain(&error.to_string());
        ExitCode::FAILURE
    })
}

async fn serve(arguments: &Arguments) -> io::Result<ExitCode> {
    let mut asked = Asked::listen()?;
    say(&format!("started as process {}", std::process::id()));
    if arguments.fault == Fault::StartImport {
        show(TRACEBACK);
        return Ok(ExitCode::FAILURE);
    }
    let Some(port) = arguments.port else {
        complain("a port is needed: --port or PORT");
        return Ok(ExitCode::from(2));
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    say(&format!("listening on {}", listener.local_addr()?));
    let progress = Arc::new(Progress::begin());
    let answers = Arc::new(Answers {
        fault: arguments.fault,
        progress: Arc::clone(&progress),
        asked: AtomicU64::new(0),
    });
    let tasks = Tasks::default();
    tasks.serve(listener, move |stream| {
        Arc::clone(&answers).converse(stream)
    });
    let starting = async {
        let started = phases::run(arguments, &progress).await;
        if started.is_ok() {
            say(&format!("startup complete in {:.0?}", progress.elapsed()));
        }
        started
    };
    let to_the_end = async {
        match starting.await {
            Ok(()) => std::future::pending().await,
            Err(failure) => failure,
        }
    };
    Ok(tokio::select! {
        failure = to_the_end => {
            complain(&failure.message);
            complain("application startup failed, exiting");
            ExitCode::from(failure.code)
        }
        () = asked.wait(arguments.fault) => {
            say("asked to end, shutting down");
            ExitCode::SUCCESS
        }
    })
}

/// The signals that ask a service to end.
struct Asked {
    terminate: Signal,
    interrupt: Signal,
}

impl Asked {
    /// From now on they do not end the process by themselves.
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one that is heeded.
    async fn wait(&mut self, fault: Fault) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            if fault != Fault::StartIgnoreTerm {
                return;
            }
            say("asked to end, going on");
        }
    }
}
