//! Newtypes for names, so that they cannot be swapped.

use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Takes the name as it is; the rooms that read it from outside have checked it.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The name as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name! {
    /// One run, named by its start and some randomness: `20261121T085751Z-3f9a1c`. Also the name of its folder.
    RunId
}
name! {
    /// A category of tests, such as `connectivity`.
    Category
}
name! {
    /// A session of `sessions.yaml`; of one with parameters also what it is opened with: `user[name=alice]`.
    SessionName
}
name! {
    /// One of the actors of a test: `actor1`, or a name of its own.
    ActorName
}
name! {
    /// A step of a test; unnamed steps are called by their position, `step 2`.
    StepName
}

impl SessionName {
    /// The session that tests call `base`, opened with these values; without any it is `base` alone. Names what reports
    /// show, and is never read back.
    pub fn keyed<'v>(base: &str, values: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        let values: Vec<String> = values
            .into_iter()
            .map(|(parameter, value)| format!("{parameter}={value}"))
            .collect();
        if values.is_empty() {
            Self::new(base)
        } else {
            Self::new(format!("{base}[{}]", values.join(",")))
        }
    }
}

impl RunId {
    /// Reads the name of a run: `20261121T085751Z-3f9a1c`, at least six hexadecimal digits after the start. Such
    /// names sort by time, and are safe as names of folders.
    pub fn parse(text: &str) -> Option<Self> {
        let (start, random) = text.split_once('-')?;
        let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
        let is_start = start.chars().map(shape).eq("00000000T000000Z".chars());
        let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let is_random = (6..=32).contains(&random.len()) && random.chars().all(is_hex);
        (is_start && is_random).then(|| Self::new(text))
    }
}

/// A test instance: a test, and the row of its matrix where it has one. Written `category/name[row]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TestId {
    category: Category,
    name: Arc<str>,
    row: Option<Arc<str>>,
}

impl TestId {
    /// A test without a matrix.
    pub fn new(category: Category, name: impl Into<Arc<str>>) -> Self {
        Self {
            category,
            name: name.into(),
            row: None,
        }
    }

    /// The instance of this test for one row of its matrix.
    #[must_use]
    pub fn with_row(&self, row: impl Into<Arc<str>>) -> Self {
        Self {
            category: self.category.clone(),
            name: self.name.clone(),
            row: Some(row.into()),
        }
    }

    /// The test all rows belong to.
    #[must_use]
    pub fn without_row(&self) -> Self {
        Self {
            category: self.category.clone(),
            name: self.name.clone(),
            row: None,
        }
    }

    /// What a session is called where instances are listed: `session/user`.
    /// No test of a project has the id of one of its sessions.
    pub fn of_session(name: &SessionName) -> Self {
        Self::parse(&format!("session/{name}"))
            .unwrap_or_else(|| Self::new(Category::new("session"), name.as_str()))
    }

    /// Reads `category/name` or `category/name[row]`.
    pub fn parse(text: &str) -> Option<Self> {
        let (category, rest) = text.split_once('/')?;
        let (name, row) = match rest.strip_suffix(']') {
            Some(inner) => {
                let (name, row) = inner.split_once('[')?;
                (name, Some(row))
            }
            None => (rest, None),
        };
        if category.is_empty() || name.is_empty() || name.contains(['/', '[', ']']) {
            return None;
        }
        Some(Self {
            category: Category::new(category),
            name: name.into(),
            row: row.map(Into::into),
        })
    }

    /// The category, which is the part before the slash.
    pub fn category(&self) -> &Category {
        &self.category
    }

    /// The test's name, without category and row.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The label of the matrix row.
    pub fn row(&self) -> Option<&str> {
        self.row.as_deref()
    }

    /// The name with its row: `dns[web]`. Unique within the category.
    pub fn name_with_row(&self) -> String {
        match &self.row {
            Some(row) => format!("{}[{row}]", self.name),
            None => self.name.to_string(),
        }
    }

    /// Whether this instance is meant by `wanted`: the same, or any row when `wanted` names none.
    pub fn is_meant_by(&self, wanted: &Self) -> bool {
        self.category == wanted.category
            && self.name == wanted.name
            && (wanted.row.is_none() || wanted.row == self.row)
    }
}

impl fmt::Display for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.row {
            Some(row) => write!(f, "{}/{}[{row}]", self.category, self.name),
            None => write!(f, "{}/{}", self.category, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        for text in ["a/b", "a/b[c]", "connectivity/dns[web 1]"] {
            assert_eq!(TestId::parse(text).unwrap().to_string(), text);
        }
        for text in ["a", "/b", "a/", "a/b[c", "a/b/c"] {
            assert!(
                TestId::parse(text).is_none() || TestId::parse(text).unwrap().row().is_none(),
                "{text}"
            );
        }
    }

    #[test]
    fn only_what_a_run_is_called_is_a_run_id() {
        assert!(RunId::parse("20261121T085751Z-3f9a1c").is_some());
        for text in [
            "",
            "last",
            "20261121T085751Z",
            "20261121T085751Z-3f9a1",
            "20261121T085751Z-3F9A1C",
            "20261121T085751Z-../../x",
            "2026112xT085751Z-3f9a1c",
            "20261121T085751Z-3f9a1c ",
            "../20261121T085751Z-3f9a1c",
        ] {
            assert!(RunId::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_session_is_called_by_what_it_is_opened_with() {
        let name = SessionName::keyed("user", [("name", "alice"), ("role", "admin")]);
        assert_eq!(name.as_str(), "user[name=alice,role=admin]");
        assert_eq!(SessionName::keyed("user", []), SessionName::new("user"));
    }

    #[test]
    fn an_id_without_a_row_means_all_rows() {
        let row = TestId::parse("a/b[c]").unwrap();
        assert!(row.is_meant_by(&TestId::parse("a/b").unwrap()));
        assert!(!row.without_row().is_meant_by(&row));
    }
}
