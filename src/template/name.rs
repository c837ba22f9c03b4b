//! The names `${…}` may use. Whether somebody has them is for a scope to say.

use crate::yaml::did_you_mean;

/// Namespaces of one word behind the dot.
const NAMESPACES: &[&str] = &["budget", "demo", "matrix", "secret"];

/// Whether this can be the name of a variable, a capture, a secret, a budget: `[a-z_][a-z0-9_]*`.
pub fn is_variable_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Checks a whole dotted name; says what is wrong with it.
pub(super) fn check(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("`${}` names nothing".to_owned());
    }
    let Some((root, rest)) = name.split_once('.') else {
        return check_single(name);
    };
    let fits = match root {
        "env" => !rest.is_empty(),
        "run" => matches!(rest, "id" | "started"),
        "session" => rest
            .split_once('.')
            .is_some_and(|(session, capture)| is_label(session) && is_variable_name(capture)),
        _ if NAMESPACES.contains(&root) => is_variable_name(rest),
        _ => {
            let known = NAMESPACES.iter().copied().chain(["env", "run", "session"]);
            let hint = did_you_mean(root, known);
            return Err(format!(
                "`{root}` in `${{{name}}}` is no namespace: there are env, secret, budget, session, matrix, demo and run{hint}"
            ));
        }
    };
    if fits {
        return Ok(());
    }
    let form = match root {
        "env" => "${env.NAME}".to_owned(),
        "run" => "${run.id}` or `${run.started}".to_owned(),
        "session" => "${session.NAME.CAPTURE}".to_owned(),
        _ => format!("${{{root}.NAME}} with a name of a-z, 0-9 and _"),
    };
    Err(format!("`${{{name}}}` is no name; write `{form}`"))
}

fn check_single(name: &str) -> Result<(), String> {
    if NAMESPACES.contains(&name) || matches!(name, "env" | "run" | "session") {
        return Err(format!(
            "`${{{name}}}` is a namespace; write `${{{name}.…}}`"
        ));
    }
    if is_variable_name(name) {
        return Ok(());
    }
    Err(format!(
        "`{name}` is no name: names are a-z, 0-9 and _, and do not begin with a digit"
    ))
}

/// The name of a session.
fn is_label(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_format_are_names() {
        for name in [
            "api",
            "_x9",
            "env.HOME",
            "env.my-odd.NAME",
            "secret.password",
            "budget.db_init",
            "session.alice-2.token",
            "matrix.host",
            "demo.api",
            "run.id",
            "run.started",
            "uuid",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn everything_else_is_told_what_it_should_be() {
        for (name, part) in [
            ("", "names nothing"),
            ("Api", "names are a-z"),
            ("api-url", "names are a-z"),
            ("9x", "names are a-z"),
            ("1 + 1", "names are a-z"),
            ("f()", "names are a-z"),
            ("x[0]", "names are a-z"),
            ("env", "is a namespace"),
            ("env.", "${env.NAME}"),
            ("secert.x", "did you mean `secret`?"),
            ("secret.X", "write `${secret.NAME}"),
            ("session.token", "${session.NAME.CAPTURE}"),
            ("run.token", "${run.id}"),
            ("x.__class__", "no namespace"),
        ] {
            let message = check(name).expect_err(name);
            assert!(message.contains(part), "{name}: {message}");
        }
    }
}
