#!/usr/bin/env bash
# What commands that break their handler cost the others: pairs of runs in turns, without and with one such command a
# second, on private servers with production-like settings. Prints the p99 of the others, and with to without.
#
#   scripts/poison.sh JUMUN [ROUNDS] [RATE] [SECONDS] [POINT]
#
# JUMUN is built with `cargo build --release --features failpoints`: no command of the protocol is known to break a handler,
# so the failpoint POINT does, where a command's id says poison. order_panics (the default) panics before anything is
# touched; order_breaks fails when everything is done and has to be taken back.
set -euo pipefail
jumun=$(realpath -- "${1:-.}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh
# shellcheck source=scripts/drain.sh
source scripts/drain.sh
[[ -f $jumun && -x $jumun ]] || die "name the program: scripts/poison.sh JUMUN [ROUNDS] [RATE] [SECONDS] [POINT]"
rounds=${2:-3} rate=${3:-1000} seconds=${4:-15} point=${5:-order_panics}
drains_start

# add FIELDS: a command of these fields
add() { redis-cli -u "$REDIS" --no-auth-warning XADD 'jumun:{0}:commands' '*' command "{$1}" >/dev/null; }

# what the poison is for: an order each, of a buyer each, so that nobody is quarantined
poison() {
  local by='"actor":"operator:o"' n
  add "$by,\"id\":\"poisons-t\",\"type\":\"create_template\",\"template_id\":\"pt\",\"partner_id\":\"pp\",\"name\":\"t\""
  add "$by,\"id\":\"poisons-g\",\"type\":\"create_product\",\"product_id\":\"pg\",\"name\":\"g\",\"kind\":\"goods\",\"product_type\":\"n\",\"price\":1,\"partner_id\":\"pp\",\"template_id\":\"pt\",\"bundled\":true,\"delivery_fee\":0,\"lead_time_days\":1"
  add "$by,\"id\":\"poisons-s\",\"type\":\"create_sku\",\"sku_id\":\"ps\",\"product_id\":\"pg\",\"option_name\":\"o\""
  add "$by,\"id\":\"poisons-r\",\"type\":\"receive_stock\",\"sku_id\":\"ps\",\"quantity\":10000"
  for n in $(seq 1 "$((seconds + 5))"); do
    add "\"id\":\"placed-$n-0000\",\"type\":\"place_order\",\"order_id\":\"po-$n\",\"actor\":\"buyer:pu-$n\",\"customer_id\":\"pu-$n\",\"lines\":[{\"sku_id\":\"ps\",\"quantity\":1}]"
    add "\"id\":\"poison-$n-0000\",\"type\":\"cancel_payment\",\"order_id\":\"po-$n\",\"actor\":\"buyer:pu-$n\""
    sleep 1
  done
}

# one WITH: the p99 in milliseconds, resets, and dead letters
one() (
  export FAILPOINTS="$point=return"
  fresh "$jumun"
  if (($1)); then
    poison &
    pids+=("$!")
  fi
  "$jumun" load --redis "$REDIS" --rate "$rate" --duration "$seconds" --report "$work/report.json" >/dev/null 2>"$work/load" ||
    { cat "$work/load" >&2; exit 1; }
  metric() { curl -sfm 5 "http://$address/metrics" | awk -v name="$1" '$1 ~ "^" name "([{]|$)" {n += $2} END {print n + 0}'; }
  resets=$(metric jumun_lane_resets_total) dead=$(metric jumun_dead_letters_total)
  jq -r --argjson r "$resets" --argjson d "$dead" '"\(.latency.p50_us / 1000) \(.latency.p99_us / 1000) \($r) \($d)"' \
    "$work/report.json"
)

for ((round = 1; round <= rounds; round++)); do
  # who goes first takes turns
  if ((round % 2)); then
    read -r a0 a1 _ _ < <(one 0)
    read -r b0 b1 resets dead < <(one 1)
  else
    read -r b0 b1 resets dead < <(one 1)
    read -r a0 a1 _ _ < <(one 0)
  fi
  echo "round $round: without p50 $a0 ms, p99 $a1 ms; with p50 $b0 ms, p99 $b1 ms, $resets resets, $dead dead letters"
  jq -n "$b1 / $a1" >>"$work/p99"
done
median "p99 of the others, with to without" <"$work/p99"
