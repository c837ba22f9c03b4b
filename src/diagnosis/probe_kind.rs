//! What looked, by the names that records and rules have for it.

macro_rules! kinds {
    ($($variant:ident = $name:literal,)*) => {
        /// A probe. Of an older or newer program a record can have others, which nothing is known of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum ProbeKind { $($variant,)* }

        impl ProbeKind {
            /// Every name, in the order in which they are listed for people.
            pub(super) const NAMES: &'static [&'static str] = &[$($name,)*];

            /// Reads a name.
            pub(super) fn of(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The name.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    Http = "http",
    WebSocket = "websocket",
    Sse = "sse",
    Tcp = "tcp",
    Dns = "dns",
    Tls = "tls",
    Sql = "sql",
    Redis = "redis",
    Pool = "pool",
    Command = "command",
    Process = "process",
    Log = "log",
    Runner = "runner",
}
