//! The gate's own mutation tests: for every rule a record that just holds and one that just does not, every way to a wrong GO we
//! could think of, and properties over random records.

mod building;
mod properties;
mod rules;
mod wrong_go;
