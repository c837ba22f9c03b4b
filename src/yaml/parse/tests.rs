use proptest::prelude::*;

use super::*;
use crate::yaml::decode_bytes;
use crate::yaml::told::{source, told, tree};

fn problems(text: &str) -> Vec<String> {
    let (sources, file) = source(text);
    let mut problems = Diagnostics::default();
    parse(&sources, file, &mut problems);
    told(text, &problems)
}

/// The only problem, which leaves no tree, with the line and column it is told at.
fn fatal(text: &str) -> String {
    let (sources, file) = source(text);
    let mut problems = Diagnostics::default();
    assert_eq!(parse(&sources, file, &mut problems), None);
    let problem = problems.iter().next().expect("a problem");
    let place = sources.position(problem.span.expect("a place"));
    format!("{}:{} {}", place.line, place.column, problem.message)
}

#[test]
fn the_tree_is_what_is_written() {
    let tree = tree("a: 1\nb:\n  - x\n  - { c: 'y', d: \"z\" }\n  - |\n    two\n    lines\n");
    let text = |node: &Node| {
        node.as_scalar()
            .map(|scalar| (scalar.text.to_string(), scalar.style))
    };
    assert_eq!(
        text(tree.get("a").unwrap()),
        Some(("1".to_owned(), Style::Plain))
    );
    let items = tree.get("b").and_then(Node::as_sequence).unwrap();
    assert_eq!(text(&items[0]), Some(("x".to_owned(), Style::Plain)));
    assert_eq!(
        text(items[1].get("c").unwrap()),
        Some(("y".to_owned(), Style::Text))
    );
    assert_eq!(
        text(items[1].get("d").unwrap()),
        Some(("z".to_owned(), Style::Text))
    );
    assert_eq!(
        text(&items[2]),
        Some(("two\nlines\n".to_owned(), Style::Text))
    );
}

#[test]
fn spans_are_exactly_the_values() {
    let text = "é: \"ü\"\nb:\n  - [1, {k: v}]\n  - plain text # comment\nc: { x: }\n";
    let tree = tree(text);
    let of = |node: &Node| &text[node.span.start as usize..node.span.end as usize];
    assert_eq!(of(tree.get("é").unwrap()), "\"ü\"");
    let items = tree.get("b").unwrap();
    assert_eq!(of(items), "- [1, {k: v}]\n  - plain text");
    assert_eq!(of(&items.as_sequence().unwrap()[0]), "[1, {k: v}]");
    assert_eq!(of(&items.as_sequence().unwrap()[1]), "plain text");
    assert_eq!(of(tree.get("c").unwrap().get("x").unwrap()), "");
    assert_eq!(of(&tree), text.trim_end());
}

#[test]
fn positions_count_characters_whatever_the_line_ends() {
    for (bytes, line, column) in [
        (&b"\xef\xbb\xbfa: 1\r\nb: x\r\n"[..], 2, 4),
        ("ключ: 1\nb: x".as_bytes(), 2, 4),
        ("é: [😀, ü]\nb: x".as_bytes(), 2, 4),
        ("{ 😀: ü, b: x }".as_bytes(), 1, 12),
        (b"\xef\xbb\xbfb: x", 1, 4),
    ] {
        let text = decode_bytes(bytes.to_vec()).unwrap();
        let (sources, file) = source(&text);
        let tree = parse(&sources, file, &mut Diagnostics::default()).unwrap();
        let place = sources.position(tree.get("b").unwrap().span);
        assert_eq!((place.line, place.column), (line, column), "{text:?}");
    }
}

#[test]
fn carriage_returns_do_not_get_into_scalars() {
    let text = "a: x\r\nb: \"p\r\n  q\"\r\nc: |\r\n  k\r\n  l\r\nd: r\r\n  s\r\n";
    let tree = tree(text);
    let values: Vec<_> = tree
        .as_mapping()
        .unwrap()
        .iter()
        .map(|entry| &*entry.value.as_scalar().unwrap().text)
        .collect();
    assert_eq!(values, ["x", "p q", "k\nl\n", "r s"]);
}

#[test]
fn aliases_are_shared_and_know_where_they_are_used() {
    let text = "a: &x { k: v }\nb: *x\n";
    let tree = tree(text);
    let (a, b) = (tree.get("a").unwrap(), tree.get("b").unwrap());
    assert!(std::ptr::eq(a.resolved(), b.resolved()));
    assert_eq!(&text[b.span.start as usize..b.span.end as usize], "*x");
    assert_eq!(
        &text[a.span.start as usize..a.span.end as usize],
        "{ k: v }"
    );
    assert_eq!(
        b.get("k")
            .and_then(Node::as_scalar)
            .map(|scalar| &*scalar.text),
        Some("v")
    );
}

#[test]
fn a_file_without_a_value_is_empty() {
    for text in [
        "",
        "\n\n",
        "# only a comment\n",
        "---\n",
        "--- # x\n",
        "   ",
    ] {
        assert_eq!(problems(text), [": the file is empty"], "{text:?}");
    }
}

