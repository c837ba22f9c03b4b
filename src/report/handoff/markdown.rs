//! The doors through which text enters a Markdown page. What comes from outside must not become a link, a heading, a mention of
//! somebody, a picture, or HTML (CommonMark 0.31, GitHub Flavored Markdown, and what GitHub makes of the text of a page:
//! <https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls>).

use crate::report::visible;

/// Characters of one piece of text.
const MOST: usize = 1000;

/// Text from outside on one line, as code: in a code span nothing else is recognised (CommonMark §6.1).
/// Its fence is longer than any in it.
pub(super) fn code(text: &str) -> String {
    let text = shown(text);
    if text.trim().is_empty() {
        return "(nothing)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // One space at both ends is stripped again; it is needed beside a backtick, and keeps spaces of the text's own.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A sentence on one line. What stands in backticks is code; of the rest what would format is escaped (CommonMark §2.4), and a
/// word that would become a link or call somebody is code.
pub(super) fn prose(text: &str) -> String {
    let text = shown(text);
    let mut parts: Vec<&str> = text.split('`').collect();
    // The last of an odd number of backticks opens nothing.
    let unpaired = if parts.len().is_multiple_of(2) {
        parts.pop()
    } else {
        None
    };
    let parts = parts.iter().enumerate().map(
        |(at, part)| {
            if at % 2 == 1 { code(part) } else { plain(part) }
        },
    );
    let mut out: String = parts.collect();
    if let Some(rest) = unpaired {
        out.push_str("\\`");
        out.push_str(&plain(rest));
    }
    match out.trim().strip_prefix(['-', '+']) {
        // Where a line begins it would be a list.
        Some(_) => format!("\\{}", out.trim()),
        None => out.trim().to_owned(),
    }
}

/// An address of a page as a link (CommonMark §6.5), where it is one and nothing else; any other text as code. For what the
/// suites say alone: what a target answers is never made a link.
pub(super) fn link(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let is_address = host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric()));
    if is_address && text.len() <= MOST && text.chars().all(is_plain) {
        format!("<{text}>")
    } else {
        code(text)
    }
}

fn plain(text: &str) -> String {
    let words: Vec<String> = text.split(' ').map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    let core = word.trim_end_matches([',', '.', ';', ')']);
    let tail = &word[core.len()..];
    let lower = core.to_ascii_lowercase();
    let is_linked = ["@", "://", "www.", "mailto:", "xmpp:", "#"]
        .iter()
        .any(|sign| lower.contains(sign))
        || lower
            .split(is_between)
            .any(|part| is_commit(part) || is_issue(part))
        || has_emoji(&lower);
    if is_linked {
        return format!("{}{tail}", code(core));
    }
    let is_number = !core.is_empty() && core.bytes().all(|byte| byte.is_ascii_digit());
    let mut out = escaped(core);
    // `1.` and `1)` begin a list.
    if is_number && tail.starts_with(['.', ')']) {
        out.push('\\');
    }
    out.push_str(tail);
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '=' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// No part of what GitHub makes links of.
const fn is_between(c: char) -> bool {
    !c.is_ascii_alphanumeric() && c != '-'
}

/// An issue, `gh-12`, is a link as well.
fn is_issue(word: &str) -> bool {
    let number = word.strip_prefix("gh-");
    number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

/// `:tada:` becomes a picture, wherever it stands. Which names there are is not known here: of numbers those of a clock are none.
fn has_emoji(word: &str) -> bool {
    let is_name = |name: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
        let is_of_a_clock = name.len() <= 2 && name.bytes().all(|byte| byte.is_ascii_digit());
        !name.is_empty() && name.chars().all(is_part) && !is_of_a_clock
    };
    let mut names: Vec<&str> = word.split(':').skip(1).collect();
    // Behind the last colon nothing ends.
    names.pop();
    names.into_iter().any(is_name)
}

/// GitHub makes a link of what looks like the name of a commit.
fn is_commit(word: &str) -> bool {
    (7..=40).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Lines of a shell as a block, one a text, none of them cut. Its fence is longer than any in it (CommonMark §4.5).
pub(super) fn block(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| visible::command(line)).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max();
    let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    format!("{fence}sh\n{}\n{fence}\n", lines.join("\n"))
}

fn shown(text: &str) -> String {
    visible::cut(&visible::line(text), MOST)
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a``"), "``` `a`` ```");
        assert_eq!(code("a\nb"), "`a␊b`");
        assert_eq!(code(" "), "(nothing)");
        assert_eq!(
            block(&["echo ```` x".to_owned()]),
            "`````sh\necho ```` x\n`````\n"
        );
        assert_eq!(block(&["a\n```\nb".to_owned()]), "````sh\na␊```␊b\n````\n");
        let long = format!("curl {}", "x".repeat(3 * MOST));
        assert_eq!(
            block(std::slice::from_ref(&long)),
            format!("```sh\n{long}\n```\n")
        );
    }

    #[test]
    fn prose_cannot_format_link_or_call_anybody() {
        for (text, safe) in [
            (
                "a *b* [c](d) <e> &amp; | f",
                r"a \*b\* \[c\](d) &lt;e&gt; &amp;amp; \| f",
            ),
            (
                "ask @ops, see https://evil.example/x, or #12.",
                "ask `@ops`, see `https://evil.example/x`, or `#12`.",
            ),
            ("at 3f9a1c0 it began", "at `3f9a1c0` it began"),
            ("since (3f9a1c0).", "since `(3f9a1c0`)."),
            ("see GH-12, (gh-7)", "see `GH-12`, `(gh-7`)"),
            ("a GH-word, BGH-12", "a GH-word, BGH-12"),
            (":tada: it is a:+1:b", "`:tada:` it is `a:+1:b`"),
            ("at 08:57:52: so it is", "at 08:57:52: so it is"),
            ("1:100:2 is :a", "`1:100:2` is :a"),
            ("- a\n# b", r"\- `a␊#` b"),
            ("1. x (2), 3, y", r"1\. x (2), 3, y"),
            ("run `ulimit -n` first", "run `ulimit -n` first"),
            ("`a` *b `c", r"`a` \*b \`c"),
            ("``", "(nothing)"),
            ("a\\`b", r"a\\\`b"),
        ] {
            assert_eq!(prose(text), safe);
        }
    }
}
