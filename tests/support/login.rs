//! Who logs in to a database.

use std::fmt::Write as _;

/// A name and a password.
pub(crate) struct Login {
    pub(crate) user: &'static str,
    pub(crate) password: &'static str,
}

/// Owns the database `app`.
pub(crate) const APP: Login = Login {
    user: "app",
    password: "kestrel-4711-over-the-moor",
};

/// May log in to the database `app`, with a password that has everything that means something in a URL, in SQL or in a shell.
pub(crate) const ODD: Login = Login {
    user: "odd",
    password: r#"p@ss:w/o?r#d %41&x=1'"\$`é"#,
};

impl Login {
    /// `user:password`, as a URL has it.
    pub(super) fn in_url(&self) -> String {
        format!("{}:{}", encoded(self.user), encoded(self.password))
    }
}

/// Percent-encoded, all but the unreserved characters of RFC 3986 §2.3.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(byte.into());
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// As a literal of SQL.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
