//! What stands below `events:`.

use super::{Shape, Table, key, required};

pub(in crate::suite) const EVENTS: Table = Table {
    name: "events",
    about: "Rules of what comes in a stream. Each is an expectation of its own, with the code `expect.events`. Events are called by their names: what `key` finds in them. Where no event comes no rule holds, unless `count` says 0 in so many words.",
    keys: &[
        key(
            "key",
            Shape::EventKey,
            "Where the name of an event stands: a JSONPath into its JSON, or `event`, the field of a server-sent event; of a list the first that has something. Text, a number or a truth value; rules compare its text ($.type). An event that is no JSON has no name.",
        ),
        key(
            "only",
            Shape::Paths,
            "Which events the rules are about: those in which all of this stands, `{ $.reply_to: \"${uuid}\" }`. The others are left out of all rules but `gap`, as those of `ignore` are. Nothing can be denied of what is not there, so `{ $.of: { not: theirs } }` lets in no event without `$.of`; one that shall come in says so: `{ any_of: [{ exists: false }, { not: theirs }] }`.",
        ),
        key(
            "unnamed",
            Shape::Count(0, u64::MAX),
            "How many events may be without a name (0). They count as events, and as others in `before` and `last`.",
        ),
        key(
            "ignore",
            Shape::EventNames,
            "Names that are left out of all rules but `gap`: a heartbeat says nothing, and shows that the other side lives.",
        ),
        key(
            "strict",
            Shape::EventNames,
            "These come, in this order, and nothing else. At most one of `strict`, `subsequence`, `any_order` and `partial`.",
        ),
        key(
            "subsequence",
            Shape::EventNames,
            "These come in this order; others may come before, between and after.",
        ),
        key(
            "any_order",
            Shape::EventNames,
            "Each of these comes as often as it is listed, in any order; others may come.",
        ),
        key(
            "partial",
            Shape::Mapping(&PARTIAL),
            "What the order is where it matters: the right one for agents.",
        ),
        key(
            "counts",
            Shape::NamedMatchers,
            "How often each name comes: `{ chunk: { at_least: 1 }, done: 1 }`.",
        ),
        key(
            "count",
            Shape::Matcher,
            "How many events come. `0`, `{ at_least: 0 }` and `{ between: [0, 9] }` say that silence is right; `{ at_most: 9 }` does not.",
        ),
        key("forbidden", Shape::EventNames, "None of these comes."),
        key(
            "each",
            Shape::NamedPaths,
            "What holds of every event of a name, or of every event (`\"*\"`): JSONPaths into it, and matchers. An event that is no JSON breaks it.",
        ),
        key(
            "first",
            Shape::AtMost,
            "How long it may take from a send to the first event after it that is not left out. A send after which a `receive` waited and no such event came breaks it; what is sent in a row, before anything is waited for, is answered together. The fact `first_event` is of any event, and knows only the sends that were answered.",
        ),
        key(
            "gap",
            Shape::AtMost,
            "How long it may be silent between two events, and between a send and the first event after it, whichever that is; a send that was waited for and followed by nothing breaks it. The fact `max_gap` knows only what ended. There is no least: two events may share a segment.",
        ),
        key(
            "total",
            Shape::AtMost,
            "How long it may take from a send to the last event before the next send (of server-sent events from the request), in the longest of such turns. Where nothing that came followed a send: from the open stream to the last event.",
        ),
        key(
            "quiet",
            Shape::AtLeast,
            "How long nothing must come after the last event, as far as was listened. Holds when the other side ended the stream: nothing can come then.",
        ),
    ],
};

pub(in crate::suite) const PARTIAL: Table = Table {
    name: "partial",
    about: "An order of some events. What is in `before`, `pairs` or `each` alone must be asked for elsewhere, in `once`, `last` or `counts`: of events that never come every order holds. Rules that contradict each other are an error.",
    keys: &[
        key(
            "before",
            Shape::Orders,
            "`[[started, thinking], [started, \"*\"]]`: each of the first before each of the second; `*` is every other event.",
        ),
        key(
            "pairs",
            Shape::List(&PAIR),
            "To each of the one belongs exactly one of the other, after it.",
        ),
        key(
            "once",
            Shape::EventNames,
            "Each of these comes exactly once.",
        ),
        key(
            "last",
            Shape::Text,
            "The last event is of this name. How long nothing more came is `quiet`.",
        ),
    ],
};

pub(in crate::suite) const PAIR: Table = Table {
    name: "pair",
    about: "Two names whose events belong together, one to one.",
    keys: &[
        required("first", Shape::Text, "Which comes first."),
        required("then", Shape::Text, "Which follows."),
        key(
            "by",
            Shape::Text,
            "A JSONPath to what both have in common: each value once in either. An event without it breaks the rule. Without `by` the n-th belongs to the n-th.",
        ),
    ],
};
