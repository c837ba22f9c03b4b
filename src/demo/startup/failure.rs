//! Why the service does not start.

/// What is said, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The exit code.
    pub(super) code: u8,
    pub(super) message: String,
}

impl Failure {
    /// Any reason at all: those who start services have one code for it, and only what is said tells the reasons apart.
    pub(super) fn startup(message: impl Into<String>) -> Self {
        Self {
            code: 3,
            message: message.into(),
        }
    }
}
