//! Names of tables and columns, as a statement would have them.

/// A table and its schema: `users`, `app.users`, `"Users"`. What is not quoted is folded as the server does
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
pub(super) fn relation(text: &str) -> Result<Vec<String>, String> {
    let parts = parts(text)?;
    if parts.len() > 2 {
        return Err(format!(
            "`{text}` has {} parts; a table is `table` or `schema.table`",
            parts.len()
        ));
    }
    Ok(parts)
}

/// A column.
pub(super) fn column(text: &str) -> Result<String, String> {
    match parts(text)?.as_mut_slice() {
        [one] => Ok(std::mem::take(one)),
        _ => Err(format!("`{text}` is more than the name of a column")),
    }
}

fn parts(text: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = part(rest).ok_or_else(|| format!("`{text}` is no name"))?;
        all.push(part);
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => return Ok(all),
            None => return Err(format!("`{text}` is no name; quote what is special in it")),
        }
    }
}

/// The first part of a name, and what follows.
fn part(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let is_in = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let end = text.find(|c| !is_in(c)).unwrap_or(text.len());
        let (name, after) = text.split_at(end);
        return (!name.is_empty()).then(|| (name.to_ascii_lowercase(), after));
    };
    let mut name = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            // A doubled quote is one of the name.
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return (!name.is_empty() && !name.contains('\0')).then_some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_quoted_is_folded() {
        for (text, expected) in [
            ("Users", vec!["users"]),
            ("app.USERS", vec!["app", "users"]),
            ("\"App\".\"a.b\"", vec!["App", "a.b"]),
            ("\"a\"\"b\"", vec!["a\"b"]),
        ] {
            assert_eq!(relation(text).unwrap(), expected, "{text}");
        }
        assert_eq!(column("Id").unwrap(), "id");
        for wrong in [
            "", "a.", ".a", "a.b.c", "\"a", "\"\"", "a;b", "\"a\"b", "\"\0\"",
        ] {
            assert!(relation(wrong).is_err(), "{wrong}");
        }
        assert!(column("a.b").is_err());
    }
}
