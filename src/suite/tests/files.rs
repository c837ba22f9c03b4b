//! Folders, links, and which file is what.

use std::os::unix::fs::symlink;

use super::super::testing::{Folder, suite};
use super::super::{Given, Root, load, open};

const TEST: &str = "- { name: x, scripted: { looks: [] }, expect: { fault: none } }";

#[test]
fn notes_and_hidden_files_are_passed_over() {
    let folder = Folder::new(&[
        ("a/b/c.yaml", &suite(TEST)),
        ("README.md", "# [notes"),
        (".hidden.yaml", "["),
        (".git/x.yaml", "["),
    ]);
    assert_eq!(folder.loaded().tests[0].id.to_string(), "a/x");
}

#[test]
fn a_file_that_looks_like_ours_and_is_not_read_is_an_error() {
    for (path, says) in [
        ("a.yml", "rename it to a.yaml"),
        ("b/A.YAML", "rename it to b/A.yaml"),
        ("targets/t.yml", "rename it to targets/t.yaml"),
        ("targets/eu/t.yaml", "move it to targets/t.yaml"),
        ("a/allclear.yaml", "stands at the root"),
        ("waivers.yaml", "knows no waivers"),
    ] {
        let told = Folder::new(&[("a.yaml", &suite(TEST)), (path, "x: 1\n")]).told();
        assert!(told.contains(says) && told.contains(path), "{path}: {told}");
        assert_eq!(told.matches("error:").count(), 1, "{path}: {told}");
    }
}

#[test]
fn a_suite_file_has_a_category_and_tests() {
    for (text, says) in [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("[]\n", "found an empty list"),
        ("- name: x\n", "found a list"),
        ("hello\n", "found the text `hello`"),
        ("category: a\n", "missing key `tests`"),
        ("category: a\ntests:\n", "`tests` is empty"),
        ("category: a\ntests: []\n", "an empty list proves nothing"),
        ("category: a\ntests: {}\n", "expected a list of tests"),
        ("category: a\ntest: []\n", "did you mean `tests`"),
        ("category: A b\ntests: []\n", "is no category"),
        (
            "category: a\ntests: [x]\n",
            "found the text `x`, expected a test",
        ),
        ("category: a\n---\ncategory: b\n", "second document"),
    ] {
        let folder = Folder::new(&[("a.yaml", text)]);
        let errors = folder.errors();
        assert!(
            errors.iter().any(|error| error.contains(says)),
            "{text:?}: {errors:?}"
        );
    }
}

#[test]
fn nothing_outside_the_root_is_read() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.yaml"), "private: [line\n").unwrap();
    let folder = Folder::new(&[("a.yaml", &suite(TEST))]);
    let root = folder.dir.path();
    symlink(outside.path().join("secret.yaml"), root.join("link.yaml")).unwrap();
    symlink(outside.path(), root.join("folder")).unwrap();
    symlink(root.join("nowhere"), root.join("dangling.yaml")).unwrap();
    std::fs::create_dir(root.join("sub")).unwrap();
    symlink(root, root.join("sub/again")).unwrap();
    let told = folder.told();
    for part in [
        "link.yaml is a link that leads out",
        "folder is a link that leads out",
        "dangling.yaml",
        "sub/again is a link to a folder of the suites",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("private"), "{told}");
}

#[test]
fn a_link_inside_the_root_is_fine() {
    let folder = Folder::new(&[("..data/a.yaml", &suite(TEST))]);
    let root = folder.dir.path();
    symlink(root.join("..data/a.yaml"), root.join("a.yaml")).unwrap();
    assert_eq!(folder.loaded().tests.len(), 1);
}

