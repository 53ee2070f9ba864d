//! `jumun load compare`: two reports held against each other.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use crate::tools::load::compare::{CompareVerdict, Comparison, Given, REPORT_BYTES_MAX, Tolerance, differences};

/// Compares two reports of jumun load or of ops/load/k6.js: before a change and after it.
///
/// Exit status: 0 compared, 1 something is worse (with --fail-on-worse), 2 they can't be compared.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  jumun load compare before.json after.json --tolerance 10% --fail-on-worse")]
pub struct CompareArgs {
    /// The report from before the change
    before: PathBuf,
    /// The report from after it
    after: PathBuf,
    /// A difference up to this is noise
    #[arg(long, default_value = "5%", value_name = "SHARE")]
    tolerance: Tolerance,
    /// End with exit status 1 when a row is worse
    #[arg(long)]
    fail_on_worse: bool,
    /// Compare runs that were not asked for the same
    #[arg(long)]
    force: bool,
}

/// Runs it; what goes wrong is told on standard error, with exit status 2.
pub fn run(args: &CompareArgs) -> ExitCode {
    match compare(args) {
        Ok(comparison) => {
            println!("{comparison}");
            let worse = args.fail_on_worse && comparison.count(CompareVerdict::Worse) > 0;
            if worse { ExitCode::from(1) } else { ExitCode::SUCCESS }
        }
        Err(e) => {
            eprintln!("jumun: {e}");
            ExitCode::from(2)
        }
    }
}

fn compare(args: &CompareArgs) -> Result<Comparison, String> {
    let given = |path: &Path| {
        let text = read_bounded(path, REPORT_BYTES_MAX)?;
        Given::read(&text).map_err(|e| format!("{} {e}", path.display()))
    };
    let (before, after) = (given(&args.before)?, given(&args.after)?);
    let differences = differences(&before, &after);
    if !differences.is_empty() && !args.force {
        return Err(format!(
            "these runs were not asked for the same: {}; --force compares them all the same",
            differences.join(", ")
        ));
    }
    Ok(Comparison::new(&before, &after, args.tolerance))
}

/// The text of a file of at most `bytes_max` bytes.
///
/// # Errors
/// A sentence that names the file.
pub fn read_bounded(path: &Path, bytes_max: u64) -> Result<String, String> {
    let name = path.display();
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|e| format!("{name} can't be read: {e}"))?;
    let read = file.take(bytes_max + 1).read_to_string(&mut text).map_err(|e| format!("{name} can't be read: {e}"))?;
    if u64::try_from(read).unwrap_or(u64::MAX) > bytes_max {
        return Err(format!("{name} is larger than {} KiB", bytes_max / 1024));
    }
    Ok(text)
}
