//! The binary: reads the command line and runs a subcommand.

use std::process::ExitCode;

use clap::Parser as _;
use jumun::{cli::Cli, quiet::Quiet};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = match Cli::words(std::env::args().collect()) {
        Ok(args) => args,
        Err(e) => {
            eprintln!("jumun: {e:#}");
            return ExitCode::from(64);
        }
    };
    let cli = Cli::parse_from(args);
    #[cfg(unix)]
    if cli.serves() {
        keep_freed_memory();
    }
    let json = match start_log(cli.logs()) {
        Ok(json) => json,
        Err(e) => {
            eprintln!("jumun: {e}");
            return ExitCode::from(64);
        }
    };
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
        Err(e) if json => {
            tracing::error!(error = format!("{e:#}"), "jumun ends");
            ExitCode::FAILURE
        }
        Err(e) => {
            eprintln!("jumun: {e:#}");
            ExitCode::FAILURE
        }
    }
}

/// By itself the allocator returns freed memory to the system within a second, and every batch pays for new pages: a twentieth
/// of the server's processor time. It reads its settings from the environment before `main`, so the program starts anew in
/// its own process, once, with the setting. Where that fails, it serves without.
#[cfg(unix)]
fn keep_freed_memory() {
    use std::os::unix::process::CommandExt as _;
    let (name, milliseconds) = ("MIMALLOC_PURGE_DELAY", "10000");
    let mut words = std::env::args_os();
    let (None, Ok(program), Some(own)) = (std::env::var_os(name), std::env::current_exe(), words.next()) else {
        return;
    };
    let failed = std::process::Command::new(program).arg0(own).args(words).env(name, milliseconds).exec();
    eprintln!("jumun: the allocator keeps its own settings: {failed}");
}

/// Logs go to standard error: JSON lines with `JUMUN_LOG_FORMAT=json` (then it says so), filtered by `JUMUN_LOG`. Either
/// is refused where it can't be read: who asks for lines that a machine reads must not get others.
fn start_log(default: &str) -> Result<bool, String> {
    let json = match std::env::var("JUMUN_LOG_FORMAT").as_deref() {
        Err(std::env::VarError::NotPresent) | Ok("text") => false,
        Ok("json") => true,
        other => return Err(format!("JUMUN_LOG_FORMAT is json or text, not {other:?}")),
    };
    let filter = match std::env::var("JUMUN_LOG") {
        Err(std::env::VarError::NotPresent) => EnvFilter::new(default),
        // whoever reaches the HTTP API makes errors of actix_http by sending what is no HTTP
        Ok(said) => EnvFilter::builder()
            .parse(format!("actix_http=off,{said}"))
            .map_err(|e| format!("JUMUN_LOG can't be read: {said:?}: {e}"))?,
        Err(e) => return Err(format!("JUMUN_LOG can't be read: {e}")),
    };
    let bound = Quiet::default();
    bound.tell();
    let log = tracing_subscriber::registry().with(filter).with(bound);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if json {
        log.with(lines.json()).init();
        // a line like any other
        std::panic::set_hook(Box::new(|panic| {
            let at = panic.location().map(ToString::to_string);
            let why = panic.payload_as_str().unwrap_or("a panic without words");
            tracing::error!(at, why, "a handler or a task broke");
        }));
    } else {
        log.with(lines).init();
    }
    Ok(json)
}