#[test]
fn pipes_devices_and_other_encodings_are_refused() {
    let folder = Folder::new(&[("latin1.yaml", "")]);
    let root = folder.dir.path();
    let fifo = std::process::Command::new("mkfifo")
        .arg(root.join("fifo.yaml"))
        .status();
    assert!(fifo.unwrap().success());
    std::fs::write(root.join("latin1.yaml"), b"category: caf\xe9\n").unwrap();
    std::fs::write(root.join("nul.yaml"), b"category: a\0\n").unwrap();
    let huge = std::fs::File::create(root.join("huge.yaml")).unwrap();
    huge.set_len(100 * 1024 * 1024).unwrap();
    let told = folder.told();
    for part in [
        "fifo.yaml: not a regular file",
        "latin1.yaml",
        "nul.yaml",
        "more than the 32 MiB",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_suite_that_cannot_be_read_is_told_beside_a_target_that_is_not_there() {
    let broken = "category: a\ntests: [\n";
    let files = [
        ("targets/one.yaml", "vars: { host: h1 }\n"),
        ("targets/two.yaml", "vars: { host: h2 }\n"),
        ("a.yaml", broken),
    ];
    let mut folder = Folder::new(&files);
    folder.target = Some("three".to_owned());
    let told = folder.told();
    assert!(told.contains("three") && told.contains("a.yaml:"), "{told}");
    // Which target is meant may stand in what cannot be read.
    folder.target = None;
    let told = folder.told();
    assert!(
        told.contains("a.yaml:") && !told.contains("no target"),
        "{told}"
    );
}

#[test]
fn what_is_wrong_is_told_file_by_file_however_files_are_read() {
    let unknown = |name: &str| {
        suite(&format!(
            "- {{ name: {name}, tcp: {{ host: h, port: 1 }}, expect: {{ connected: true }}, nonsense: x }}"
        ))
    };
    let large = format!("{}{}", unknown("b"), "# …\n".repeat(crate::yaml::LARGE / 4));
    let folder = Folder::new(&[
        ("allclear.yaml", "categories: { a: {} }\n"),
        ("a.yaml", &unknown("a")),
        ("b.yaml", &large),
        ("c.yaml", "category: a\ntests: [\n"),
        ("d.yaml", &unknown("schema")),
        ("e.yaml", &unknown("e")),
    ]);
    let told = folder.told();
    let places: Vec<_> = told
        .match_indices(".yaml:")
        .map(|(at, _)| &told[at - 1..at])
        .collect();
    assert_eq!(places, ["a", "b", "c", "d", "e"], "{told}");
}

#[test]
fn a_target_is_named_or_given_by_path() {
    let mut folder = Folder::new(&[
        ("targets/one.yaml", "vars: { host: h1 }\n"),
        ("targets/two.yaml", "vars: { host: h2 }\n"),
        (
            "a.yaml",
            &suite(
                "- { name: x, tcp: { host: \"${host}\", port: 1 }, expect: { connected: true } }",
            ),
        ),
    ]);
    let told = folder.told();
    assert!(
        told.contains("no target is named") && told.contains("one, two"),
        "{told}"
    );
    folder.target = Some("two".to_owned());
    assert_eq!(folder.loaded().target.name, "two");
    folder.target = Some("tow".to_owned());
    assert!(
        folder
            .told()
            .contains("no target is called `tow`; did you mean `two`?")
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("mine.yaml");
    std::fs::write(&path, "vars: { host: h3 }\n").unwrap();
    folder.target = Some(path.display().to_string());
    let suites = folder.loaded();
    assert_eq!(
        (
            suites.target.name.as_str(),
            &*suites.tests[0].steps[0].resources[0]
        ),
        ("mine", "dns:h3")
    );
    folder.target = Some("/etc/passwd".to_owned());
    let told = folder.told();
    assert!(
        told.contains("a target file ends in .yaml") && !told.contains("root:"),
        "{told}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_said() {
    let root = Root::Folder("/nonexistent/suites".into());
    let unusable = open(&root, None).unwrap_err();
    let text = unusable
        .problems
        .render(&unusable.sources, false, &|text| text.to_owned());
    assert!(
        text.contains("there is no folder /nonexistent/suites"),
        "{text}"
    );
    assert_eq!(unusable.to_string(), "1 error in the suites");
}

#[test]
fn a_folder_without_tests_loads_with_none() {
    let folder = Folder::new(&[("allclear.yaml", "categories: { a: {} }\n")]);
    assert!(folder.loaded().tests.is_empty());
    let root = Root::Folder(folder.dir.path().to_owned());
    assert!(load(open(&root, None).unwrap(), &Given::default()).is_ok());
}

#[test]
fn a_schema_may_stand_in_a_file_below_the_root() {
    let test = |schema: &str| {
        suite(&format!(
            "- {{ name: x, http: {{ url: \"http://h.example/\", json: {{ schema: {{ file: sent.json }} }} }}, expect: {{ json: {{ $: {{ schema: {schema} }} }} }} }}"
        ))
    };
    let event = "{ \"title\": \"An event\", \"type\": \"object\",\n  \"required\": [\"id\"] }";
    let with = |schema: &str, event: &str| {
        Folder::new(&[
            (
                "net/a.yaml",
                &test(schema).replace("category: a", "category: net"),
            ),
            ("schemas/event.json", event),
        ])
    };
    let named = "{ file: ../schemas/event.json }";
    let suites = with(named, event).loaded();
    assert_eq!(
        suites.tests[0].steps[0].expectations,
        ["fault none", "json $ schema An event"]
    );
    // It is part of what is run.
    let other = with(named, &event.replace("id", "name")).loaded();
    assert_ne!(suites.digests.suites, other.digests.suites);
    for (schema, event, says) in [
        (
            named,
            "{ \"requried\": [\"id\"] }",
            "schemas/event.json:1:3",
        ),
        (named, "{", "schemas/event.json:1:"),
        ("{ file: ../schemas/none.json }", event, "could not read"),
        (
            "{ file: ../../../../../../../../etc/hostname }",
            event,
            "a link that leads out of the suite folder",
        ),
        ("{ file: \"${path}\" }", event, "could not read"),
    ] {
        let told = with(schema, event).told();
        assert!(told.contains(says), "{schema}: {told}");
    }
}
