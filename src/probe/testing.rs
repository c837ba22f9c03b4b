//! What the tests of probes share: reading YAML, tiny servers, certificates, and taking looks apart.

pub(super) mod certificates;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::net::Resolvers;
use super::{AnyProbe, Context, Probe, any};
use crate::model::{Code, Looked, Observation, ProbeError, Stopped};
use crate::yaml::{Diagnostics, Node, Sources, parse};

/// Long enough for loopback on a busy machine, short enough for tests that wait for its end.
pub(super) const BUDGET: Duration = Duration::from_millis(300);

/// For looks that are expected to end by themselves.
pub(super) const AMPLE: Duration = Duration::from_secs(10);

pub(super) fn node(yaml: &str) -> Node {
    let mut sources = Sources::default();
    let file = sources.add("test.yaml", yaml);
    let mut problems = Diagnostics::default();
    parse(&sources, file, &mut problems).unwrap_or_else(|| panic!("{yaml}: {problems:?}"))
}

/// Reads and prepares a probe's mapping.
pub(super) fn read<P: Probe + DeserializeOwned>(yaml: &str) -> P {
    let mut problems = Diagnostics::default();
    any::read(&node(yaml), false, &mut problems).unwrap_or_else(|| panic!("{yaml}: {problems:?}"))
}

/// Looks until a file is there, then lets go of the look.
pub(super) async fn drop_once_there(probe: &impl Probe, file: &Path) {
    let ctx = Context::for_tests(Duration::from_mins(1));
    let there = async {
        while !file.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = probe.observe(&ctx) => panic!("it runs for long"),
        () = there => {}
    }
}

/// The first problem of a probe's mapping.
pub(super) fn problem(name: &str, yaml: &str) -> String {
    let mut problems = Diagnostics::default();
    let probe = AnyProbe::decode(name, &node(yaml), false, &mut problems);
    assert!(probe.is_none(), "{yaml} is taken");
    let problem = problems.iter().next().expect("a problem is told");
    problem.message.clone()
}

/// A look that must end by itself.
pub(super) async fn look<P: Probe>(probe: &P) -> Looked {
    look_in(probe, &Context::for_tests(AMPLE)).await
}

/// A look that must be ended by its budget, or well within it.
pub(super) async fn brief_look<P: Probe>(probe: &P) -> Looked {
    look_in(probe, &Context::for_tests(BUDGET)).await
}

/// A look with all that is worth showing of it, as if its test had not held.
pub(super) async fn look_in<P: Probe>(probe: &P, ctx: &Context) -> Looked {
    let mut looked = probe.observe(ctx).await;
    match &mut looked {
        Ok(seen) => probe.show(ctx, seen),
        Err(Stopped::Fault(seen)) => probe.show(ctx, seen),
        Err(Stopped::Unable(_)) => {}
    }
    looked
}

/// A context in which the system resolves no name.
pub(super) fn without_names(budget: Duration) -> Context {
    let mut ctx = Context::for_tests(budget);
    let shared = Arc::get_mut(&mut ctx.shared).expect("nobody has it yet");
    shared.resolvers = Resolvers::stuck();
    ctx
}

/// What was seen, and the code of the fault that stopped it.
pub(super) fn stopped(looked: Looked) -> (Code, Observation) {
    match looked {
        Err(Stopped::Fault(seen)) => {
            let code = seen.fault.as_ref().expect("stopped by a fault").code();
            (code, *seen)
        }
        other => panic!("no fault: {other:?}"),
    }
}

/// The code of the fault.
pub(super) fn code(looked: Looked) -> String {
    stopped(looked).0.to_string()
}

/// Why we could not look.
pub(super) fn unable(looked: Looked) -> ProbeError {
    match looked {
        Err(Stopped::Unable(error)) => error,
        other => panic!("we could: {other:?}"),
    }
}

/// A server on 127.0.0.1 that treats every connection alike; it ends with this value.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    task: AbortHandle,
}

impl Server {
    pub(super) async fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        let task = task.abort_handle();
        Self { address, task }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Keeps a connection open, saying nothing, until the peer closes it.
pub(super) async fn hold(mut stream: TcpStream) {
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

/// Resets a connection instead of closing it.
pub(super) fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

/// A port where nobody listens.
pub(super) async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}
