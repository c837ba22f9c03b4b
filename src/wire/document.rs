//! What a document says about itself, and why one cannot be read.

use serde::Deserialize;

/// A recorded run or event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// It is not JSON at all, or ends too early.
    #[error("not JSON: {0}")]
    Syntax(serde_json::Error),
    /// It is JSON, but not a document of this kind.
    #[error("not a document of the format `{wanted}`: {}", match found {
        Some(found) => format!("its `format` is `{found}`"),
        None => "it has no `format`".to_owned(),
    })]
    Foreign {
        /// The format that was asked for.
        wanted: &'static str,
        /// The format it claims.
        found: Option<String>,
    },
    /// A newer allclear wrote it, in a way this one does not know.
    #[error(
        "version {found} of `{format}`, but this allclear reads up to version {known}: read it with the allclear that wrote it, or a newer one"
    )]
    Version {
        /// The format.
        format: &'static str,
        /// The version it claims; 0 when it claims none.
        found: u64,
        /// The newest version known here.
        known: u64,
    },
    /// A field is missing or does not hold what it promises.
    #[error("damaged: {0}")]
    Content(serde_json::Error),
    /// Fewer or more tests than it says were planned.
    #[error("damaged: it holds {found} tests, but {planned} were planned")]
    Planned {
        /// How many it says were planned.
        planned: u64,
        /// How many it holds.
        found: u64,
    },
}

impl From<serde_json::Error> for WireError {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            serde_json::error::Category::Data => Self::Content(error),
            _ => Self::Syntax(error),
        }
    }
}

/// Accepts a document of this format, up to this version.
pub(super) fn check(text: &str, format: &'static str, known: u64) -> Result<(), WireError> {
    #[derive(Deserialize)]
    struct Claim {
        format: Option<String>,
        version: Option<u64>,
    }
    let claim: Claim = match serde_json::from_str(text).map_err(WireError::from) {
        Ok(claim) => claim,
        // An array, a string, an object whose `format` is a number: JSON of somebody else.
        Err(WireError::Content(_)) => Claim {
            format: None,
            version: None,
        },
        Err(error) => return Err(error),
    };
    if claim.format.as_deref() != Some(format) {
        return Err(WireError::Foreign {
            wanted: format,
            found: claim.format,
        });
    }
    match claim.version.unwrap_or_default() {
        version if (1..=known).contains(&version) => Ok(()),
        found => Err(WireError::Version {
            format,
            found,
            known,
        }),
    }
}
