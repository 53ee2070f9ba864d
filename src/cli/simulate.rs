//! `jumun simulate`: whole sales from a seed.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

use clap::Args;

use crate::sim::{Plan, Run, mutant::Mutant, process::Faults, run};

/// Simulates whole sales, with faults, from a seed; and says what does not hold.
///
/// The same seed makes the same run. Exit status: 0 all holds, 1 something does not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  jumun simulate --seed 7
  jumun simulate --seed 1 --seeds 100
  jumun simulate --seed 1 --seeds 100 --one-by-one
  jumun simulate --seed 7 --trace | less")]
pub struct SimulateArgs {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, one after another
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    seeds: u64,
    /// Stories that are told in each: of some three commands
    #[arg(long, default_value_t = 300, value_name = "COUNT")]
    stories: u64,
    /// Partitions
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    partitions: u32,
    /// Nothing goes wrong
    #[arg(long)]
    calm: bool,
    /// Processes are killed and frozen all the time
    #[arg(long, conflicts_with = "calm")]
    rough: bool,
    /// Each command is sent when everything before it is at rest, and held to a plain model; nothing else goes wrong
    #[arg(long, conflicts_with = "rough")]
    one_by_one: bool,
    /// Switch a defect on, which the runs have to find out (NoFence, CommitLost, …)
    #[arg(long, value_parser = mutant, value_name = "DEFECT")]
    mutant: Option<Mutant>,
    /// Print every line of the run
    #[arg(long)]
    trace: bool,
    /// Tell of the seeds in which something does not hold, and of no other
    #[arg(long, conflicts_with = "trace")]
    quiet: bool,
}

fn mutant(text: &str) -> Result<Mutant, String> {
    let found = Mutant::ALL.iter().copied().find(|mutant| format!("{mutant:?}") == text);
    found.ok_or_else(|| format!("{text:?} is none of {:?}", Mutant::ALL))
}

/// Runs it.
///
/// # Errors
/// When no runtime can be made.
pub fn simulate(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    // a run has a runtime of its own, which can't be within another one; and all have one thread, whose memory they share
    let all = std::thread::scope(|scope| scope.spawn(|| each(args)).join());
    all.map_err(|_| anyhow::anyhow!("the simulator broke"))?
}

fn each(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let mut commands = 0;
    let mut red = 0u64;
    for seed in args.seed..args.seed.saturating_add(args.seeds) {
        let faults = match (args.calm || args.one_by_one, args.rough) {
            (true, _) => Faults::NONE,
            (_, true) => Faults::ROUGH,
            _ => Faults::USUAL,
        };
        let (stories, partitions, one_by_one) = (args.stories, args.partitions, args.one_by_one);
        let (mutant, keep) = (args.mutant, args.trace);
        let plan = Plan { stories, partitions, faults, one_by_one, mutant, keep, ..Plan::of(seed) };
        let run = unbroken(|| run(plan))?;
        run.trace.iter().for_each(|line| print!("{line}"));
        commands += run.commands;
        let holds = run.violations.is_empty();
        red += u64::from(!holds);
        if !holds || !args.quiet {
            told(seed, &run);
        }
        if !holds {
            println!("  again: {}", again(seed, shrunk(plan)?, args));
        }
    }
    println!("{} seeds, {commands} commands, {red} seeds in which something does not hold", args.seeds);
    Ok(if red == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// A run that breaks the simulator is red like others: it is told with what repeats it, and the next seeds are run.
fn unbroken(run: impl FnOnce() -> io::Result<Run>) -> io::Result<Run> {
    let broke = || Run { violations: vec!["it broke the simulator: see above".to_owned()], ..Run::default() };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Ok(broke()))
}

/// How few stories are enough: the first ones are told alike however many follow.
fn shrunk(plan: Plan) -> io::Result<u64> {
    let (mut few, mut enough) = (1, plan.stories);
    while few < enough {
        let half = few + (enough - few) / 2;
        if unbroken(|| run(Plan { stories: half, keep: false, ..plan }))?.violations.is_empty() {
            few = half + 1;
        } else {
            enough = half;
        }
    }
    Ok(enough)
}

/// What repeats this run, line by line.
fn again(seed: u64, stories: u64, args: &SimulateArgs) -> String {
    let SimulateArgs { seed: _, seeds: _, stories: _, partitions, calm, rough, one_by_one, mutant, trace: _, quiet: _ } =
        args;
    let mut said = format!("jumun simulate --seed {seed} --stories {stories} --partitions {partitions}");
    for (flag, is) in [(" --calm", *calm), (" --rough", *rough), (" --one-by-one", *one_by_one)] {
        said.push_str(if is { flag } else { "" });
    }
    if let Some(mutant) = mutant {
        said.push_str(&format!(" --mutant {mutant:?}"));
    }
    said + " --trace"
}

fn told(seed: u64, run: &Run) {
    let faults: Vec<String> = run.injected.iter().map(|(what, n)| format!("{what} {n}")).collect();
    println!(
        "seed {seed}: {} commands ({} accepted, {} refused, {} failed) in {:.0} s of its time; {}; {} lines, {}",
        run.commands,
        run.accepted,
        run.refused,
        run.failed,
        run.took.as_secs_f64(),
        if faults.is_empty() { "no faults".to_owned() } else { faults.join(", ") },
        run.lines,
        run.digest,
    );
    if run.compared > 0 {
        println!("  {} answers held to the model, which did not know {} of them", run.compared, run.unsure);
    }
    for violation in run.violations.iter().take(20) {
        println!("  ! {violation}");
    }
    if run.violations.len() > 20 {
        println!("  {} in all", run.violations.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_breaks_is_red_and_no_other_is() {
        assert_eq!(unbroken(|| panic!("on purpose")).unwrap().violations.len(), 1);
        let plan = Plan { stories: 2, faults: Faults::NONE, ..Plan::of(1) };
        assert!(unbroken(|| run(plan)).unwrap().violations.is_empty());
    }
}