#[test]
fn what_suites_do_not_use_is_told_together_and_the_tree_stays() {
    let text = "a: 1\nb: x\na: 2\n<<: y\n1: z\ntrue: z\nwhen: !production\ns: !!str 5\np: !!python/object:os.system [x]\nl: {below:5s}\n";
    assert_eq!(
        problems(text),
        [
            "a: duplicate key `a` [first defined here: a]",
            "<<: merge keys (`<<`) are not supported (write the keys out, share a whole value with `*alias`, or use `defaults`)",
            "1: the key `1` is a number, and keys are text (write it in quotes: `\"1\"`)",
            "true: the key `true` is a truth value, and keys are text (write it in quotes: `\"true\"`)",
            "!production: tags are not supported, found `!production` (write `not production` for the opposite, or quotes around text that starts with `!`)",
            "!!str: tags are not supported, found `!!str` (leave it out; what a value is follows from its key)",
            "!!python/object:os.system: tags are not supported, found `!!python/object:os.system` (leave it out; what a value is follows from its key)",
            "below:5s: a space is missing after `:` (write `{ below: 5s }`)",
        ]
    );
    let (sources, file) = source(text);
    let tree = parse(&sources, file, &mut Diagnostics::default()).unwrap();
    let keys: Vec<_> = tree
        .as_mapping()
        .unwrap()
        .iter()
        .map(|entry| &*entry.key)
        .collect();
    assert_eq!(keys, ["a", "b", "1", "true", "when", "s", "p", "l"]);
    assert_eq!(
        tree.get("a")
            .and_then(Node::as_scalar)
            .map(|scalar| &*scalar.text),
        Some("1"),
        "the first stays"
    );
    assert_eq!(
        tree.get("when").map(|node| &node.kind),
        Some(&Kind::Pending),
        "not judged any further"
    );
}

#[test]
fn duplicates_are_found_among_many_keys_too() {
    let many: Vec<_> = (0..40).map(|number| format!("k{number}: x\n")).collect();
    let many = many.concat();
    assert_eq!(
        problems(&format!("{many}k3: y\n")),
        ["k3: duplicate key `k3` [first defined here: k3]"]
    );
    assert_eq!(
        problems(&format!("{many}new: y\nnew: z\n")),
        ["new: duplicate key `new` [first defined here: new]"]
    );
    assert!(problems(&many).is_empty());
}

#[test]
fn usual_slips_are_named_at_their_place() {
    for (text, expected) in [
        (
            "x: { url: ${api}/health }",
            "1:11 a variable inside `{ }` or `[ ]` needs quotes",
        ),
        (
            "x: { a: \"${b}\", url: ${api} }",
            "1:22 a variable inside `{ }` or `[ ]` needs quotes",
        ),
        (
            "x: [${a}, b]",
            "1:5 a variable inside `{ }` or `[ ]` needs quotes",
        ),
        ("a: {{ x }}", "1:5 a key must be text, found a mapping"),
        ("? [a]\n: b", "1:3 a key must be text, found a list"),
        ("a: &x b\n*x : c", "2:1 a key must be text, found an alias"),
        ("a: 1\n\tb: 1", "2:1 a tab cannot indent"),
        ("a:\n  - b\n\t- c", "3:1 a tab cannot indent"),
        (
            "a: \"x\nb: 1\nc: \"y\"\n",
            "1:4 the quote `\"` is never closed",
        ),
        ("a: it's\nb: 'x", "2:4 the quote `'` is never closed"),
        ("a: [b, \"c]\nd: 1\n", "1:8 the quote `\"` is never closed"),
        ("a: \"x\" y", "1:8 text after a closing quote"),
        ("a: @x", "1:4 a value cannot start with `@`"),
        ("a: `x`", "1:4 a value cannot start with a backtick"),
        ("a: %x", "1:4 a value cannot start with `%`"),
        ("a: \"\\d\"", "1:4 an unknown escape after `\\`"),
        ("a: b: c", "1:5 a `:` where no key can end"),
        ("a: - b", "1:4 a list cannot start here"),
        ("a: [1, 2\n", "1:4 `[` is never closed"),
        ("a: [}", "1:4 `[` is closed by `}`"),
        ("a: ]", "1:4 a closing bracket without its opening one"),
        ("a:\n  b: 1\n c: 2", "3:2 expected a key here"),
        ("- a\nb: 1", "2:1 expected `- ` here, or less indentation"),
        ("a: [1] x", "1:8 expected a key here"),
        (": x", "1:1 a key is missing before the `:`"),
        ("a: 1\n---\nb: 2", "2:1 a second document starts here"),
        ("---\na: 1\n---\n", "3:1 a second document starts here"),
        (
            "%YAML 1.1\n---\na: 1",
            "1:1 directives (`%…`) are not supported",
        ),
        (
            "a: *x",
            "1:4 an alias without an anchor of that name before it",
        ),
        (
            "a: *.x",
            "1:4 an alias without an anchor of that name before it",
        ),
        ("a: &x [*x]", "1:8 an alias inside the value it stands for"),
        (
            "&x a: *x",
            "1:7 an alias stands for a value, and this anchor is at a key",
        ),
    ] {
        assert_eq!(fatal(text), expected, "{text:?}");
    }
}

