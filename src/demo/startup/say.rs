//! What the service says: a line at a time, with its time.

use std::io::Write;

use jiff::Timestamp;

/// News, on standard output.
pub(super) fn say(text: &str) {
    write(&mut std::io::stdout().lock(), "INFO ", text);
}

/// What went wrong, on standard error.
pub(super) fn complain(text: &str) {
    write(&mut std::io::stderr().lock(), "ERROR", text);
}

/// A text that has its own form, on standard error.
pub(super) fn show(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

/// One `write` a line, so that lines of several processes do not run into each other. Nobody needs to listen.
fn write(out: &mut impl Write, level: &str, text: &str) {
    let line = format!("{:.3} {level} {text}\n", Timestamp::now());
    let _ = out.write_all(line.as_bytes());
    let _ = out.flush();
}
