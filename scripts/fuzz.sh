#!/usr/bin/env bash
# Feeds the readers what libFuzzer makes of fuzz/corpus, until something breaks or the time is up. The tests (fuzz::) try the
# same targets briefly, by a mutator of their own.
#
#   scripts/fuzz.sh                  every target, a minute each
#   scripts/fuzz.sh decode 3600      one for an hour
#   scripts/fuzz.sh all 600          each for ten minutes
#   scripts/fuzz.sh decode FILE      that input once more: what broke is kept in fuzz/artifacts
#
# Any stable compiler will do: what libFuzzer needs of it (which branches are gone through) it has, only a sanitizer it has not;
# nothing here is unsafe. What is found to be new goes on from there the next time, in the target directory.
set -euo pipefail
from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh

command -v cargo >/dev/null || die "no cargo: install a Rust toolchain first (https://rustup.rs)"
need c++ build-essential
mapfile -t targets < <(sed -n 's/^name = "\([a-z]*\)"$/\1/p' fuzz/Cargo.toml)
wanted=${1:-all} what=${2:-60}
if [[ ! $what =~ ^[1-9][0-9]*$ ]]; then
  [[ $what == /* ]] || what=$from/$what
  [[ -f $what ]] || die "$2 is neither seconds nor a file"
fi
if [[ $wanted != all ]]; then
  [[ " ${targets[*]} " == *" $wanted "* ]] || die "there is no target $wanted, only ${targets[*]}"
  targets=("$wanted")
fi

host=$(rustc -vV | sed -n 's/^host: //p')
# what cargo-fuzz sets, the sanitizer aside; with a target named, not for build scripts
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
RUSTFLAGS=$(tr -s '\n ' ' ' <<<"$RUSTFLAGS")
build=(cargo build --locked --release --manifest-path fuzz/Cargo.toml --target "$host")
for target in "${targets[@]}"; do build+=(--bin "$target"); done
"${build[@]}"

for target in "${targets[@]}"; do
  program=$CARGO_TARGET_DIR/$host/release/$target
  if [[ -f $what ]]; then
    "$program" "$what"
    continue
  fi
  grown=$CARGO_TARGET_DIR/corpus/$target kept=fuzz/artifacts/$target
  mkdir -p "$grown" "$kept"
  printf '==> %s, %s s\n' "$target" "$what"
  "$program" "$grown" "fuzz/corpus/$target" -artifact_prefix="$kept/" -max_total_time="$what" -max_len=65536 \
    -len_control=100 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 ||
    die "$target broke; the input is in $kept, and scripts/fuzz.sh $target FILE tries it again"
done
