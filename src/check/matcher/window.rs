//! How long a probe of Kubernetes tries before it gives up.

use std::time::Duration;

use crate::model::{Number, Value};

/// Ways of asking, of which a probe has one.
const ASKS: [&str; 4] = ["httpGet", "grpc", "tcpSocket", "exec"];

/// No probe is set to more seconds, or to more tries: 366 days.
const MOST: i128 = 366 * 24 * 60 * 60;

/// `initialDelaySeconds` (0) + `failureThreshold` (3) × `periodSeconds` (10) of a probe as Kubernetes writes it, and Cloud Run
/// after it (`core/v1` Probe): within this a container has to be up. Or why it has none.
pub(super) fn window(value: &Value) -> Result<Duration, String> {
    if !ASKS.iter().any(|key| value.get(key).is_some()) {
        return Err(format!("it is no probe: none of {}", ASKS.join(", ")));
    }
    let delay = seconds(value, "initialDelaySeconds", 0)?;
    let tries = seconds(value, "failureThreshold", 3)?;
    let period = seconds(value, "periodSeconds", 10)?;
    Ok(Duration::from_secs(delay + tries * period))
}

fn seconds(value: &Value, key: &str, absent: u64) -> Result<u64, String> {
    match value.get(key) {
        None => Ok(absent),
        Some(Value::Number(Number::Int(number @ 0..=MOST))) => {
            Ok(u64::try_from(*number).unwrap_or(absent))
        }
        Some(_) => Err(format!("its `{key}` is no whole number of seconds")),
    }
}
