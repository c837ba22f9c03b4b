//! `look: loopback`: can we talk to ourselves?

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::model::{FaultKind, Looked, Phase, RunnerFault, Value};
use crate::probe::look::{Halt, Look};
use crate::probe::{Context, net};

/// Said to ourselves.
const WORDS: &[u8] = b"allclear looks at itself";

/// `echoed`: what was sent came back.
pub(super) async fn look(ctx: &Context) -> Looked {
    let mut look = Look::begin(ctx);
    let broken = |error: io::Error| match net::socket_halt(&error, "speaking to ourselves") {
        Halt::Fault { message, .. } => {
            Halt::fault(FaultKind::Runner(RunnerFault::Loopback), message)
        }
        unable @ Halt::Unable(_) => unable,
    };
    let speaking = async { echo().await.map_err(broken) };
    let heard = look
        .phase(
            Phase::Local,
            FaultKind::Runner(RunnerFault::Loopback),
            speaking,
        )
        .await?;
    look.fact("echoed", Value::Bool(heard == WORDS));
    Ok(look.finish())
}

async fn echo() -> io::Result<Vec<u8>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listening = async {
        let (mut stream, _) = listener.accept().await?;
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await?;
        to.shutdown().await
    };
    let speaking = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(WORDS).await?;
        stream.shutdown().await?;
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await?;
        Ok(heard)
    };
    let ((), heard) = tokio::try_join!(listening, speaking)?;
    Ok(heard)
}

#[cfg(test)]
mod tests {
    use crate::model::{Phase, Value};
    use crate::probe::runner::Runner;
    use crate::probe::testing::{look, read};

    #[tokio::test]
    async fn our_loopback_gives_back_what_was_sent() {
        let seen = look(&read::<Runner>("look: loopback")).await.unwrap();
        assert_eq!(seen.facts.get("echoed"), Some(&Value::Bool(true)));
        assert!(seen.phase(Phase::Local).is_some());
    }
}
