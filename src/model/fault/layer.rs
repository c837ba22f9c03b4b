//! How a layer lists its faults.

use super::OriginKind;
use crate::model::Phase;

/// A fault as a list of codes shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownFault {
    /// The stable code; of a numbered family with `N` for the number: `tls.alert.N`.
    pub code: &'static str,
    /// What it means, in Markdown.
    pub meaning: &'static str,
    /// The phases in which it can happen.
    pub phases: &'static [Phase],
    /// The typed signals that can be behind it; none when our own deadline or a cap decides.
    pub origins: &'static [OriginKind],
    /// Whether it says that time was over: ours, where no signal is behind it.
    pub is_timeout: bool,
}

impl KnownFault {
    /// The first word of its code: `tls`.
    pub fn layer(&self) -> &'static str {
        self.code.split('.').next().unwrap_or(self.code)
    }
}

/// Makes the enum of a layer from lines `Variant = "code", in [phases], by [origins];`, with `, timeout` before the end of those
/// that say that time was over.
macro_rules! layer {
    ($(#[$doc:meta])* $type:ident {
        $($(#[doc = $meaning:literal])+ $variant:ident = $code:literal, in [$($phase:ident),+], by [$($origin:ident),*] $(, $timeout:ident)?;)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[doc = $meaning])+ $variant,)* }

        impl $type {
            /// Every fault of this layer.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What is known of it.
            pub const fn known(self) -> $crate::model::KnownFault {
                match self {
                    $(Self::$variant => $crate::model::KnownFault {
                        code: $code,
                        meaning: concat!($($meaning),+),
                        phases: &[$($crate::model::Phase::$phase),+],
                        origins: &[$($crate::model::OriginKind::$origin),*],
                        is_timeout: layer!(@is $($timeout)?),
                    },)*
                }
            }

            /// The stable code.
            pub const fn code(self) -> &'static str {
                self.known().code
            }

            pub(super) fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|fault| fault.code() == code)
            }
        }
    };
    (@is timeout) => { true };
    (@is) => { false };
}
