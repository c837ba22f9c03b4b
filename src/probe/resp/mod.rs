//! What every probe that speaks to Redis shares: its URLs, its wire format (RESP) over a stream of ours, and sessions.

mod about;
mod broken;

mod reply;
mod request;
mod session;
mod url;
mod wire;

pub(super) use about::{field, role};
pub(super) use broken::refused;
pub(super) use reply::{text, value};
pub(super) use request::Command;
pub(super) use session::{Place, Session, Sessions, granted};
pub(super) use url::Url;
