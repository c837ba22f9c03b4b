//! `look: dsn`: where does a DSN lead, before anybody goes there?

use crate::model::{Observation, Value};
use crate::probe::Context;
use crate::probe::database::Dsn;
use crate::probe::look::Look;

/// `engine`, `host`, `database` and `tls_mode`, as they are written and not as somebody answers.
pub(super) fn look(ctx: &Context, dsn: &Dsn) -> Observation {
    let mut look = Look::begin(ctx);
    let (engine, host, database, tls) = match dsn {
        Dsn::Sqlite { file, .. } => {
            let name = file.file_name().unwrap_or(file.as_os_str());
            let name = name.to_string_lossy().into_owned();
            ("sqlite", None, Some(name), "none")
        }
        Dsn::Server(server) => (
            server.engine.name(),
            Some(server.endpoint.place()),
            server.database.clone(),
            server.mode().name(),
        ),
    };
    look.fact("engine", Value::Text(engine.to_owned()));
    look.fact("tls_mode", Value::Text(tls.to_owned()));
    for (name, value) in [("host", host), ("database", database)] {
        if let Some(value) = value {
            look.fact(name, Value::Text(value));
        }
    }
    look.finish()
}
