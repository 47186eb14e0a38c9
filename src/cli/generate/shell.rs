//! `generate completions` and `generate man`: what shells and `man` want to know of the command line.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::GenerateTarget;
use crate::cli::Arguments;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Completions {
    /// For which shell.
    #[arg(value_enum)]
    shell: Shell,
    #[command(flatten)]
    target: GenerateTarget,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Man {
    /// Folder to write a page for every command to, instead of the main one to standard output.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(super) fn completions(arguments: &Completions) -> anyhow::Result<ExitCode> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    arguments.target.put(&String::from_utf8_lossy(&script))
}

pub(super) fn man(arguments: &Man) -> anyhow::Result<ExitCode> {
    match &arguments.folder {
        Some(folder) => pages(folder)?,
        None => clap_mangen::Man::new(Arguments::command()).render(&mut io::stdout().lock())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn pages(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Arguments::command(), folder)
}
