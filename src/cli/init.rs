//! `allclear init`: a suite folder to start from.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::args::InitArgs;
use super::exit;
use super::failure::Failure;
use super::terminal::print;
use crate::suite::{SHIPPED, starter};

/// Writes the folder: the shipped suites, or one test of a URL.
pub(super) fn init(args: &InitArgs) -> Result<u8, Failure> {
    let dir = &args.dir;
    if let Some(url) = dir.to_str().filter(|text| text.contains("://")) {
        let message = format!(
            "error: {url} is a URL, not a folder; nothing was written (allclear init --url {url})"
        );
        return Err(Failure::invalid(message));
    }
    if dir.exists() && !is_empty_folder(dir) {
        let message = format!(
            "error: {} exists and is not an empty folder; nothing was written (name another: allclear init DIR)",
            dir.display()
        );
        return Err(Failure::invalid(message));
    }
    let files: Vec<(String, String)> = match &args.url {
        Some(url) => {
            starter(url).map_err(|why| Failure::invalid(format!("error: --url: {why}")))?
        }
        None => SHIPPED
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect(),
    };
    for (below, text) in &files {
        write(&dir.join(below), text).map_err(|error| Failure::fault(&error))?;
    }
    print(&farewell(dir, &files))?;
    Ok(exit::GO)
}

fn is_empty_folder(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not create {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}

fn farewell(dir: &Path, files: &[(String, String)]) -> String {
    let list: Vec<String> = files
        .iter()
        .map(|(below, _)| format!("  {}\n", dir.join(below).display()))
        .collect();
    let flag = if dir == Path::new("suites") {
        String::new()
    } else {
        format!(" --suites {}", dir.display())
    };
    format!(
        "wrote\n{}\nnext: allclear check{flag}\n      allclear run{flag}\n",
        list.concat()
    )
}
