#!/usr/bin/env bash
# What it costs to be watched: drains of orders on a hot SKU, in turns with nobody looking and with the console's live
# stream open, the events followed, and the metrics scraped each second. On private servers; prints both and their ratio.
#
#   scripts/watched.sh [ROUNDS] [ORDERS]
#
# The watchers are curl's, not a browser's: what a browser draws it draws on somebody else's machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh
rounds=${1:-5} orders=${2:-100000}
need curl curl jq jq psql postgresql-client redis-cli redis-tools
command -v cargo >/dev/null || die "no cargo: install a Rust toolchain first (https://rustup.rs)"
cargo build --release --locked
jumun=${CARGO_TARGET_DIR:-target}/release/jumun
servers_start bench
work=$(mktemp -d)
pids=()
finish() {
  ((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null
  rm -rf "$work"
  servers_stop
}
trap finish EXIT

# one watched|alone: orders a second
one() {
  local name="watched_$RANDOM$RANDOM" url address server
  psql "$DATABASE" -qc "CREATE DATABASE $name"
  url=${DATABASE/\/postgres\?//$name?}
  redis-cli -u "$REDIS" --no-auth-warning FLUSHALL >/dev/null
  NO_COLOR=1 DATABASE_URL=$url REDIS_URL=$REDIS "$jumun" serve --listen 127.0.0.1:0 2>"$work/log" &
  server=$!
  pids=("$server")
  for _ in $(seq 100); do
    address=$(sed -n 's/.*jumun serves address=\([^ ]*\).*/\1/p' "$work/log")
    [[ -z $address ]] || break
    sleep 0.1
  done
  [[ -n $address ]] || { cat "$work/log" >&2; exit 1; }
  if [[ $1 == watched ]]; then
    curl -sN "http://$address/v1/live" >"$work/live" & pids+=($!)
    curl -sN "http://$address/v1/events" >"$work/events" & pids+=($!)
    (while sleep 1; do curl -s "http://$address/metrics" >"$work/metrics"; done) & pids+=($!)
  fi
  "$jumun" load --redis "$REDIS" --scenario hot --rate 150000 --count "$orders" --in-flight 8000 \
    --report "$work/report.json" >/dev/null 2>"$work/load"
  if [[ $1 == watched ]]; then
    # it was watched, or the figure says nothing
    (($(grep -c '^data: ' "$work/live") > 1)) || die "nobody watched the sale"
    grep -q jumun_commands_total "$work/metrics" || die "nobody scraped the metrics"
    grep -q '^data: ' "$work/events" || die "nobody followed the events"
  fi
  kill "${pids[@]}" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  pids=()
  psql "$DATABASE" -qc "DROP DATABASE $name"
  jq -r '.achieved | floor' "$work/report.json"
}

ratios=()
for ((round = 1; round <= rounds; round++)); do
  # who goes first takes turns, too
  if ((round % 2)); then alone=$(one alone) watched=$(one watched); else watched=$(one watched) alone=$(one alone); fi
  ratio=$(jq -n "$watched / $alone * 1000 | round / 1000")
  ratios+=("$ratio")
  printf 'round %d: alone %s orders/s, watched %s orders/s, ratio %s\n' "$round" "$alone" "$watched" "$ratio"
done
printf '%s\n' "${ratios[@]}" | sort -g | awk '{a[NR] = $1} END {print "median ratio " a[int((NR + 1) / 2)]}'
