//! What a process was started as, for people who have to find it.

use std::fs;

/// Longer command lines are cut.
const LONGEST: usize = 120;

/// Words in the name of an option whose value is nobody's business.
const SECRET: [&str; 6] = ["pass", "secret", "token", "key", "auth", "cred"];

/// Its command line, as far as we may see it (proc_pid_cmdline(5)), without what its options or addresses seem to keep secret.
pub(in crate::probe) fn called(pid: i32) -> Option<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line);
    let words = line.trim_end_matches('\0').split('\0');
    Some(shown(words)).filter(|shown| !shown.is_empty())
}

fn shown<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let mut text = String::new();
    let mut is_value = false;
    for word in words {
        if !text.is_empty() {
            text.push(' ');
        }
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let names_secret = is_secret(name);
        if is_value {
            text.push_str("***");
        } else if names_secret && !value.is_empty() {
            text.push_str(name);
            text.push_str("=***");
        } else if word.contains("://") && word.contains('@') {
            text.push_str("***");
        } else {
            text.push_str(word);
        }
        is_value = names_secret && value.is_empty() && name.starts_with('-');
        if text.chars().count() > LONGEST {
            let cut: String = text.chars().take(LONGEST).collect();
            return format!("{cut}…");
        }
    }
    text
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_keeps_what_is_nobodys_business() {
        for (words, wanted) in [
            (
                &["python3", "-m", "http.server", "8080"][..],
                "python3 -m http.server 8080",
            ),
            (
                &["db", "--password=x", "--port", "1"],
                "db --password=*** --port 1",
            ),
            (&["db", "--api-key", "x", "y"], "db --api-key *** y"),
            (&["psql", "postgres://me:x@db/a"], "psql ***"),
            (&["env", "SECRET_KEY=x"], "env SECRET_KEY=***"),
        ] {
            assert_eq!(shown(words.iter().copied()), wanted);
        }
        let long = "x".repeat(500);
        assert_eq!(
            shown([long.as_str()].into_iter()).chars().count(),
            LONGEST + 1
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn we_are_called_something() {
        let us = i32::try_from(std::process::id()).unwrap();
        let own = std::env::current_exe().unwrap();
        let name = own.file_name().unwrap().to_str().unwrap();
        assert!(called(us).unwrap().contains(name));
    }
}
