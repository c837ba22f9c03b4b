//! How the list of probes becomes [`AnyProbe`](super::AnyProbe): its decoding, schema, names and dispatch.

use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;

use super::{Invalid, Probe};
use crate::template::{Filled, LateError};
use crate::yaml::{Diagnostic, Diagnostics, Node, Severity, Span, decode};

/// Makes the enum from lines `module::Type,`; the module's name is the probe's key.
macro_rules! probes {
    ($($(#[$attribute:meta])* $module:ident :: $type:ident,)*) => {
        /// Any probe of the list.
        pub enum AnyProbe {
            $(
                $(#[$attribute])*
                #[doc = concat!("`", stringify!($module), "`")]
                $type(Box<$module::$type>),
            )*
        }

        impl std::fmt::Debug for AnyProbe {
            /// What is asked, and not the keys: they may hold credentials.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(self.name()).field(&self.request()).finish()
            }
        }

        impl AnyProbe {
            /// The keys of all probes, in the order of the list.
            pub const NAMES: &'static [&'static str] = &[$($(#[$attribute])* stringify!($module),)*];

            /// What a probe can give; `None` for a key that is no probe.
            pub fn vocabulary(name: &str) -> Option<$crate::check::Vocabulary> {
                match name {
                    $($(#[$attribute])* stringify!($module) => Some($crate::check::Vocabulary {
                        probe: stringify!($module),
                        facts: <$module::$type as Probe>::FACTS,
                    }),)*
                    _ => None,
                }
            }

            /// The first sentence of a probe's description; `None` for a key that is no probe.
            pub fn about(name: &str) -> Option<String> {
                match name {
                    $($(#[$attribute])* stringify!($module) => Some(any::about::<$module::$type>()),)*
                    _ => None,
                }
            }

            /// The JSON schema of each probe's mapping, by key; what they share goes to the generator's definitions.
            pub fn schemas(
                generator: &mut schemars::SchemaGenerator,
            ) -> Vec<(&'static str, schemars::Schema)> {
                vec![$($(#[$attribute])* (
                    stringify!($module),
                    generator.subschema_for::<$module::$type>(),
                ),)*]
            }

            /// Reads a probe's mapping and prepares it. Late scalars decode as stand-ins and then nothing is prepared.
            pub fn decode(
                name: &str,
                node: &$crate::yaml::Node,
                is_late: bool,
                problems: &mut $crate::yaml::Diagnostics,
            ) -> Option<Self> {
                match name {
                    $($(#[$attribute])* stringify!($module) => {
                        any::read(node, is_late, problems).map(|probe| Self::$type(Box::new(probe)))
                    })*
                    _ => {
                        problems.push($crate::yaml::Diagnostic::error(
                            node.span,
                            format!("there is no probe `{name}`"),
                        ));
                        None
                    }
                }
            }

            /// Reads and prepares a probe after its late scalars were filled.
            pub fn decode_late(
                name: &str,
                filled: &$crate::template::Filled,
            ) -> Result<Self, $crate::template::LateError> {
                any::read_late(filled, |node, problems| Self::decode(name, node, false, problems))
            }

            /// The probe's key.
            pub fn name(&self) -> &'static str {
                match self { $($(#[$attribute])* Self::$type(_) => stringify!($module),)* }
            }

            /// See [`Probe::resources`].
            pub fn resources(&self) -> Vec<String> {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.resources(),)* }
            }

            /// See [`Probe::led_to`].
            pub fn led_to(&self, seen: &Observation) -> Option<Vec<String>> {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.led_to(seen),)* }
            }

            /// See [`Probe::request`].
            pub fn request(&self) -> String {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.request(),)* }
            }

            /// See [`Probe::needs`].
            pub fn needs(&self) -> Needs {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.needs(),)* }
            }

            /// See [`Probe::show`].
            pub fn show(&self, ctx: &Context, seen: &mut Observation) {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.show(ctx, seen),)* }
            }

            /// See [`Probe::least`].
            pub fn least(&self) -> Option<Least> {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.least(),)* }
            }

            /// See [`Probe::allowed`].
            pub fn allowed(&self) -> Option<Least> {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.allowed(),)* }
            }

            /// See [`Probe::counts`].
            pub fn counts(&self) -> &'static [&'static str] {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.counts(),)* }
            }

            /// See [`Probe::hollow`].
            pub fn hollow(&self) -> Option<Hollow> {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.hollow(),)* }
            }

            /// See [`Probe::unheard`].
            pub fn unheard(&self) -> Option<&'static str> {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.unheard(),)* }
            }

            /// See [`Probe::waits`].
            pub fn waits(&self) -> Option<std::borrow::Cow<'static, str>> {
                match self { $($(#[$attribute])* Self::$type(probe) => probe.waits(),)* }
            }

            /// See [`Probe::observe`]. In a box of its kind's size: every future around it would have room for the largest kind,
            /// several times over, and be copied with it.
            pub fn observe<'l>(
                &'l self,
                ctx: &'l Context,
            ) -> Pin<Box<dyn Future<Output = Looked> + Send + 'l>> {
                match self { $($(#[$attribute])* Self::$type(probe) => Box::pin(probe.observe(ctx)),)* }
            }
        }
    };
}

/// The first sentence of a type's doc comment, as its schema has it.
pub(super) fn about<P: JsonSchema>() -> String {
    let schema = SchemaGenerator::default().into_root_schema_for::<P>();
    let text = schema
        .get("description")
        .and_then(|text| text.as_str())
        .unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    line.split_inclusive(". ")
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Decodes a probe, and prepares it unless it holds stand-ins; what is wrong is told at its field.
pub(super) fn read<P: Probe + DeserializeOwned>(
    node: &Node,
    is_late: bool,
    problems: &mut Diagnostics,
) -> Option<P> {
    let probe: P = decode(node, problems)?;
    let prepared = match probe.shape() {
        Ok(()) if is_late => Ok(()),
        Ok(()) => probe.prepare(),
        Err(invalid) => Err(invalid),
    };
    match prepared {
        Ok(()) => Some(probe),
        Err(Invalid { field, message }) => {
            problems.push(Diagnostic::error(field_span(node, &field), message));
            None
        }
    }
}

/// Where a field of a probe's mapping stands, as far as it is there: `storm.ramp` in `storm`, `script.2` in `script`.
pub fn field_span(node: &Node, field: &str) -> Span {
    let item = |node, key: &str| Node::as_sequence(node)?.get(key.parse::<usize>().ok()?);
    let inner = |node, key| {
        Node::get(node, key)
            .or_else(|| item(node, key))
            .unwrap_or(node)
    };
    field.split('.').fold(node, inner).span
}

/// Decodes a filled probe; the first problem becomes the error, with its place.
pub(super) fn read_late<T>(
    filled: &Filled,
    read: impl FnOnce(&Node, &mut Diagnostics) -> Option<T>,
) -> Result<T, LateError> {
    let mut problems = Diagnostics::default();
    if let Some(probe) = read(&filled.node, &mut problems) {
        return Ok(probe);
    }
    let problem = problems
        .iter()
        .find(|problem| problem.severity == Severity::Error);
    Err(LateError(match problem {
        Some(Diagnostic {
            message,
            span: Some(span),
            ..
        }) => {
            let place = filled.sources.position(*span);
            format!("{}:{}:{}: {message}", place.file, place.line, place.column)
        }
        Some(problem) => problem.message.clone(),
        None => "the probe cannot be read".to_owned(),
    }))
}
