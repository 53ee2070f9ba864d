#!/usr/bin/env bash
# Every scenario of ops/load/scenarios.json by k6 and by `jumun load`, each for a few seconds at a small rate, against the
# binary that the tests built, on a private SQLite file, with a token; then the two reports compared. What is checked is
# what was answered, never how fast.
#
#   .ci/load.sh FOLDER_WITH_K6
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/serve.sh
source scripts/serve.sh
k6=$1/k6
jumun=${CARGO_TARGET_DIR:-target}/debug/jumun
for_this_run

export K6_NO_USAGE_REPORT=true NO_COLOR=1 JUMUN_TOKEN_TEXT
"$jumun" token ci --role operator >"$dir/tokens.toml" 2>"$dir/token"
JUMUN_TOKEN_TEXT=$(<"$dir/token")
served "$jumun" "$dir/log" --database "sqlite:$dir/load.db" --tokens "$dir/tokens.toml"

rate=60 skus=20
for scenario in hot zipf spread multi sold-out mixed; do
  # a return comes some three seconds after its placement
  seconds=$([[ $scenario == mixed ]] && echo 5 || echo 2)
  before=$dir/$scenario-k6.json after=$dir/$scenario-load.json
  if ! timeout 120 "$k6" run --quiet --no-color -e URL="http://$address" -e SCENARIO="$scenario" -e RATE=$rate \
    -e SECONDS="$seconds" -e SKUS=$skus -e REPORT="$before" ops/load/k6.js >"$dir/k6" 2>&1; then
    cat "$dir/k6" >&2
    exit 1
  fi
  tail -n 1 "$dir/k6"
  if ! timeout 120 "$jumun" load --http "http://$address" --scenario "$scenario" --rate $rate --duration "$seconds" \
    --skus $skus --report "$after" >"$dir/load"; then
    cat "$dir/load" >&2
    exit 1
  fi
  "$jumun" load compare "$before" "$after" --tolerance 20% >"$dir/table"
  # Both send the same commands, so as many are accepted; a slow machine may bring a follow-up before its order.
  if ! grep -qE '│ accepted .* (same|within noise) ' "$dir/table"; then
    cat "$dir/table" >&2
    exit 1
  fi
done
kill -0 "$server" || { cat "$dir/log" >&2; exit 1; }
