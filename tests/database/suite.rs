//! The shipped category `database` against real servers: healthy it is GO, and broken in one way exactly the tests turn red
//! that look at it, with the code of the server. This is the test of those tests.

mod mariadb;
mod mutant;
mod postgres;
mod redis;
mod sqlite;
