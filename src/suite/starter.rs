//! The smallest folder that gives a verdict: one test of one URL.

const ALLCLEAR: &str = include_str!("starter/allclear.yaml");
const TARGET: &str = include_str!("starter/mine.yaml");
const SUITE: &str = include_str!("starter/http.yaml");

/// The files, each with its path below the folder. The URL must be one that `http` can look at.
pub fn starter(url: &str) -> Result<Vec<(String, String)>, String> {
    let parsed = url::Url::parse(url)
        .map_err(|error| format!("`{url}` is no URL ({error}): write https://host/path"))?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
        return Err(format!(
            "`{url}` is no URL of http or https: write https://host/path"
        ));
    }
    if parsed.password().is_some() {
        return Err(
            "the URL holds a password: write it without, and name the secret in the target"
                .to_owned(),
        );
    }
    // A JSON string is a YAML string, and `${` would be a name.
    let escaped = |text: &str| text.replace("${", "$${");
    let path = &parsed[url::Position::BeforePath..];
    let origin = &parsed[..url::Position::BeforePath];
    let quoted = serde_json::Value::from(escaped(origin)).to_string();
    let asked = serde_json::Value::from(format!("${{url}}{}", escaped(path))).to_string();
    Ok(vec![
        ("allclear.yaml".to_owned(), ALLCLEAR.to_owned()),
        (
            "targets/mine.yaml".to_owned(),
            TARGET.replace("\"URL\"", &quoted),
        ),
        (
            "10-connectivity/http.yaml".to_owned(),
            SUITE.replace("\"${url}\"", &asked),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_that_can_be_looked_at_makes_a_folder() {
        assert!(starter("https://example.org/health?a=b").is_ok());
        for wrong in [
            "example.org",
            "ftp://example.org",
            "file:///etc/passwd",
            "https://a:b@example.org",
            "",
        ] {
            assert!(starter(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_url_with_quotes_stays_one_scalar() {
        let files = starter("https://example.org/a\"b${c}").unwrap();
        assert!(files[1].1.contains("url: \"https://example.org\"\n"));
        let suite = &files[2].1;
        assert!(suite.contains("url: \"${url}/a%22b$%7Bc%7D\""), "{suite}");
    }
}
