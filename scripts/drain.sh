# shellcheck shell=bash
# For scripts that measure drains of a full stream: sourced after servers.sh, not run. Each drain runs in a shell of its
# own, which ends what it started, whatever happens.
# shellcheck source=scripts/serve.sh
source scripts/serve.sh

# drains_start: installs what is missing, starts private servers with production-like settings, and makes $work, a directory.
drains_start() {
  need curl curl jq jq psql postgresql-client redis-cli redis-tools
  servers_start bench
  work=$(mktemp -d)
  trap 'rm -rf "$work"; servers_stop' EXIT
}

pids=() # what a drain has started

# fresh JUMUN [WORD...]: serves a new database and an emptied Redis. Sets $server and $address.
fresh() {
  local jumun=$1
  # its trap ends the server, and would take the place of the one that ends the private servers
  [[ $BASHPID != "$$" ]] || die "fresh: call it in a subshell"
  fresh_database="drain_$RANDOM$RANDOM"
  trap '((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true' EXIT
  psql "$DATABASE" -qc "CREATE DATABASE $fresh_database"
  redis-cli -u "$REDIS" --no-auth-warning FLUSHALL >/dev/null
  # a server that never says where it listens is ended, too
  DATABASE_URL=${DATABASE/\/postgres\?//$fresh_database?} REDIS_URL=$REDIS served "$jumun" "$work/log" "${@:2}" ||
    { kill "$server" 2>/dev/null || true; exit 1; }
  pids+=("$server")
  for _ in $(seq 100); do
    ! curl -sfm 5 "http://$address/readyz" >/dev/null || return 0
    sleep 0.1
  done
  cat "$work/log" >&2
  exit 1
}

# drained JUMUN SCENARIO ORDERS: sends them as fast as they are taken, and ends the server. Prints answers a second, and
# microseconds of the server's CPU an answer.
drained() {
  "$1" load --redis "$REDIS" --scenario "$2" --rate 150000 --count "$3" --in-flight 8000 --report "$work/report.json" \
    >/dev/null 2>"$work/load" || { cat "$work/load" >&2; exit 1; }
  jq -e '.accepted > 0 and .failed == {}' "$work/report.json" >/dev/null || die "nothing was accepted, or something failed"
  local cpu
  cpu=$(awk '{print $14 + $15}' "/proc/$server/stat")
  kill "${pids[@]}" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  pids=()
  psql "$DATABASE" -qc "DROP DATABASE $fresh_database"
  jq -r --argjson us "$((cpu * 1000000 / $(getconf CLK_TCK)))" --argjson n "$3" \
    '"\(.achieved | floor) \($us / $n * 10 | round / 10)"' "$work/report.json"
}

# median NAME: of the numbers that come in
median() {
  sort -g | awk -v name="$1" '{a[NR] = $1}
    END {printf "%s: median %.3f, middle half %.3f to %.3f\n", name, (a[int((NR + 1) / 2)] + a[int(NR / 2) + 1]) / 2,
         a[int((NR + 3) / 4)], a[int((3 * NR + 3) / 4)]}'
}
