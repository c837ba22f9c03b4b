//! What [`Fault::StartAlone`] has for its database: something of which there is one for all.
//!
//! [`Fault::StartAlone`]: crate::demo::Fault::StartAlone

use std::fs::File;
use std::path::Path;

use super::failure::Failure;

/// Takes it, for as long as the file is kept; refused while another start has it.
pub(super) fn take(directory: Option<&Path>) -> Result<File, Failure> {
    let Some(directory) = directory else {
        return Err(Failure::startup(
            "configuration error: --directory is missing",
        ));
    };
    let path = directory.join("starting.lock");
    let opened = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = opened.map_err(|error| Failure::startup(format!("{}: {error}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => Err(Failure::startup(
            "database: sorry, too many clients already",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = take(Some(directory.path())).unwrap();
        assert!(take(Some(directory.path())).is_err());
        drop(first);
        take(Some(directory.path())).unwrap();
        assert!(take(None).is_err());
    }
}
