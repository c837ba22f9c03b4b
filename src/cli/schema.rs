//! `allclear schema`: what editors and other programs complete and check with.

use super::args::{SchemaArgs, SchemaOf};
use super::exit;
use super::failure::Failure;
use super::terminal::print;

/// Prints the schema.
pub(super) fn schema(args: &SchemaArgs) -> Result<u8, Failure> {
    let text = match args.of {
        SchemaOf::Suite => crate::suite::suite_schema(),
        SchemaOf::Run => crate::wire::run_schema(),
        SchemaOf::Rules => crate::diagnosis::rules_schema(),
    };
    print(&text)?;
    Ok(exit::GO)
}
