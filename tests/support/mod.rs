//! What tests of the whole program share: the program in a directory of its own, and servers on 127.0.0.1 that tell
//! when somebody came instead of making the test wait. Those of others are Debian's, those that lie are ours.

mod canary;
pub(crate) mod case;
mod certificates;
mod daemon;
mod dns;
mod dnsmasq;
mod ends;
mod family;
mod haproxy;
mod hostile;
mod jupyter;
mod login;
pub(crate) mod mariadb;
mod nginx;
mod output;
mod port;
pub(crate) mod postgres;
pub(crate) mod redis;
mod secret;
mod stream;
mod template;
mod tool;
mod user;

pub(crate) use canary::{Answer, Asked, Canary};
pub(crate) use certificates::{Certificates, HOST, Pair};
pub(crate) use daemon::{Daemon, Program, directory};
pub(crate) use dns::{Act, NS, NameServer, Reply};
pub(crate) use dnsmasq::Dnsmasq;
pub(crate) use ends::{Ends, ends_of};
pub(crate) use family::at_work;
pub(crate) use haproxy::{Haproxy, Service};
pub(crate) use hostile::{Deaf, Full, Hostile, Refusing, Session};
pub(crate) use jupyter::Jupyter;
pub(crate) use login::{APP, Login, ODD};
pub(crate) use mariadb::MariaDb;
pub(crate) use nginx::{Nginx, Site};
pub(crate) use output::Output;
pub(crate) use postgres::Postgres;
pub(crate) use redis::Redis;
pub(crate) use secret::{is_kept, tell_all};
pub(crate) use tool::{Running, Tool};
