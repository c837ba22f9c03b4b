//! Where something broke, from ourselves to what users feel.

use std::fmt;

macro_rules! layers {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Where it broke. Smaller is deeper: a broken name server explains every refused login behind it,
        /// and never the other way round.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Layer { $($(#[$doc])* $variant,)* }

        impl Layer {
            /// Every layer, deepest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

layers! {
    /// The machine we look from.
    Runner = "runner",
    /// What was written down: addresses, secrets, files.
    Configuration = "configuration",
    /// Names.
    Dns = "dns",
    /// Routes, TCP and unix sockets.
    Transport = "transport",
    /// TLS.
    Tls = "tls",
    /// Proxies and load balancers.
    Proxy = "proxy",
    /// Credentials.
    Auth = "auth",
    /// What a server speaks: a database, Redis, a WebSocket, a process and its start.
    Protocol = "protocol",
    /// What the application does.
    Application = "application",
    /// How fast it does it.
    Performance = "performance",
}

impl Layer {
    /// Reads a layer by its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|layer| layer.name() == name)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
