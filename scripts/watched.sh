#!/usr/bin/env bash
# What it costs to be watched: drains of orders on a hot SKU, in turns with nobody looking (alone), and
#   watched    with the console's live stream open and the metrics scraped each second,
#   followed   with all events followed besides,
#   traced     with traces of one command in a hundred, the default.
# On private servers; prints orders a second and the server's CPU an order, and their ratios to alone: where the machine is
# noisy, the second is the steadier one.
#
#   scripts/watched.sh [ROUNDS] [ORDERS] [WAY...]
#
# The watchers are curl's, not a browser's: what a browser draws it draws on somebody else's machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh
# shellcheck source=scripts/drain.sh
source scripts/drain.sh
rounds=${1:-5} orders=${2:-100000}
ways=("${@:3}")
((${#ways[@]})) || ways=(watched followed traced)
need python3 python3
command -v cargo >/dev/null || die "no cargo: install a Rust toolchain first (https://rustup.rs)"
cargo build --release --locked
jumun=${CARGO_TARGET_DIR:-target}/release/jumun
drains_start

# a collector of traces that throws them away; its port, and how much came, are lines of a file
collector() {
  exec python3 -u - <<'END' >"$work/traces" 2>/dev/null
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        print(len(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
print(server.server_port)
server.serve_forever()
END
}

# one WAY: orders a second, and microseconds of the server's CPU an order
one() (
  local more=()
  if [[ $1 == traced ]]; then
    : >"$work/traces"
    collector & pids=($!)
    until [[ -s $work/traces ]]; do sleep 0.1; done
    more=(--traces "http://127.0.0.1:$(head -1 "$work/traces")")
  fi
  fresh "$jumun" "${more[@]}"
  if [[ $1 == watched || $1 == followed ]]; then
    curl -sN "http://$address/v1/live" >"$work/live" & pids+=($!)
    (while sleep 1; do
      curl -s "http://$address/metrics" -o "$work/scrape" && mv "$work/scrape" "$work/metrics"
    done) & pids+=($!)
  fi
  if [[ $1 == followed ]]; then
    curl -sN "http://$address/v1/events" >"$work/events" & pids+=($!)
  fi
  drained "$jumun" hot "$orders"
  # it was what it is called, or the figure says nothing
  if [[ $1 == watched || $1 == followed ]]; then
    (($(grep -c '^data: ' "$work/live") > 1)) || die "nobody watched the sale: $(head -c 300 "$work/live")"
    grep -q jumun_commands_total "$work/metrics" || die "nobody scraped the metrics"
  fi
  if [[ $1 == followed ]]; then
    grep -q '^data: ' "$work/events" || die "nobody followed the events"
  fi
  [[ $1 != traced ]] || (($(wc -l <"$work/traces") > 1)) || die "nothing was traced"
)

modes=(alone "${ways[@]}")
declare -A rate cpu
one alone >/dev/null # warms up
for ((round = 1; round <= rounds; round++)); do
  # who goes first takes turns, too
  for ((n = 0; n < ${#modes[@]}; n++)); do
    mode=${modes[((round + n) % ${#modes[@]})]}
    read -r "rate[$mode]" "cpu[$mode]" < <(one "$mode")
  done
  printf 'round %d:' "$round"
  for mode in "${modes[@]}"; do printf ' %s %s/s at %s us;' "$mode" "${rate[$mode]}" "${cpu[$mode]}"; done
  echo
  for mode in "${ways[@]}"; do
    jq -n "${rate[$mode]} / ${rate[alone]}" >>"$work/$mode.rate"
    jq -n "${cpu[$mode]} / ${cpu[alone]}" >>"$work/$mode.cpu"
  done
done
for mode in "${ways[@]}"; do
  median "$mode, orders a second against alone" <"$work/$mode.rate"
  median "$mode, CPU an order against alone" <"$work/$mode.cpu"
done
