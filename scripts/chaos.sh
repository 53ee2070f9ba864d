#!/usr/bin/env bash
# A sale with faults drawn from a seed, on a private PostgreSQL and a private Redis, and a judge that shares no code with
# jumun. Arguments go to tests/chaos/run.py:
#
#   scripts/chaos.sh --seed 7 --seconds 60   the same load and the same faults each time; without a seed, new ones
#   scripts/chaos.sh --jumun PATH            with that binary; else the debug build, which is made where it is missing
#   scripts/chaos.sh --kept                  the seeds that were red once (tests/chaos/seeds.txt)
#   scripts/chaos.sh --self-test             only breaks made-up runs on purpose, and sees the judge go red
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh

need python3 python3
if [[ ${1:-} == --self-test ]]; then
  exec python3 -m unittest discover -s tests/chaos
fi
need redis-server redis-server initdb postgresql psql postgresql-client setpriv util-linux
binary=${CARGO_TARGET_DIR:-target}/debug/jumun
if [[ " $* " != *" --jumun"* && ! -x $binary ]]; then
  command -v cargo >/dev/null || die "no cargo: install a Rust toolchain first (https://rustup.rs)"
  need cc build-essential
  cargo build --locked --features testing
fi
if [[ ${1:-} == --kept ]]; then
  while read -r seed seconds _; do
    [[ $seed == '#'* ]] || python3 tests/chaos/run.py --jumun "$binary" "${@:2}" --seed "$seed" --seconds "$seconds" </dev/null
  done <tests/chaos/seeds.txt
  exit
fi
exec python3 tests/chaos/run.py --jumun "$binary" "$@"
