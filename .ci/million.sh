#!/usr/bin/env bash
# A million simulated commands over seeds that are always the same: two processes, each with seeds of its own. A seed in which
# something does not hold is printed with the command that repeats it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

COMMANDS_MIN=1000000
# the first seed, how many, and how: half of them in each process
RUNS=('1 300' '10001 260 --rough' '20001 220 --one-by-one')

# The tests' build, several times faster by this setting: only jumun itself is compiled again, not what it is made of.
CARGO_PROFILE_DEV_OPT_LEVEL=1 cargo build --quiet --locked --features testing --bin jumun --example checkout
jumun=${CARGO_TARGET_DIR:-target}/debug/jumun
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# half N: these of the seeds, one after another
half() {
  local run words first seeds red=0
  for run in "${RUNS[@]}"; do
    read -ra words <<<"$run"
    seeds=$((words[1] / 2)) first=$((words[0] + $1 * (words[1] / 2)))
    echo "jumun simulate --seed $first --seeds $seeds ${words[*]:2}"
    "$jumun" simulate --seed "$first" --seeds "$seeds" --quiet "${words[@]:2}" || red=1
  done
  return "$red"
}

began=$SECONDS running=() red=0
for n in 0 1; do
  { half "$n" | tee "$work/$n"; } &
  running+=("$!")
done
for one in "${running[@]}"; do wait "$one" || red=1; done

commands=0
while read -r some; do commands=$((commands + some)); done < <(sed -nE 's/^[0-9]+ seeds, ([0-9]+) commands.*/\1/p' "$work"/*)
echo "$commands commands in $((SECONDS - began)) s, by two processes"
if ((commands < COMMANDS_MIN)); then
  echo "error: fewer than $COMMANDS_MIN commands: more seeds are needed in $0" >&2
  red=1
fi
((red == 0)) || echo "what repeats a seed, after again: cargo run --features testing -- simulate …" >&2
exit "$red"
