//! Whether a secret was kept: not in any form, in any output.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{Output, Tool};

/// Writes every report there is, and a few commands more.
pub(crate) fn tell_all(tool: &Tool, extra: &[&str]) -> Output {
    let reports = allclear::report::FORMATS
        .iter()
        .map(|format| format!("{0}=out.{0}", format.name));
    let mut args: Vec<String> = vec!["run".into(), "-v".into()];
    for report in reports {
        args.extend(["--report".to_owned(), report]);
    }
    args.extend(extra.iter().map(|&arg| arg.to_owned()));
    let mut output = tool.then(args);
    for more in [
        &["list", "--explain"][..],
        &["list", "--explain", "--format", "json"],
        &["check"],
        &["report", "-v"],
    ] {
        let more = tool.then(more);
        output.stdout.push_str(&more.stdout);
        output.stderr.push_str(&more.stderr);
    }
    output
}

/// Every way a secret could be written.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let xml = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let xml_quoted = xml.replace('"', "&quot;");
    let percent: String = secret
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let form = percent.replace("%20", "+");
    let lower = percent.replace(|_: char| false, "").to_lowercase();
    vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        xml,
        xml_quoted,
        percent,
        form,
        lower,
        STANDARD.encode(secret),
        STANDARD.encode(secret).trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(secret),
    ]
}

/// Nothing the program said or wrote holds the secret in any form.
#[track_caller]
pub(crate) fn is_kept(tool: &Tool, output: &Output, secret: &str) {
    let mut places = vec![
        ("stdout".to_owned(), output.stdout.clone()),
        ("stderr".to_owned(), output.stderr.clone()),
    ];
    files(&tool.path(""), &mut places);
    for (place, text) in places
        .iter()
        .filter(|(place, _)| !place.contains("/suites/"))
    {
        for form in forms(secret) {
            assert!(
                !text.contains(&form),
                "{place} holds the secret as {form:?}:\n{text}"
            );
        }
    }
}

fn files(folder: &Path, places: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, places);
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            places.push((path.display().to_string(), text));
        }
    }
}
