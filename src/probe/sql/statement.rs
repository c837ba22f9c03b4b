//! What a statement may be, as far as that shows without a database.

use super::dialect::{Dialect, Feature};

/// Checks that a text is one statement that may run inside our transaction.
pub(super) fn check(text: &str, dialect: &Dialect) -> Result<(), String> {
    if text.contains('\0') {
        return Err("a statement holds no NUL".to_owned());
    }
    let words = words(text, dialect)?;
    let Some(first) = words.first() else {
        return Err("there is no statement".to_owned());
    };
    if begins(&words, dialect.transactional).is_some() {
        return Err(format!(
            "`{first}` would end the transaction that everything runs in; use `rollback`"
        ));
    }
    if let Some(known) = begins(&words, dialect.outside) {
        return Err(format!(
            "`{known}` cannot run in a transaction, and everything runs in one"
        ));
    }
    let is_ours = |word: &String| matches!(word.as_str(), "STDIN" | "STDOUT" | "PROGRAM");
    if dialect.has(Feature::Copy) && first == "COPY" && words.iter().any(is_ours) {
        return Err(
            "`COPY` to or from a client or a program is not run here; write `SELECT` or `INSERT`"
                .to_owned(),
        );
    }
    Ok(())
}

/// Whether a statement leaves something in its session that no rollback takes back.
pub(super) fn leaves_traces(text: &str, dialect: &Dialect) -> bool {
    let words = words(text, dialect).unwrap_or_default();
    begins(&words, &["PREPARE", "DEALLOCATE", "LOAD"]).is_some()
}

/// Which of these the statement begins with.
fn begins<'k>(words: &[String], known: &[&'k str]) -> Option<&'k str> {
    let is_it = |known: &&&str| {
        let mut theirs = words.iter();
        known
            .split(' ')
            .all(|word| theirs.next().is_some_and(|own| own == word))
    };
    known.iter().find(is_it).copied()
}

/// The words of one statement that stand outside of literals and comments, in upper case.
fn words(text: &str, dialect: &Dialect) -> Result<Vec<String>, String> {
    let mut rest = text;
    let mut words: Vec<String> = Vec::new();
    let mut has_ended = false;
    while let Some(token) = next(&mut rest, dialect) {
        match token {
            Token::Skipped => {}
            Token::Semicolon => has_ended = true,
            _ if has_ended && !(dialect.has(Feature::TriggerBodies) && is_trigger(&words)) => {
                return Err(
                    "two statements where one is expected; write them as a list in `statements`"
                        .to_owned(),
                );
            }
            Token::Word(word) => words.push(word.to_ascii_uppercase()),
            Token::Other => {}
        }
    }
    Ok(words)
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

fn next<'t>(rest: &mut &'t str, dialect: &Dialect) -> Option<Token<'t>> {
    let text = *rest;
    let first = text.chars().next()?;
    let run = |is_in: fn(char) -> bool| text.find(|c| !is_in(c)).unwrap_or(text.len());
    let (length, token) = match first {
        _ if text.starts_with("--") => (until(text, "\n", 2), Token::Skipped),
        _ if text.starts_with("/*") => (comment(text, dialect), Token::Skipped),
        c if c.is_whitespace() => (run(char::is_whitespace), Token::Skipped),
        ';' => (1, Token::Semicolon),
        'e' | 'E' if dialect.has(Feature::EscapeStrings) && text[1..].starts_with('\'') => {
            (1 + escaped(&text[1..]), Token::Other)
        }
        // A doubled quote ends one literal and begins the next: the same for us.
        '\'' | '"' => (until(text, &first.to_string(), 1), Token::Other),
        '`' if dialect.has(Feature::Brackets) => (until(text, "`", 1), Token::Other),
        '[' if dialect.has(Feature::Brackets) => (until(text, "]", 1), Token::Other),
        '$' if dialect.has(Feature::DollarQuotes) => (dollar_quoted(text), Token::Other),
        c if is_word(c) => {
            // A dollar within a name begins no literal.
            let in_name = |c| is_word(c) || (dialect.has(Feature::DollarQuotes) && c == '$');
            let length = text.find(|c| !in_name(c)).unwrap_or(text.len());
            (length, Token::Word(&text[..length]))
        }
        other => (other.len_utf8(), Token::Other),
    };
    *rest = &text[length..];
    Some(token)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Behind the next of these; all of a text that has none.
