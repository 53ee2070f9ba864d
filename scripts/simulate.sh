#!/usr/bin/env bash
# Simulates whole sales from seeds that no test has, one process a core; prints each seed in which something does not hold,
# with the command that repeats it.
#
#   scripts/simulate.sh                    1,000 seeds from a new one, which is printed
#   scripts/simulate.sh 100000             as many as that
#   scripts/simulate.sh 1000 7             from seed 7
#   scripts/simulate.sh 1000 7 --rough     with flags of `jumun simulate`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seeds=${1:-1000} first=${2:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
echo "scripts/simulate.sh $seeds $first ${*:3}"
cargo build --release --locked --features simulation
cores=$(nproc) running=() red=0
for ((n = 0; n < cores; n++)); do
  share=$(((seeds + cores - 1 - n) / cores))
  ((share == 0)) || "${CARGO_TARGET_DIR:-target}/release/jumun" simulate --seed "$first" --seeds "$share" --quiet "${@:3}" &
  running+=("$!")
  first=$((first + share))
done
for one in "${running[@]}"; do wait "$one" || red=1; done
exit "$red"
