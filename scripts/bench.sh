#!/usr/bin/env bash
# Compares jumun with what one would do otherwise, on a private PostgreSQL and Redis with production-like settings.
# Arguments go to the benchmark: scripts/bench.sh --rounds 3
#
# scripts/bench.sh --quick tries every system for a second, in the debug build, which the tests have made already: it
# shows that the benchmark works, and its figures mean nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh

command -v cargo >/dev/null || die "no cargo: install a Rust toolchain first (https://rustup.rs)"
need cc build-essential
servers_start bench
export JUMUN_BENCH_DATABASE=$DATABASE JUMUN_BENCH_REDIS=$REDIS

build=(--profile bench)
for argument in "$@"; do
  [[ $argument != --quick ]] || build=(--profile dev --features testing)
done
cargo bench "${build[@]}" --bench versus -- "$@"
