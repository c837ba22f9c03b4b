//! The startup service: a program that starts in seven phases, needs its database for the third, and can be broken in the
//! ways starts are. It is this very program, started with [`SERVICE_FLAG`]:
//! what `process` looks at needs nothing else on the machine.
//!
//! ```text
//! PORT=8080 DATABASE_URL=demo:127.0.0.1:5432 SECRET_KEY=… allclear --demo-service [--fault start-slow]
//! init ─► dependencies ─► database ─► cache ─► services ─► websocket ─► finalize ─► ready
//! ```
//!
//! Its port is open from the beginning, as behind a server that binds before the application has started: open is not ready.
//! It tells its phases line by line on standard output, and what went wrong on standard error. It ends with 0 when it is asked
//! to (SIGTERM, SIGINT), with 3 when it cannot start, with 1 where a module is missing or its port is taken, with 2 when its
//! arguments are wrong; and when whoever started it is gone.

mod answers;
mod arguments;
mod config;
mod connect;
mod failure;
mod left_behind;
mod lock;
mod parent;
mod phases;
mod program;
mod progress;
mod say;
mod supervisor;

pub use program::{SERVICE_FLAG, startup_service};
