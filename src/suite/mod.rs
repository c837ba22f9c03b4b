//! YAML to typed suites: one typed test a matrix row, every scalar still knowing its place.

mod actors;
mod codes;
mod cold;
mod condition;
mod counted;
mod decode;
mod defaults;
mod early;
mod failure_keys;
mod file;
mod files;
mod gate_keys;
mod inventory;
mod links;
mod lint;
mod literal;
mod load;
mod matrix;
mod mode;
mod project;
mod read;
mod reference;
mod relations;
mod schema;
mod schema_files;
mod scope;
mod secret;
mod session;
mod shipped;
mod side_by_side;
mod starter;
mod step;
mod suites;
mod target;
mod test;
mod unheard;
mod uses;
mod value;
mod variables;
mod vocabulary;
mod who;
mod written;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use cold::{Cold, PROOF};
pub use condition::{Condition, ConditionError};
pub use defaults::Defaults;
pub use gate_keys::GateKeys;
pub use lint::lint;
pub use load::{Opened, Unusable, load, open};
pub use mode::{Mode, Repeat, Retry, Until};
pub use project::Project;
pub use reference::reference;
pub use schema::suite_schema;
pub use session::Session;
pub use shipped::FILES as SHIPPED;
pub use starter::starter;
pub use step::{LateLook, Look, Step};
pub use suites::{Environment, Given, Root, Suites};
pub use target::{Omit, Target};
pub use test::{Alone, ExpectFailure, Requirement, Test};
pub use uses::Used;
