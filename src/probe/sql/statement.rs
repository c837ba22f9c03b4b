//! What a statement may be, as far as that shows without a database.

use super::dialect::{Dialect, Feature};

/// Checks that a text is one statement that may run inside our transaction.
pub(super) fn check(text: &str, dialect: &Dialect) -> Result<(), String> {
    if text.contains('\0') {
        return Err("a statement holds no NUL".to_owned());
    }
    let readings = readings(text, dialect)?;
    if readings.is_empty() {
        return Err("there is no statement".to_owned());
    }
    readings
        .iter()
        .try_for_each(|words| may_run(words, dialect))
}

fn may_run(words: &[String], dialect: &Dialect) -> Result<(), String> {
    let first = &words[0];
    if begins(words, dialect.transactional).is_some() {
        return Err(format!(
            "`{first}` would end the transaction that everything runs in; use `rollback`"
        ));
    }
    if let Some(known) = begins(words, dialect.outside) {
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
    let sets = |variable: &str| first == "SET" && words.iter().any(|word| word == variable);
    if dialect.has(Feature::MySql) && sets("AUTOCOMMIT") {
        return Err(
            "`autocommit` would end the transaction that everything runs in; use `rollback`"
                .to_owned(),
        );
    }
    Ok(())
}

/// Checks that a rollback takes back what a statement does, as far as that shows.
pub(super) fn is_taken_back(text: &str, dialect: &Dialect) -> Result<(), String> {
    if dialect.has(Feature::MySql) && ends_itself(text) {
        return Ok(());
    }
    for words in readings(text, dialect)? {
        if let Some(why) = is_beyond(&words, dialect) {
            return Err(format!(
                "{why}; write `rollback: false`, which needs `--allow-side-effects`"
            ));
        }
        let is_temporary = || {
            let mut next = words
                .iter()
                .skip(1)
                .filter(|word| *word != "OR" && *word != "REPLACE");
            matches!(words[0].as_str(), "CREATE" | "DROP")
                && next.next().is_some_and(|word| word == "TEMPORARY")
        };
        if let Some(known) = begins(&words, dialect.commits).filter(|_| !is_temporary()) {
            return Err(format!(
                "`{known}` stays whatever is rolled back, and commits what was done before it; write `rollback: false`, which \
                 needs `--allow-side-effects`"
            ));
        }
        let is_file = |word: &&String| matches!(word.as_str(), "OUTFILE" | "DUMPFILE");
        if dialect.has(Feature::MySql)
            && let Some(word) = words.iter().find(is_file)
        {
            return Err(format!(
                "`INTO {word}` writes a file that stays whatever is rolled back; write `rollback: false`, which needs \
                 `--allow-side-effects`"
            ));
        }
    }
    Ok(())
}

/// What a statement does that is the server's and not the transaction's, or that nobody sees before it runs.
fn is_beyond(words: &[String], dialect: &Dialect) -> Option<String> {
    /// What makes an assignment one of the server's: `GLOBAL x`, `@@global.x`, wherever it stands among others.
    const OF_THE_SERVER: &[&str] = &["GLOBAL", "PERSIST", "PERSIST_ONLY", "PASSWORD"];
    if dialect.has(Feature::Copy) && words[0] == "COPY" && words.iter().any(|word| word == "TO") {
        return Some("`COPY … TO` writes a file that stays whatever is rolled back".to_owned());
    }
    if !dialect.has(Feature::MySql) {
        return None;
    }
    if let Some(known) = begins(words, &["EXECUTE", "PREPARE", "SET STATEMENT"]) {
        return Some(format!(
            "what `{known}` runs may stay whatever is rolled back, and does not show here"
        ));
    }
    let is_of_the_server = |word: &&String| OF_THE_SERVER.contains(&word.as_str());
    let word = words.iter().find(is_of_the_server)?;
    (words[0] == "SET").then(|| format!("`SET` with `{word}` stays whatever is rolled back"))
}

/// Whether a statement calls a procedure, in any way it can be read.
pub(super) fn calls(text: &str, dialect: &Dialect) -> bool {
    let readings = readings(text, dialect).unwrap_or_default();
    readings.iter().any(|words| words[0] == "CALL")
}

/// Whether a statement leaves something in its session that no rollback takes back.
pub(super) fn leaves_traces(text: &str, dialect: &Dialect) -> bool {
    /// What of MySQL leaves none, if it touches neither variables nor locks of the session.
    const CLEAN: &[&str] = &[
        "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "SHOW", "EXPLAIN", "DESCRIBE",
        "DESC", "TABLE", "VALUES",
    ];
    let readings = readings(text, dialect).unwrap_or_default();
    if dialect.has(Feature::MySql) {
        let is_clean = |words: &Vec<String>| {
            begins(words, CLEAN).is_some()
                && !words
                    .iter()
                    .any(|word| word == "GET_LOCK" || word == "LAST_INSERT_ID")
        };
        return text.contains('@') || !readings.iter().all(is_clean);
    }
    let marks = &["PREPARE", "DEALLOCATE", "LOAD"];
    readings.iter().any(|words| begins(words, marks).is_some())
}

/// Whether a statement asks for nothing but what it says itself: `SELECT 1 AS one, TRUE`. It meets neither table nor function nor
/// operator, all of which somebody could have made to do anything.
pub(super) fn is_constant(text: &str) -> bool {
    let text = text.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    let Some((first, items)) = text.trim_start().split_once(char::is_whitespace) else {
        return false;
    };
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let is_known = |word: &str| {
        let known = ["TRUE", "FALSE", "NULL"];
        known.iter().any(|known| word.eq_ignore_ascii_case(known))
    };
    let is_name = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    first.eq_ignore_ascii_case("SELECT")
        && items.split(',').all(|item| {
            let words: Vec<&str> = item.split_whitespace().collect();
            let (value, name) = match words[..] {
                [value] => (value, None),
                [value, r#as, name] if r#as.eq_ignore_ascii_case("AS") => (value, Some(name)),
                _ => return false,
            };
            (is_number(value) || is_known(value)) && name.is_none_or(is_name)
        })
}

/// The words of a statement in every way it can be read, none of them empty: what MySQL has in `/*! … */` is run or skipped,
/// depending on its version.
fn readings(text: &str, dialect: &Dialect) -> Result<Vec<Vec<String>>, String> {
    let mut readings = vec![words(text, dialect, Executable::Run)?];
    if dialect.has(Feature::MySql) && (text.contains("/*!") || text.contains("/*M!")) {
        readings.push(words(text, dialect, Executable::Skipped)?);
    }
    readings.retain(|words| !words.is_empty());
    Ok(readings)
}

/// What becomes of `/*! … */`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Executable {
    Run,
    Skipped,
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
fn words(text: &str, dialect: &Dialect, executable: Executable) -> Result<Vec<String>, String> {
    let mut rest = text;
    let mut words: Vec<String> = Vec::new();
    let mut has_ended = false;
    while let Some(token) = next(&mut rest, dialect, executable) {
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

/// `KILL [CONNECTION] CONNECTION_ID()`, and not a word more: it takes our own session, and everything it did, away.
fn ends_itself(text: &str) -> bool {
    let bare: String = text
        .trim_end_matches([';', ' '])
        .split_whitespace()
        .collect();
    ["KILLCONNECTION_ID()", "KILLCONNECTIONCONNECTION_ID()"]
        .iter()
        .any(|known| bare.eq_ignore_ascii_case(known))
}

/// `CREATE [TEMP] TRIGGER … BEGIN …; …; END` is one statement with semicolons in it; of MySQL procedures, functions and events
/// are, too, and may have `OR REPLACE DEFINER = user@host` before.
fn is_trigger(words: &[String]) -> bool {
    let is_body = |word: &String| {
        matches!(
            word.as_str(),
            "TRIGGER" | "PROCEDURE" | "FUNCTION" | "EVENT"
        )
    };
    words.first().is_some_and(|word| word == "CREATE") && words.iter().skip(1).take(6).any(is_body)
}

enum Token<'t> {
    /// White space and comments.
    Skipped,
    Semicolon,
    Word(&'t str),
    /// A literal, a quoted name, an operator.
    Other,
}

fn next<'t>(rest: &mut &'t str, dialect: &Dialect, executable: Executable) -> Option<Token<'t>> {
    let text = *rest;
    let first = text.chars().next()?;
    let run = |is_in: fn(char) -> bool| text.find(|c| !is_in(c)).unwrap_or(text.len());
    let (length, token) = match first {
        _ if dialect.has(Feature::MySql) && of_mysql(text, executable).is_some() => {
            of_mysql(text, executable)?
        }
        '-' if dialect.has(Feature::MySql) => (1, Token::Other),
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

/// What only MySQL writes (<https://dev.mysql.com/doc/refman/8.4/en/language-structure.html>).
fn of_mysql(text: &str, executable: Executable) -> Option<(usize, Token<'_>)> {
    let skipped = |length| Some((length, Token::Skipped));
    if executable == Executable::Run {
        let opening = ["/*!", "/*M!"].iter().find(|mark| text.starts_with(**mark));
        if let Some(mark) = opening {
            let rest = &text[mark.len()..];
            let version = rest.find(|c: char| !c.is_ascii_digit());
            return skipped(mark.len() + version.unwrap_or(rest.len()));
        }
        if text.starts_with("*/") {
            return skipped(2);
        }
    }
    match text.chars().next()? {
        '#' => skipped(until(text, "\n", 1)),
        '-' if text.starts_with("--") => {
            let next = text[2..].chars().next();
            let is_comment = next.is_none_or(|c| c.is_whitespace() || c.is_control());
            is_comment.then(|| (until(text, "\n", 2), Token::Skipped))
        }
        '\'' | '"' => Some((escaped(text), Token::Other)),
        '`' => Some((until(text, "`", 1), Token::Other)),
        _ => None,
    }
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
    let mut letters = text.char_indices();
    let quote = letters.next().map(|(_, quote)| quote);
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if Some(letter) == quote {
            return at + 1;
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
    use super::super::dialect::{MYSQL, POSTGRES, SQLITE};
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
    fn mysql_has_literals_and_comments_of_its_own() {
        for one in [
            "SELECT 'a\\'; COMMIT; --', \"\\\";\", `;``;`",
            "SELECT 1 # ; COMMIT",
            "SELECT 5--3, 5-3 -- ; COMMIT",
            "SELECT /*!50000 1 */ + /* ; */ 1",
            "CREATE TEMPORARY TABLE t (id int)",
            "SELECT autocommit FROM commit",
            "CREATE DEFINER = a@b PROCEDURE p() BEGIN SELECT 1; END",
            "SET @a = 1",
        ] {
            assert_eq!(check(one, &MYSQL), Ok(()), "{one}");
        }
        for (wrong, why) in [
            ("SELECT 1; SELECT 2", "two statements"),
            ("SELECT 5--3; COMMIT", "two statements"),
            ("SELECT '\\\\'; COMMIT", "two statements"),
            ("/*!50000 COMMIT */", "`COMMIT`"),
            ("/*M!100000 rollback */", "`ROLLBACK`"),
            ("/*!99999 SELECT 1 -- */ COMMIT", "`COMMIT`"),
            ("# nothing\n-- nothing", "no statement"),
            ("begin", "`BEGIN`"),
            ("START /**/ TRANSACTION", "`START`"),
            ("SET SESSION autocommit = 1", "`autocommit`"),
            ("XA START 'x'", "`XA`"),
        ] {
            let told = check(wrong, &MYSQL).unwrap_err();
            assert!(told.contains(why), "{wrong}: {told}");
        }
    }

    #[test]
    fn what_mysql_commits_by_itself_is_not_taken_back() {
        for fine in [
            "SELECT 1",
            "INSERT INTO alter VALUES ('DROP')",
            "CREATE TEMPORARY TABLE t (id int)",
            "CREATE OR REPLACE TEMPORARY TABLE t (id int)",
            "drop temporary table t",
            "SET @a = 1",
            "SET SESSION sql_mode = ''",
            "CALL p()",
            "ANALYZE SELECT 1",
            "SET @a = 'GLOBAL', @b = \"@@global.x\"",
            "SELECT @@global.max_connections",
            "DEALLOCATE PREPARE s",
        ] {
            assert_eq!(is_taken_back(fine, &MYSQL), Ok(()), "{fine}");
        }
        for wrong in [
            "CREATE TABLE t (id int)",
            "create or replace table t (id int)",
            "ALTER TABLE t ADD c int",
            "DROP TABLE t",
            "RENAME TABLE a TO b",
            "TRUNCATE t",
            "GRANT ALL ON *.* TO a",
            "LOCK TABLES t WRITE",
            "START SLAVE",
            "LOAD DATA INFILE 'x' INTO TABLE t",
            "SET GLOBAL read_only = 1",
            "SET PASSWORD = 'x'",
            "/*!99999 SELECT 1 -- */ TRUNCATE t",
            "ANALYZE TABLE t",
            "SELECT 1 INTO OUTFILE '/tmp/x'",
            "SET @a = 1, GLOBAL max_connections = 10",
            "SET @a = 1, @@global.max_connections = 10",
            "SET @a = 1, /*!50000 persist */ max_connections = 10",
            "SET @@PERSIST_ONLY.max_connections = 10",
            "SET NAMES utf8mb4, PASSWORD = 'x'",
            "SET STATEMENT max_statement_time=1 FOR TRUNCATE t",
            "EXECUTE IMMEDIATE 'DROP TABLE users'",
            "execute s USING @a",
            "PREPARE s FROM 'DROP TABLE users'",
        ] {
            let told = is_taken_back(wrong, &MYSQL).unwrap_err();
            assert!(told.contains("rollback: false"), "{wrong}: {told}");
            assert_eq!(check(wrong, &MYSQL), Ok(()), "{wrong}");
        }
        assert_eq!(is_taken_back("DROP TABLE t", &POSTGRES), Ok(()));
    }

    #[test]
    fn what_postgres_writes_into_a_file_is_not_taken_back() {
        for wrong in [
            "COPY t TO '/srv/file'",
            "copy (SELECT 1) /* x */ to '/srv/file' (FORMAT csv)",
        ] {
            let told = is_taken_back(wrong, &POSTGRES).unwrap_err();
            assert!(told.contains("rollback: false"), "{wrong}: {told}");
            assert_eq!(check(wrong, &POSTGRES), Ok(()), "{wrong}");
        }
        for fine in [
            "COPY t FROM '/srv/to'",
            "COPY t (\"to\") FROM '/srv/file'",
            "SELECT 1 AS to",
            "EXECUTE s",
        ] {
            assert_eq!(is_taken_back(fine, &POSTGRES), Ok(()), "{fine}");
        }
    }

    #[test]
    fn what_outlives_a_rollback_in_mysql_is_known() {
        for clean in ["SELECT 1", "insert into t values (1)"] {
            assert!(!leaves_traces(clean, &MYSQL), "{clean}");
        }
        for trace in [
            "SET NAMES latin1",
            "USE other",
            "SELECT @a := 1",
            "SELECT GET_LOCK('a', 1)",
        ] {
            assert!(leaves_traces(trace, &MYSQL), "{trace}");
        }
    }

    #[test]
    fn of_mysql_a_session_may_end_itself_and_no_other() {
        for itself in ["KILL CONNECTION_ID()", "kill connection connection_id( );"] {
            assert_eq!(is_taken_back(itself, &MYSQL), Ok(()), "{itself}");
        }
        for another in [
            "KILL 5",
            "KILL CONNECTION_ID() + 1",
            "KILL 1 + CONNECTION_ID()",
            "KILL QUERY CONNECTION_ID()",
            "KILL USER app",
        ] {
            assert!(is_taken_back(another, &MYSQL).is_err(), "{another}");
        }
    }

    #[test]
    fn what_asks_for_constants_alone_leaves_nothing() {
        for text in [
            "SELECT 1",
            "select 1 as one",
            " SELECT 1 AS one, TRUE, null AS nothing ; ",
            "SELECT\n1",
        ] {
            assert!(is_constant(text), "{text}");
        }
        for text in [
            "SELECT",
            "SELECT 1 + 1",
            "SELECT f()",
            "SELECT 1 AS one FROM t",
            "SELECT 1 FROM",
            "SELECT one FROM t",
            "SELECT current_user",
            "SELECT 1::text",
            "SELECT 'a'",
            "SELECT 1 AS \"a b\"",
            "SELECT 1 INTO t",
            "SELECT 1, -- two\n2",
            "SELECT 1,",
            "SELECT * FROM t",
            "TABLE t",
            "INSERT INTO t VALUES (1)",
            "PREPARE x AS SELECT 1",
            "1",
            "",
        ] {
            assert!(!is_constant(text), "{text}");
        }
    }

    #[test]
    fn no_text_panics() {
        for text in [
            "/*", "/*/", "E'", "E'\\", "$", "$é$", "$a$", "'", "[", "é$é$", "/*é*", "/*!", "/*M!1",
            "*/", "--", "--é", "#", "`", "'\\", "-",
        ] {
            let _ = check(text, &POSTGRES);
            let _ = check(text, &SQLITE);
            let _ = check(text, &MYSQL);
        }
    }
}
