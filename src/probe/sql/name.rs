//! Names of tables and columns, as a statement would have them.

use super::dialect::{Dialect, Feature};

/// A table and its schema: `users`, `app.users`, `"Users"`. What is not quoted is folded as PostgreSQL does
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
/// MySQL folds nothing, and its quotes are backquotes.
pub(super) fn relation(text: &str, dialect: &Dialect) -> Result<Vec<String>, String> {
    let parts = parts(text, dialect)?;
    if parts.len() > 2 {
        return Err(format!(
            "`{text}` has {} parts; a table is `table` or `schema.table`",
            parts.len()
        ));
    }
    Ok(parts)
}

/// A column.
pub(super) fn column(text: &str, dialect: &Dialect) -> Result<String, String> {
    match parts(text, dialect)?.as_mut_slice() {
        [one] => Ok(std::mem::take(one)),
        _ => Err(format!("`{text}` is more than the name of a column")),
    }
}

fn parts(text: &str, dialect: &Dialect) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = part(rest, dialect).ok_or_else(|| format!("`{text}` is no name"))?;
        all.push(part);
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => return Ok(all),
            None => return Err(format!("`{text}` is no name; quote what is special in it")),
        }
    }
}

/// The first part of a name, and what follows.
fn part<'t>(text: &'t str, dialect: &Dialect) -> Option<(String, &'t str)> {
    let quote = if dialect.has(Feature::MySql) {
        '`'
    } else {
        '"'
    };
    let Some(mut rest) = text.strip_prefix(quote) else {
        let is_in = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let end = text.find(|c| !is_in(c)).unwrap_or(text.len());
        let (name, after) = text.split_at(end);
        let name = if dialect.has(Feature::MySql) {
            name.to_owned()
        } else {
            name.to_ascii_lowercase()
        };
        return (!name.is_empty()).then_some((name, after));
    };
    let mut name = String::new();
    loop {
        let (before, after) = rest.split_once(quote)?;
        name.push_str(before);
        match after.strip_prefix(quote) {
            // A doubled quote is one of the name.
            Some(more) => {
                name.push(quote);
                rest = more;
            }
            None => return (!name.is_empty() && !name.contains('\0')).then_some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialect::{MYSQL, POSTGRES};
    use super::*;

    #[test]
    fn what_is_not_quoted_is_folded() {
        for (text, expected) in [
            ("Users", vec!["users"]),
            ("app.USERS", vec!["app", "users"]),
            ("\"App\".\"a.b\"", vec!["App", "a.b"]),
            ("\"a\"\"b\"", vec!["a\"b"]),
        ] {
            assert_eq!(relation(text, &POSTGRES).unwrap(), expected, "{text}");
        }
        assert_eq!(column("Id", &POSTGRES).unwrap(), "id");
        for wrong in [
            "", "a.", ".a", "a.b.c", "\"a", "\"\"", "a;b", "\"a\"b", "\"\0\"",
        ] {
            assert!(relation(wrong, &POSTGRES).is_err(), "{wrong}");
        }
        assert!(column("a.b", &POSTGRES).is_err());
    }

    #[test]
    fn names_of_mysql_stay_as_they_are() {
        for (text, expected) in [
            ("Users", vec!["Users"]),
            ("app.`a.b`", vec!["app", "a.b"]),
            ("`a``b`", vec!["a`b"]),
        ] {
            assert_eq!(relation(text, &MYSQL).unwrap(), expected, "{text}");
        }
        for wrong in ["\"a\"", "`a", "a b"] {
            assert!(relation(wrong, &MYSQL).is_err(), "{wrong}");
        }
    }
}
