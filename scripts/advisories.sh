#!/usr/bin/env bash
# Holds Cargo.lock to the advisories of RustSec. Fetches their database, so it needs the network; CI, which has none, goes by
# a copy where there is one, and says so where there is none.
#
#   scripts/advisories.sh            fetches the database, then checks
#   scripts/advisories.sh --offline  checks by the copy that was fetched before
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v cargo-deny >/dev/null || { echo "no cargo-deny: cargo install cargo-deny --locked" >&2 && exit 1; }
databases=${CARGO_HOME:-$HOME/.cargo}/advisory-dbs
if [[ ${1:-} == --offline ]]; then
  if [[ -z $(find "$databases" -mindepth 1 -maxdepth 1 -type d 2>/dev/null) ]]; then
    echo "ADVISORIES WERE NOT CHECKED: there is no copy of their database in $databases" >&2
    exit 0
  fi
  exec cargo deny --locked --offline check --disable-fetch advisories
fi
exec cargo deny --locked check advisories
