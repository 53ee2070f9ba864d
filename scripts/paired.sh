#!/usr/bin/env bash
# Two builds of jumun against each other, a release and the one before it: drains of a full stream in turns, on private
# servers with production-like settings. Prints orders a second and the server's CPU an order of each, and the ratios of
# each round, AFTER to BEFORE: trust the ratios, and where the machine is noisy, the CPU's.
#
#   scripts/paired.sh BEFORE AFTER [ROUNDS] [ORDERS] [SCENARIO...]
#
# BEFORE and AFTER are the two programs, of `cargo build --release` at either commit. Each loads itself: commands and flags may
# have changed their names between the two. So the rates are of two generators, too; the CPU is the server's alone.
set -euo pipefail
before=$(realpath -- "${1:-.}") after=$(realpath -- "${2:-.}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh
# shellcheck source=scripts/drain.sh
source scripts/drain.sh
[[ -f $before && -x $before && -f $after && -x $after ]] || die "name two programs: scripts/paired.sh BEFORE AFTER [ROUNDS] [ORDERS] [SCENARIO...]"
rounds=${3:-5} orders=${4:-100000}
scenarios=("${@:5}")
((${#scenarios[@]})) || scenarios=(hot mixed)
drains_start

# one JUMUN SCENARIO
one() (
  fresh "$1"
  drained "$1" "$2" "$orders"
)

one "$before" hot >/dev/null # warms up
for ((round = 1; round <= rounds; round++)); do
  for scenario in "${scenarios[@]}"; do
    # who goes first takes turns, too
    if ((round % 2)); then
      read -r r0 c0 < <(one "$before" "$scenario")
      read -r r1 c1 < <(one "$after" "$scenario")
    else
      read -r r1 c1 < <(one "$after" "$scenario")
      read -r r0 c0 < <(one "$before" "$scenario")
    fi
    echo "round $round, $scenario: before $r0/s at $c0 us; after $r1/s at $c1 us"
    jq -n "$r1 / $r0" >>"$work/$scenario.rate"
    jq -n "$c1 / $c0" >>"$work/$scenario.cpu"
  done
done
for scenario in "${scenarios[@]}"; do
  median "$scenario, orders a second, after to before" <"$work/$scenario.rate"
  median "$scenario, CPU an order, after to before" <"$work/$scenario.cpu"
done
