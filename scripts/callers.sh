#!/usr/bin/env bash
# What a bad caller costs the others: two builds of jumun in turns, a release and an older one, on private servers with
# production-like settings. Of each caller it prints the others' p50 and p99 and the server's memory, beside nobody's.
#
#   scripts/callers.sh BEFORE AFTER [ROUNDS] [RATE] [SECONDS] [CALLER...]
#
# nobody    only the others: RATE orders a second by the stream
# poison    one command a second that an older build could not carry out: a quantity of -2^63
# unread    400 connections that ask for the API's document again and again, and read nothing
# flood     4 connections with a wrong token, as fast as they can
# declines  an order with 6,000 declined payments, read by ten; the others are those who read another order
#
# BEFORE and AFTER are the two programs, of `cargo build --release` at either commit. Each loads itself: commands may have changed
# their names between the two.
set -euo pipefail
before=$(realpath -- "${1:-.}") after=$(realpath -- "${2:-.}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh
# shellcheck source=scripts/drain.sh
source scripts/drain.sh
[[ -f $before && -x $before && -f $after && -x $after ]] ||
  die "name two programs: scripts/callers.sh BEFORE AFTER [ROUNDS] [RATE] [SECONDS] [CALLER...]"
rounds=${3:-3} rate=${4:-1000} seconds=${5:-10}
callers=("${@:6}")
((${#callers[@]})) || callers=(nobody poison unread flood declines)
for caller in "${callers[@]}"; do
  [[ $caller =~ ^(nobody|poison|unread|flood|declines)$ ]] || die "no caller is called $caller"
done
need python3 python3
drains_start

# add FIELDS...: commands of these fields, as fast as they are taken
add() { printf "XADD jumun:{0}:commands * command '{%s}'\n" "$@" | redis-cli -u "$REDIS" --no-auth-warning >/dev/null; }

# an SKU of its own, which is no other order's
shelf() {
  local by='"actor":"operator:o"'
  add "$by,\"id\":\"callers-t\",\"type\":\"create_template\",\"template_id\":\"ct\",\"partner_id\":\"cp\",\"name\":\"t\"" \
    "$by,\"id\":\"callers-g\",\"type\":\"create_product\",\"product_id\":\"cg\",\"name\":\"g\",\"kind\":\"goods\",\"product_type\":\"n\",\"price\":1,\"partner_id\":\"cp\",\"template_id\":\"ct\",\"bundled\":true,\"delivery_fee\":0,\"lead_time_days\":1" \
    "$by,\"id\":\"callers-s\",\"type\":\"create_sku\",\"sku_id\":\"cs\",\"product_id\":\"cg\",\"option_name\":\"o\"" \
    "$by,\"id\":\"callers-r\",\"type\":\"receive_stock\",\"sku_id\":\"cs\",\"quantity\":100"
}

# placed N: an unpaid order
placed() {
  add "\"id\":\"callers-o-$1\",\"type\":\"place_order\",\"order_id\":\"co-$1\",\"actor\":\"buyer:cu-$1\",\"customer_id\":\"cu-$1\",\"lines\":[{\"sku_id\":\"cs\",\"quantity\":1}]"
}

poison() {
  local n
  for n in $(seq 1 $((seconds + 2))); do
    add "\"id\":\"poison-$n-0000\",\"type\":\"adjust_stock\",\"actor\":\"partner:cp\",\"sku_id\":\"cs\",\"quantity\":-9223372036854775808,\"reason\":\"x\""
    sleep 1
  done
}

declines() {
  seq 1 6000 | awk -v reason="$(printf 'x%.0s' $(seq 400))" '{
    printf "XADD jumun:{0}:commands * command \x27{\"id\":\"decline-%05d\",\"type\":\"decline_payment\",\"order_id\":\"co-1\",\"actor\":\"payment:p\",\"reason\":\"%s\"}\x27\n", $1, reason}' |
    redis-cli -u "$REDIS" --no-auth-warning >/dev/null
  # all are answered
  for _ in $(seq 600); do
    [[ $(redis-cli -u "$REDIS" --no-auth-warning XPENDING "jumun:{0}:commands" jumun | head -n 1) != 0 ]] || return 0
    sleep 0.5
  done
}

memory() { awk -v k="$1" '$1 == k ":" {print int($2 / 1024)}' "/proc/$server/status"; }

# one JUMUN CALLER: the others' p50 and p99 in milliseconds; MiB at the peak, and twenty seconds after the caller went
one() (
  fresh "$1"
  shelf
  case $2 in
    poison) poison & pids+=("$!") ;;
    unread | flood) python3 scripts/callers.py "$2" "$address" "$seconds" & pids+=("$!") ;;
  esac
  if [[ $2 == declines ]]; then
    placed 1
    placed 2
    sleep 1
    declines
    python3 scripts/callers.py read "$address" "$seconds" /v1/orders/co-1 10 >/dev/null &
    pids+=("$!")
    read -r _ p50 p99 < <(python3 scripts/callers.py read "$address" "$seconds" /v1/orders/co-2)
  else
    "$1" load --redis "$REDIS" --rate "$rate" --duration "$seconds" --report "$work/report.json" >/dev/null 2>"$work/load" ||
      { cat "$work/load" >&2; exit 1; }
    jq -e '.accepted > 0 and .rejected == {} and .failed == {}' "$work/report.json" >/dev/null ||
      die "the others' orders were refused: $(jq -c '{accepted, rejected, failed}' "$work/report.json")"
    read -r p50 p99 < <(jq -r '"\(.latency.p50_us / 1000) \(.latency.p99_us / 1000)"' "$work/report.json")
  fi
  [[ $2 == nobody ]] || sleep 20
  echo "$p50 $p99 $(memory VmHWM) $(memory VmRSS)"
)

for ((round = 1; round <= rounds; round++)); do
  for caller in "${callers[@]}"; do
    turns=("$before" "$after")
    ((round % 2)) || turns=("$after" "$before")
    for jumun in "${turns[@]}"; do
      read -r p50 p99 peak left < <(one "$jumun" "$caller")
      name=$([[ $jumun == "$before" ]] && echo before || echo after)
      echo "round $round, $caller, $name: p50 $p50 ms, p99 $p99 ms, $peak MiB at the peak, $left MiB left"
      echo "$p50" >>"$work/$caller.$name.p50"
      echo "$p99" >>"$work/$caller.$name.p99"
      echo "$left" >>"$work/$caller.$name.left"
    done
  done
done
for caller in "${callers[@]}"; do
  for name in before after; do
    for what in p50 p99 left; do median "$caller, $name, $what" <"$work/$caller.$name.$what"; done
  done
done
