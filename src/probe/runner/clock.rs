//! `look: clock`: does our clock agree with theirs?

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::DATE;

use crate::model::{Looked, Observation, Stopped, Value};
use crate::probe::Context;
use crate::probe::exchange::{Prepared, ask, tls_for};
use crate::probe::look::Look;

/// The only fact of this look.
const SKEW: &str = "skew";

/// `skew`: how far our clock is from that of who answers.
pub(super) async fn look(ctx: &Context, prepared: &Prepared) -> Looked {
    let tls = tls_for(ctx, prepared).await?;
    let mut look = Look::begin(ctx);
    let answer = ask(&mut look, prepared, &tls).await.map_err(only_ours)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let date = answer
        .headers
        .get(DATE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
        .and_then(|date| u64::try_from(date.timestamp().as_second()).ok());
    if let (Ok(now), Some(date)) = (now, date) {
        look.fact(SKEW, Value::Duration(skew(now, Duration::from_secs(date))));
    }
    Ok(only_our_facts(look.finish()))
}

/// A `Date` of 12:00:00 was written somewhen in that second, so within it nothing is known to differ.
fn skew(ours: Duration, theirs: Duration) -> Duration {
    match ours.checked_sub(theirs) {
        Some(behind) => behind.saturating_sub(Duration::from_secs(1)),
        None => theirs.saturating_sub(ours),
    }
}

/// The exchange behind it has facts of its own, which this probe does not promise.
fn only_our_facts(mut seen: Observation) -> Observation {
    seen.facts.retain(|name, _| name == SKEW);
    seen
}

fn only_ours(stopped: Stopped) -> Stopped {
    match stopped {
        Stopped::Fault(seen) => Stopped::Fault(Box::new(only_our_facts(*seen))),
        unable @ Stopped::Unable(_) => unable,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::probe::runner::Runner;
    use crate::probe::testing::{Server, closed_port, code, look, read};

    /// Answers with a date this far from ours.
    async fn dated(date: jiff::Timestamp) -> Server {
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Server::start(move |mut stream| {
            let answer = format!("HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-length: 0\r\n\r\n");
            async move {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        })
        .await
    }

    #[tokio::test]
    async fn the_clock_is_compared_in_both_directions() {
        for offset in [-3600, 0, 3600] {
            let date = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(offset);
            let server = dated(date).await;
            let probe: Runner = read(&format!(
                "{{ look: clock, url: \"http://{}/\" }}",
                server.address
            ));
            let seen = look(&probe).await.unwrap();
            let Some(Value::Duration(skew)) = seen.facts.get("skew") else {
                panic!("{seen:?}");
            };
            let off = skew.as_secs_f64() - f64::from(i32::try_from(offset.abs()).unwrap());
            assert!(off.abs() < 10.0, "{offset}: {skew:?}");
            assert_eq!(seen.facts.get("remote_ip"), None);
        }
    }

    #[tokio::test]
    async fn nobody_with_a_clock_is_their_fault_and_not_ours() {
        let port = closed_port().await;
        let probe: Runner = read(&format!(
            "{{ look: clock, url: \"http://127.0.0.1:{port}/\" }}"
        ));
        assert_eq!(code(look(&probe).await), "tcp.refused");
    }

    #[test]
    fn within_the_second_of_a_date_nothing_differs() {
        let at = Duration::from_millis;
        assert_eq!(skew(at(12_700), at(12_000)), Duration::ZERO);
        assert_eq!(skew(at(15_500), at(12_000)), at(2_500));
        assert_eq!(skew(at(11_500), at(12_000)), at(500));
    }
}