#[test]
fn hostile_files_are_refused_without_building_what_they_describe() {
    let laugh = |level: usize| {
        let uses = vec![format!("*a{}", level.wrapping_sub(1)); 10].join(", ");
        format!(
            "a{level}: &a{level} [{}]\n",
            if level == 0 { "x" } else { &uses }
        )
    };
    let laughs: Vec<_> = (0..10).map(laugh).collect();
    let links: Vec<_> = (1..50_000)
        .map(|link| format!("- &a{link} [*a{}]\n", link - 1))
        .collect();
    let chain = format!("- &a0 [x]\n{}", links.concat());
    let quadratic = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(200_000),
        vec!["*a"; 20_000].join(", ")
    );
    let deep_block: Vec<_> = (0..3_000)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    for (name, text, expected) in [
        (
            "brackets",
            "[".repeat(100_000),
            "1:65 nested deeper than 64 levels",
        ),
        (
            "braces",
            "{a: ".repeat(50_000),
            "1:257 nested deeper than 64 levels",
        ),
        (
            "dashes",
            "- ".repeat(100_000),
            "1:129 nested deeper than 64 levels",
        ),
        (
            "block",
            deep_block.concat(),
            "65:65 nested deeper than 64 levels",
        ),
        (
            "block and flow",
            format!("{}{}", "- ".repeat(40), "[".repeat(40) + &"]".repeat(40)),
            "1:105 nested deeper than 64 levels",
        ),
        (
            "chain of aliases",
            chain,
            "64:9 nested deeper than 64 levels",
        ),
        (
            "billion laughs",
            laughs.concat(),
            "7:50 with its aliases expanded the file holds more than 2 000 000 values",
        ),
        (
            "quadratic",
            quadratic,
            "2:1341 with its aliases expanded the file holds more than 64 MiB of text",
        ),
        (
            "size",
            "x".repeat(MAX_BYTES + 1),
            "1:1 the file has 33554433 bytes; more than 32 MiB are not read",
        ),
    ] {
        assert_eq!(fatal(&text), expected, "{name}");
    }
    assert_eq!(problems(&"k: 1\n".repeat(100_000)).len(), MAX_PROBLEMS);
}

#[test]
fn sixty_four_levels_are_fine() {
    let text = format!("{}{}", "[".repeat(64), "]".repeat(64));
    tree(&text);
    let half = format!("a: &a {}{}\nb: ", "[".repeat(32), "]".repeat(32));
    tree(&format!("{half}{}*a{}", "[".repeat(31), "]".repeat(31)));
    assert_eq!(
        fatal(&format!("{half}{}*a{}", "[".repeat(32), "]".repeat(32))),
        "2:36 nested deeper than 64 levels"
    );
}

proptest! {
    #[test]
    fn mutated_suites_never_panic(cuts in prop::collection::vec((0_usize..600, 0_usize..20, "[\\PC\n\t\\-:{}\\[\\]\"'&*!#%|>@,$ ]{0,6}"), 1..6)) {
        let mut text = SUITE.to_owned();
        for (at, length, insert) in cuts {
            let start = text.floor_char_boundary(at);
            let end = text.floor_char_boundary(at + length).max(start);
            text.replace_range(start..end, &insert);
        }
        let (sources, file) = source(&text);
        let mut problems = Diagnostics::default();
        if let Some(tree) = parse(&sources, file, &mut problems) {
            crate::yaml::decode::<serde_json::Value>(&tree, &mut problems);
        } else {
            prop_assert!(problems.has_errors());
        }
        for problem in problems.iter() {
            if let Some(span) = problem.span {
                prop_assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
            }
        }
        problems.render(&sources, false, &|text| text.to_owned());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(text) = decode_bytes(bytes) {
            let (sources, file) = source(&text);
            let mut problems = Diagnostics::default();
            parse(&sources, file, &mut problems);
            problems.render(&sources, true, &|text| text.to_owned());
        }
    }
}

const SUITE: &str = "# comment\ncategory: connectivity\ndefaults: &d { timeout: 10s, owner: \"é 😀\" }\ntests:\n  - name: api-live\n    critical: true\n    http: { url: \"${api}/health\", headers: { a: 'b' } }\n    expect:\n      status: 200\n      headers: { content-type: { starts_with: application/json } }\n      json: { $.status: healthy }\n      latency: { below: 5s }\n    repeat: { times: 10, pass_rate: 99.95%, more: *d }\n  - name: text\n    command: |\n      one\n       two\n    expect: [1, 2.5, ~, 0x1f, [a, b], *d]\n";
