//! The one door through which text enters the document.

use std::borrow::Cow;

use quick_xml::escape::escape;

use crate::report::visible;

/// Text of an element: its lines kept, everything XML 1.0 forbids (§2.2) made visible, cut at `most` characters, escaped.
pub(super) fn xml_text(text: &str, most: usize) -> String {
    escape(visible::cut(&visible::block(text), most)).into_owned()
}

/// Text of an attribute: one line, because readers turn line feeds in attributes into spaces (XML 1.0 §3.3.3).
pub(super) fn xml_attribute(text: &str) -> String {
    escape(Cow::Owned(visible::cut(&visible::line(text), MOST))).into_owned()
}

/// Characters of one attribute. A name longer than this is not read by anybody.
const MOST: usize = 1000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::events::Event;

    use super::*;

    /// Any character, with those that break documents more often than chance would have them.
    fn hostile() -> impl Strategy<Value = String> {
        let breaking = prop::sample::select(vec![
            '\0',
            '\u{1b}',
            '\u{b}',
            '\t',
            '\n',
            '\r',
            '<',
            '>',
            '&',
            '"',
            '\'',
            ']',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{fffe}',
            '\u{ffff}',
            '\u{202e}',
            '\u{2028}',
            '\u{feff}',
            '\u{1fffe}',
        ]);
        prop::collection::vec(prop_oneof![breaking, any::<char>()], 0..60)
            .prop_map(|chars| chars.into_iter().collect())
    }

    /// XML 1.0 §2.2, production 2: what a document may contain at all.
    fn is_char(c: char) -> bool {
        matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    }

    /// What a reader gives back for a document with this text in both places.
    fn read_back(attribute: &str, text: &str) -> (String, String) {
        let document = format!("<t a=\"{attribute}\">{text}</t>");
        assert!(document.chars().all(is_char), "{document:?}");
        let mut reader = quick_xml::Reader::from_str(&document);
        reader.config_mut().check_end_names = true;
        let (mut seen_attribute, mut seen_text) = (String::new(), String::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    let found = start.try_get_attribute("a").unwrap().unwrap();
                    let raw = std::str::from_utf8(&found.value).unwrap();
                    seen_attribute = quick_xml::escape::unescape(raw).unwrap().into_owned();
                }
                Event::Text(part) => seen_text.push_str(std::str::from_utf8(&part).unwrap()),
                Event::GeneralRef(entity) => {
                    seen_text.push('&');
                    seen_text.push_str(std::str::from_utf8(&entity).unwrap());
                    seen_text.push(';');
                }
                Event::End(_) => {}
                Event::Eof => break,
                other => panic!("the text broke out of its element: {other:?}"),
            }
        }
        let seen_text = quick_xml::escape::unescape(&seen_text)
            .unwrap()
            .into_owned();
        (seen_attribute, seen_text)
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was_shown(text in hostile()) {
            let (attribute, body) = read_back(&xml_attribute(&text), &xml_text(&text, 10_000));
            prop_assert_eq!(attribute, visible::line(&text));
            prop_assert_eq!(body, visible::block(&text));
        }
    }

    #[test]
    fn evidence_is_shown_and_not_dropped() {
        assert_eq!(
            xml_text("a\tb\u{1b}[31m]]>\0\u{fffe}", 100),
            "a    b␛[31m]]&gt;␀\u{fffd}"
        );
        assert_eq!(xml_attribute("a\nb"), "a␊b");
    }

    #[test]
    fn long_text_is_cut_before_it_is_escaped() {
        assert_eq!(
            xml_text(&"<".repeat(44), 2),
            "&lt;&lt;… (42 more characters)"
        );
    }
}
