//! The nearest right word.

/// The nearest right word as the end of a message: `; did you mean \`status\`?`, or nothing when none is near enough.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The candidate the writer most likely meant, if one is near enough to be worth saying.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer than any key of ours: not a slip of the fingers, and the distance would cost time.
    if word.len() > 64 {
        return None;
    }
    let plain = fold(word);
    let allowed = (plain.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&plain, &fold(candidate)),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count()
        })
        // Of equally near ones the first, so that the order of the table decides and not chance.
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case and the choice between `-`, `_` and nothing are not what people get wrong on purpose.
fn fold(word: &str) -> String {
    word.chars()
        .filter(|character| !matches!(character, '-' | '_' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// `a, b or c`, each in backticks; at most twelve.
pub(super) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let words: Vec<_> = words.into_iter().collect();
    let mut list: Vec<String> = words
        .iter()
        .take(SHOWN)
        .map(|word| format!("`{word}`"))
        .collect();
    if words.len() > SHOWN {
        list.push(format!("{} more", words.len() - SHOWN));
    }
    match list.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_far_ones_are_not() {
        let keys = [
            "status",
            "headers",
            "json",
            "latency",
            "expect_failure",
            "url",
            "http",
        ];
        for (word, expected) in [
            ("stauts", Some("status")),
            ("statuss", Some("status")),
            ("Status", Some("status")),
            ("header", Some("headers")),
            ("htpp", Some("http")),
            ("expectFailure", Some("expect_failure")),
            ("expect-failure", Some("expect_failure")),
            ("ulr", Some("url")),
            ("body", None),
            ("x", None),
            ("", None),
            ("completely_different", None),
        ] {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), keys), None);
        assert_eq!(nearest("a", ["b"]), None);
    }

    #[test]
    fn lists_read_like_a_sentence_and_end() {
        assert_eq!(listed([]), "");
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` or `c`");
        let many: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        assert!(listed(many.iter().map(String::as_str)).ends_with("`11` or 8 more"));
    }
}