fn until(text: &str, end: &str, from: usize) -> usize {
    text[from..]
        .find(end)
        .map_or(text.len(), |at| from + at + end.len())
}

fn comment(text: &str, dialect: &Dialect) -> usize {
    if !dialect.has(Feature::NestedComments) {
        return until(text, "*/", 2);
    }
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let Some(found) = text[at..].find(['*', '/']) else {
            return text.len();
        };
        at += found;
        let (step, change) = match text.get(at..at + 2) {
            Some("/*") => (2, 1),
            Some("*/") => (2, -1),
            _ => (1, 0),
        };
        at += step;
        depth += change;
    }
    at
}

/// `'it\'s'`: a backslash takes the meaning from what follows.
fn escaped(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `$$…$$`, `$tag$…$tag$`; a lone dollar otherwise, as in `$1`.
fn dollar_quoted(text: &str) -> usize {
    let Some(end) = text[1..].find('$') else {
        return 1;
    };
    let delimiter = &text[..end + 2];
    let tag = &delimiter[1..=end];
    let is_tag = tag.chars().all(is_word) && !tag.starts_with(|c: char| c.is_ascii_digit());
    if is_tag {
        until(text, delimiter, delimiter.len())
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialect::{POSTGRES, SQLITE};
    use super::*;

    #[test]
    fn one_statement_is_told_from_two() {
        for one in [
            "SELECT 1",
            "SELECT 1; -- done\n /* ; */ ;",
            "SELECT ';', \"a;b\", [c;d], `e;f`, 'it''s; fine'",
            "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END;",
        ] {
            assert_eq!(check(one, &SQLITE), Ok(()), "{one}");
        }
        for (wrong, why) in [
            ("SELECT 1; SELECT 2", "two statements"),
            ("SELECT 1; COMMIT", "two statements"),
            (" -- nothing\n", "no statement"),
            ("/* x */ commit", "`COMMIT`"),
            ("ATTACH 'other.db' AS o", "`ATTACH`"),
            ("SELECT '\0'", "NUL"),
        ] {
            let told = check(wrong, &SQLITE).unwrap_err();
            assert!(told.contains(why), "{wrong}: {told}");
        }
    }

    #[test]
    fn postgres_has_literals_and_comments_of_its_own() {
        for one in [
            "SELECT $$;$$, $a$ ; $$ ; $a$, $1, a$b",
            "SELECT E'\\'; COMMIT; --', e'\\\\', 'a\\'",
            "SELECT 1 /* /* ; */ ; */",
            "SELECT ARRAY[1,2], '[;', \"`;\"",
            "PREPARE x AS SELECT 1",
            "DO $do$ BEGIN PERFORM 1; END $do$;",
            "SELECT begin FROM commit",
            "COPY t FROM '/tmp/stdin'",
        ] {
            assert_eq!(check(one, &POSTGRES), Ok(()), "{one}");
        }
        for (wrong, why) in [
            ("SELECT 'a\\'; COMMIT; --'", "two statements"),
            ("SELECT a$b; SELECT $b", "two statements"),
            ("SELECT 1 /* ; */ ; ABORT", "two statements"),
            ("SELECT `;`", "two statements"),
            ("SELECT $1$;$1$", "two statements"),
            ("start transaction", "`START`"),
            ("Abort", "`ABORT`"),
            ("PREPARE/**/TRANSACTION 'x'", "`PREPARE`"),
            ("COMMIT PREPARED 'x'", "`COMMIT`"),
            ("create database x", "`CREATE DATABASE`"),
            ("COPY t FROM STDIN", "`COPY`"),
            ("copy (SELECT 1) to stdout", "`COPY`"),
            ("COPY t TO PROGRAM 'rm'", "`COPY`"),
            ("/* /* */ SELECT 1", "no statement"),
        ] {
            let told = check(wrong, &POSTGRES).unwrap_err();
            assert!(told.contains(why), "{wrong}: {told}");
        }
    }

    #[test]
    fn what_outlives_a_rollback_is_known() {
        assert!(leaves_traces("prepare x AS SELECT 1", &POSTGRES));
        assert!(!leaves_traces("SELECT 'prepare'", &POSTGRES));
    }

    #[test]
    fn no_text_panics() {
        for text in [
            "/*", "/*/", "E'", "E'\\", "$", "$é$", "$a$", "'", "[", "é$é$", "/*é*",
        ] {
            let _ = check(text, &POSTGRES);
            let _ = check(text, &SQLITE);
        }
    }
}
