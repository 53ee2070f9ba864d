//! The binary: reads the command line and runs a subcommand.

use std::process::ExitCode;

use clap::Parser as _;
use jumun::cli::{Cli, config::with_file};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = match with_file(std::env::args().collect()) {
        Ok(args) => args,
        Err(e) => {
            eprintln!("jumun: {e:#}");
            return ExitCode::from(64);
        }
    };
    let cli = Cli::parse_from(args);
    start_log(cli.default_log());
    #[cfg(feature = "failpoints")]
    let _scenario = fail::FailScenario::setup();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("jumun").build() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("jumun: no runtime: {e}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(cli.run());
    // what still blocks is abandoned: its work is in the log
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match result {
        Ok(code) => code,
        Err(e) => {
            eprintln!("jumun: {e:#}");
            ExitCode::FAILURE
        }
    }
}

/// Logs go to standard error: JSON lines with `JUMUN_LOG_FORMAT=json`, filtered by `JUMUN_LOG`.
fn start_log(default: &str) {
    let filter = EnvFilter::try_from_env("JUMUN_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("JUMUN_LOG_FORMAT").is_ok_and(|f| f == "json") {
        log.json().init();
    } else {
        log.init();
    }
}
