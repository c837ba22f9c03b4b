//! The service's first words with its database.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For connecting and asking together: short, so that a start that fails fails soon.
const PATIENCE: Duration = Duration::from_millis(800);

/// The longest answer.
const LONGEST: u64 = 64;

/// Connects and asks whether the database is there; why not, in words.
pub(super) async fn connect(database: &str) -> Result<(), String> {
    let Ok(address) = database.parse::<SocketAddr>() else {
        // What a resolver says to what is no name. None is asked: what it would make of this is nobody's business.
        return Err(format!(
            "database {database:?}: [Errno -2] Name or service not known"
        ));
    };
    match timeout(PATIENCE, ask(address)).await {
        Ok(Ok(answer)) if answer == "PONG\n" => Ok(()),
        Ok(Ok(answer)) => Err(format!("database {address}: answers {answer:?}")),
        Ok(Err(error)) => Err(format!("database {address}: {error}")),
        Err(_) => Err(format!("database {address}: no answer within {PATIENCE:?}")),
    }
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    stream.get_mut().write_all(b"PING\n").await?;
    let mut answer = String::new();
    stream.take(LONGEST).read_line(&mut answer).await?;
    Ok(answer)
}
