//! What a statement may be, as far as that shows without a database.

/// Statements that would end or nest the transaction everything runs in, and with it the promise to roll back.
const TRANSACTIONAL: [&str; 6] = ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"];

/// Statements that cannot run inside a transaction.
const OUTSIDE: [&str; 3] = ["ATTACH", "DETACH", "VACUUM"];

/// Checks that a text is one statement that may run inside our transaction.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut rest = text;
    let mut words: Vec<String> = Vec::new();
    let mut has_ended = false;
    while let Some(token) = next(&mut rest) {
        match token {
            Token::Skipped => {}
            Token::Semicolon => has_ended = true,
            _ if has_ended && !is_trigger(&words) => {
                return Err(
                    "two statements where one is expected; write them as a list in `statements`"
                        .to_owned(),
                );
            }
            Token::Word(word) if words.len() < 4 => words.push(word.to_ascii_uppercase()),
            Token::Word(_) | Token::Other => {}
        }
    }
    let Some(first) = words.first() else {
        return Err("there is no statement".to_owned());
    };
    if TRANSACTIONAL.contains(&first.as_str()) {
        return Err(format!(
            "`{first}` would end the transaction that everything runs in; use `rollback`"
        ));
    }
    if OUTSIDE.contains(&first.as_str()) {
        return Err(format!(
            "`{first}` cannot run in a transaction, and everything runs in one"
        ));
    }
    Ok(())
}

/// `CREATE [TEMP] TRIGGER … BEGIN …; …; END` is one statement with semicolons in it.
fn is_trigger(words: &[String]) -> bool {
    words.first().is_some_and(|word| word == "CREATE")
        && words.iter().skip(1).take(2).any(|word| word == "TRIGGER")
}

enum Token<'t> {
    /// White space and comments.
    Skipped,
    Semicolon,
    Word(&'t str),
    /// A literal, a quoted name, an operator.
    Other,
}

fn next<'t>(rest: &mut &'t str) -> Option<Token<'t>> {
    let first = rest.chars().next()?;
    let until = |end: &str, from: usize| {
        rest[from..]
            .find(end)
            .map_or(rest.len(), |at| from + at + end.len())
    };
    let run = |is_in: fn(char) -> bool| rest.find(|c| !is_in(c)).unwrap_or(rest.len());
    let (length, token) = match first {
        _ if rest.starts_with("--") => (until("\n", 2), Token::Skipped),
        _ if rest.starts_with("/*") => (until("*/", 2), Token::Skipped),
        c if c.is_whitespace() => (run(char::is_whitespace), Token::Skipped),
        ';' => (1, Token::Semicolon),
        // A doubled quote ends one literal and begins the next: the same for us.
        '\'' | '"' | '`' => (until(&first.to_string(), 1), Token::Other),
        '[' => (until("]", 1), Token::Other),
        c if c.is_alphanumeric() || c == '_' => {
            let length = run(|c| c.is_alphanumeric() || c == '_');
            (length, Token::Word(&rest[..length]))
        }
        other => (other.len_utf8(), Token::Other),
    };
    *rest = &rest[length..];
    Some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_is_told_from_two() {
        for one in [
            "SELECT 1",
            "SELECT 1; -- done\n /* ; */ ;",
            "SELECT ';', \"a;b\", [c;d], `e;f`, 'it''s; fine'",
            "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END;",
        ] {
            assert_eq!(check(one), Ok(()), "{one}");
        }
        for (wrong, why) in [
            ("SELECT 1; SELECT 2", "two statements"),
            ("SELECT 1; COMMIT", "two statements"),
            (" -- nothing\n", "no statement"),
            ("/* x */ commit", "`COMMIT`"),
            ("ATTACH 'other.db' AS o", "`ATTACH`"),
        ] {
            let told = check(wrong).unwrap_err();
            assert!(told.contains(why), "{wrong}: {told}");
        }
    }
}
