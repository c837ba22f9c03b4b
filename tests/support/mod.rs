//! What tests of the whole program share: the program in a directory of its own, and servers on 127.0.0.1 that tell
//! when somebody came instead of making the test wait.

mod canary;
mod hostile;
mod output;
mod tool;

pub(crate) use canary::{Answer, Asked, Canary};
pub(crate) use hostile::{Hostile, Refusing};
pub(crate) use output::Output;
pub(crate) use tool::{Running, Tool};
