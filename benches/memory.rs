//! What lives in memory, and what it takes: `cargo bench --bench memory`. Each case runs in a process of its own, with
//! the allocator that the server ships, and is the growth of its resident memory; what the allocator keeps of freed
//! batches is counted in, so the figures are upper bounds.
#![expect(clippy::print_stdout, reason = "a measuring program: figures are shown")]

#[expect(dead_code, reason = "the other benches want more of the lane")]
mod support;

use std::{process::Command, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use comfy_table::Table;
use jumun::domain::ids::SkuId;
use support::{CHUNK, Lane, placement, shelf};
use tokio::{runtime::Runtime, task::LocalSet};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many of each.
const COUNT: u64 = 200_000;
/// What 200,000 live orders may take, MiB.
const TARGET_MIB: u64 = 1_024;

/// (name, lines of an order, answers in the window); no lines: SKUs.
const CASES: &[(&str, u64, usize)] = &[
    ("live order actors, one line, paid by card", 1, 0),
    ("live order actors, four lines, paid by card", 4, 0),
    ("the same with one line, and a window of as many answers", 1, 200_000),
    ("live SKU actors", 0, 0),
];

fn main() -> Result<()> {
    let case = std::env::var("JUMUN_MEMORY_CASE").ok().and_then(|c| c.parse::<usize>().ok());
    if let Some((_, lines, window)) = case.and_then(|c| CASES.get(c)) {
        println!("{}", measure(*lines, *window)?);
        return Ok(());
    }
    let mut table = Table::new();
    table.set_header(["what", "count", "MiB", "bytes each"]);
    for (number, (name, ..)) in CASES.iter().enumerate() {
        let own = std::env::current_exe()?;
        let output = Command::new(own).env("JUMUN_MEMORY_CASE", number.to_string()).output()?;
        ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let bytes: u64 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
        let (count, mib, each) = (COUNT.to_string(), (bytes / 1_048_576).to_string(), (bytes / COUNT).to_string());
        table.add_row([(*name).to_owned(), count, mib, each]);
    }
    println!("{table}\ntarget: {COUNT} live orders below {TARGET_MIB} MiB");
    Ok(())
}

/// The growth of resident memory, in bytes.
fn measure(lines: u64, window: usize) -> Result<u64> {
    let runtime = Runtime::new()?;
    LocalSet::new().block_on(&runtime, async {
        let mut lane = Lane::new(Arc::new(shelf::Shelf), usize::MAX, window);
        // the first chunk brings up what is there but once
        fill(&mut lane, 0, CHUNK as u64, lines).await?;
        let before = resident()?;
        fill(&mut lane, CHUNK as u64, CHUNK as u64 + COUNT, lines).await?;
        let after = resident()?;
        drop(lane);
        Ok(after.saturating_sub(before))
    })
}

async fn fill(lane: &mut Lane, from: u64, to: u64, lines: u64) -> Result<()> {
    let mut at = from;
    while at < to {
        let next = to.min(at + CHUNK as u64);
        if lines == 0 {
            let ids = (at..next).map(|n| SkuId::stored(&format!("sku-{n}"))).collect();
            lane.cx.activation.inventories(ids).await?;
        } else {
            lane.accepted((at..next).map(|n| placement(n, lines))).await?;
            lane.committed().await?;
        }
        at = next;
    }
    Ok(())
}

/// Resident memory of this process, bytes.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1_024)
}
