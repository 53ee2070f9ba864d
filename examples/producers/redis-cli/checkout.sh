#!/usr/bin/env bash
# Places orders over Redis Streams and awaits their answers, with redis-cli and jq. The guide: docs/guide/producers.md.
#
#   checkout.sh SKU[,SKU…] ORDERS AT_ONCE
#
# Environment: REDIS_URL, JUMUN_NAMESPACE (jumun), JUMUN_REPLY_TO (made anew), JUMUN_ANSWER_TIMEOUT (whole seconds, 2).
#
# One loop instead of threads: send what may be sent, send again what waits for too long, read what was answered.
set -euo pipefail
[[ $1 =~ ^[A-Za-z0-9._,-]+$ ]] || { echo "SKUs are of letters, digits, ., _ and - here" >&2; exit 2; } # put into JSON
IFS=, read -ra skus <<<"$1"
orders=$2 at_once=$3
namespace=${JUMUN_NAMESPACE:-jumun} patience=${JUMUN_ANSWER_TIMEOUT:-2}
reply_to=${JUMUN_REPLY_TO:-checkout-$(</proc/sys/kernel/random/uuid)}
TRIES_MAX=8

# The password goes by the environment: a command line can be read by everybody on the machine.
[[ ${REDIS_URL:-redis://127.0.0.1:6379} =~ ^redis://(([^:@]*):([^@]*)@)?([^:/]+)(:([0-9]+))?(/([0-9]+))?$ ]] ||
  { echo "REDIS_URL is redis://[user:password@]host[:port][/database]" >&2; exit 2; }
redis=(redis-cli -e -h "${BASH_REMATCH[4]}" -p "${BASH_REMATCH[6]:-6379}" -n "${BASH_REMATCH[8]:-0}")
if [[ -n ${BASH_REMATCH[3]} ]]; then
  export REDISCLI_AUTH=${BASH_REMATCH[3]}
  redis+=(--user "${BASH_REMATCH[2]:-default}")
fi

# crc16 TEXT: CRC16/XMODEM, as in Redis Cluster
crc16() {
  local LC_ALL=C crc=0 at bit byte
  for ((at = 0; at < ${#1}; at++)); do
    printf -v byte %d "'${1:at:1}"
    ((crc ^= (byte & 255) << 8, 1))
    for ((bit = 0; bit < 8; bit++)); do
      ((crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1, 1))
    done
  done
  echo "$crc"
}

partitions=$("${redis[@]}" HGET "$namespace:meta" partitions)
declare -A partition_of=()
for sku in "${skus[@]}"; do partition_of[$sku]=$(($(crc16 "$sku") % partitions)); done

# From where to read is settled before anything is sent, else the first answers could be missed.
streams=()
declare -A last=()
for ((partition = 0; partition < partitions; partition++)); do
  key="$namespace:{$partition}:answers:$reply_to"
  newest=$("${redis[@]}" XREVRANGE "$key" + - COUNT 1 | sed -n 1p)
  streams+=("$key")
  last[$key]=${newest:-0-0}
done

declare -A body=() stream=() tries=() due=() refused=()
placed=0 failed=0 unanswered=0 retries=0 made=0

# send ID: the same bytes each time. Whether it was received shows when it is answered; until then nobody knows, and the
# id makes it safe to send it again.
send() {
  local wait=$((patience * (tries[$1] < 3 ? 1 << tries[$1] : 8)))
  ((tries[$1] += 1))
  due[$1]=$((SECONDS + wait + 1)) # SECONDS are whole: at least so long
  "${redis[@]}" -x XADD "${stream[$1]}" '*' command <<<"${body[$1]}" >/dev/null || echo "sending $1 failed" >&2
}

place() {
  local sku=${skus[made % ${#skus[@]}]} customer=u-$made uuid id
  read -r uuid </proc/sys/kernel/random/uuid
  id=c-$uuid
  stream[$id]="$namespace:{${partition_of[$sku]}}:checkout"
  # Made once and kept: made anew it might differ, and be refused as command_id_reused.
  printf -v "body[$id]" '{"id":"%s","type":"place_order","order_id":"%s","actor":"%s","customer_id":"%s",%s,%s}' \
    "$id" "o-$uuid" "buyer:$customer" "$customer" "\"lines\":[{\"sku_id\":\"$sku\",\"quantity\":1}]" \
    "\"reply_to\":\"$reply_to\""
  tries[$id]=0
  made=$((made + 1))
  send "$id"
}

forget() { unset "body[$1]" "stream[$1]" "tries[$1]" "due[$1]"; }

# settle ID OUTCOME ORDER STATUS REASON
settle() {
  # Nobody waits: the second answer of a command that was sent twice, equal to the first.
  [[ -n ${body[$1]:-} ]] || return 0
  forget "$1"
  case $2 in
    accepted) ((placed += 1)) ;;
    rejected) refused[$5]=$((${refused[$5]:-0} + 1)) ;;
    *) ((failed += 1)) ;;
  esac
  echo "${@:2}"
}

# Waits at most half a second for the first answer. Nothing is lost when the connection is: the next call goes on after
# the last entry that was read.
receive() {
  local key='' line entry='' lines answers='' answer
  local ids=()
  for key in "${streams[@]}"; do ids+=("${last[$key]}"); done
  lines=$("${redis[@]}" XREAD COUNT 100 BLOCK 500 STREAMS "${streams[@]}" "${ids[@]}") || { sleep 0.2; return 0; }
  while read -r line; do
    case $line in
      "$namespace:"*) key=$line ;;
      \[*) answers+=$line last[$key]=$entry ;;
      answers | '') ;;
      *) entry=$line ;;
    esac
  done <<<"$lines"
  [[ -n $answers ]] || return 0
  while IFS=$'\t' read -ra answer; do settle "${answer[@]}"; done < <(jq -r \
    '.[] | [.command_id, .outcome, .order_id // "-", .order_status // "-", .reason // "-"] | @tsv' <<<"$answers")
}

while ((made < orders || ${#body[@]} > 0)); do
  while ((made < orders && ${#body[@]} < at_once)); do place; done
  receive
  for id in "${!due[@]}"; do
    ((due[$id] <= SECONDS)) || continue
    if ((tries[$id] < TRIES_MAX)); then
      ((retries += 1))
      send "$id"
    else
      echo "unanswered $id"
      ((unanswered += 1))
      forget "$id"
    fi
  done
done

reasons=$(for reason in "${!refused[@]}"; do echo "$reason ${refused[$reason]}"; done | jq -Rnc \
  '[inputs / " " | {(.[0]): (.[1] | tonumber)}] | add // {}')
printf '{"placed":%d,"refused":%s,"failed":%d,"unanswered":%d,"retries":%d}\n' \
  "$placed" "$reasons" "$failed" "$unanswered" "$retries"
