#!/usr/bin/env bash
# Private Redis and PostgreSQL for tests and benchmarks: sourced, not run.
#
#   servers_start test|bench    starts both, sets DATABASE and REDIS (URLs)
#   servers_stop                stops what was started here, by process id, and removes its directory
#   need COMMAND PACKAGE …      installs Debian packages for the commands that are missing
#
# Everything lives in a directory of its own, listens on 127.0.0.1 only, and asks for a password made for this run:
# on a machine shared with others an open PostgreSQL or Redis is an open account.

SERVERS_DIR=""
SERVERS_PIDS=()
PORT_TRIES_MAX=20
READY_SECONDS_MAX=60

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# The PostgreSQL programs are not on PATH in Debian; the newest version's directory.
postgres_bin() {
  local directory
  directory=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  if [[ -x $directory/initdb ]]; then
    printf '%s\n' "$directory"
  elif command -v initdb >/dev/null; then
    dirname "$(command -v initdb)"
  fi
}

# need COMMAND PACKAGE [COMMAND PACKAGE …]: installs the packages whose commands are missing, with apt-get.
need() {
  local -a packages=() apt=(apt-get)
  while (($#)); do
    if [[ $1 == initdb ]]; then
      [[ -n $(postgres_bin) ]] || packages+=("$2")
    elif ! command -v "$1" >/dev/null; then
      packages+=("$2")
    fi
    shift 2
  done
  ((${#packages[@]})) || return 0
  command -v apt-get >/dev/null || die "please install ${packages[*]}: this machine has no apt-get to do it with"
  if ((EUID)); then
    command -v sudo >/dev/null || die "please install ${packages[*]} as root: this user has no sudo"
    apt=(sudo apt-get)
  fi
  say "installing ${packages[*]}"
  # Another apt-get (a second run of this script) is waited for.
  local -a lock=(-o DPkg::Lock::Timeout=300)
  "${apt[@]}" "${lock[@]}" update -qq >&2 || say "apt-get update failed; trying with the package lists at hand"
  "${apt[@]}" "${lock[@]}" install -y --no-install-recommends "${packages[@]}" >&2 </dev/null ||
    die "apt-get could not install ${packages[*]}"
}

# Ports below the ephemeral range, so that no outgoing connection takes one between our look and the server's bind.
# Taken ones are found by the server itself failing to bind; the caller tries again.
a_port() { printf '%s\n' $((20000 + (RANDOM * 32768 + RANDOM) % 12000)); }

# as_server USER SIGNAL LOG COMMAND …: in the background, as USER where one is named; SIGNAL stops it, and reaches it
# too when this script is killed.
as_server() {
  local user=$1 signal=$2 log=$3
  shift 3
  local -a become=(setpriv --pdeathsig "$signal")
  [[ -z $user ]] || become+=(--reuid "$user" --regid "$(id -g "$user")" --init-groups)
  "${become[@]}" -- "$@" >>"$log" 2>&1 </dev/null &
  STARTED=$!
  SERVERS_PIDS+=("$STARTED:$signal")
}

# PostgreSQL refuses to run as root.
postgres_user() {
  ((EUID == 0)) || return 0
  id -u postgres >/dev/null 2>&1 && echo postgres || echo nobody
}

start_postgres() {
  local settings=$1 bin user data log port try wait
  bin=$(postgres_bin)
  user=$(postgres_user)
  data=$SERVERS_DIR/postgres
  log=$SERVERS_DIR/postgres.log
  mkdir -m 700 "$data" "$data/socket"
  (umask 077; printf '%s\n' "$SERVERS_PASSWORD" >"$data/password")
  : >"$log"
  local -a become=()
  if [[ -n $user ]]; then
    chown -R "$user" "$data"
    become=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --)
  fi
  (cd / && "${become[@]}" "$bin/initdb" -D "$data/data" -U postgres -E UTF8 --locale=C.UTF-8 --no-sync \
    --auth=scram-sha-256 --pwfile="$data/password" >>"$log" 2>&1) || { tail -n 20 "$log" >&2; die "initdb failed"; }

  for ((try = 1; try <= PORT_TRIES_MAX; try++)); do
    port=$(a_port)
    # shellcheck disable=SC2086 # the settings are words
    as_server "$user" QUIT "$log" "$bin/postgres" -D "$data/data" -p "$port" -c listen_addresses=127.0.0.1 \
      -c unix_socket_directories="$data/socket" $settings
    for ((wait = 0; wait < READY_SECONDS_MAX * 10; wait++)); do
      kill -0 "$STARTED" 2>/dev/null || break
      # The status line is the server's own: no other server on this port can be mistaken for it.
      if [[ $(sed -n 8p "$data/data/postmaster.pid" 2>/dev/null) == ready* ]]; then
        # shellcheck disable=SC2034 # read by whoever sources this
        DATABASE="postgres://postgres:$SERVERS_PASSWORD@127.0.0.1:$port/postgres?sslmode=disable"
        return 0
      fi
      sleep 0.1
    done
    kill -0 "$STARTED" 2>/dev/null && break # up, but never ready
    wait "$STARTED" 2>/dev/null || true
    unset "SERVERS_PIDS[-1]"
    grep -q 'could not bind' "$log" || break
    : >"$log"
  done
  tail -n 20 "$log" >&2
  die "PostgreSQL did not start"
}

start_redis() {
  local settings=$1 directory log config port try wait
  directory=$SERVERS_DIR/redis
  log=$SERVERS_DIR/redis.log
  config=$directory/redis.conf
  mkdir -m 700 "$directory"
  for ((try = 1; try <= PORT_TRIES_MAX; try++)); do
    port=$(a_port)
    : >"$log"
    # In a file, since a command line can be read by everybody.
    (
      umask 077
      printf '%s\n' "port $port" "bind 127.0.0.1" "dir $directory" "requirepass $SERVERS_PASSWORD" 'save ""' \
        "maxmemory-policy noeviction" "$settings" >"$config"
    )
    as_server "" TERM "$log" redis-server "$config"
    for ((wait = 0; wait < READY_SECONDS_MAX * 10; wait++)); do
      kill -0 "$STARTED" 2>/dev/null || break
      if REDISCLI_AUTH=$SERVERS_PASSWORD redis-cli -p "$port" INFO server 2>/dev/null | tr -d '\r' |
        grep -qx "process_id:$STARTED"; then
        # shellcheck disable=SC2034 # read by whoever sources this
        REDIS="redis://default:$SERVERS_PASSWORD@127.0.0.1:$port"
        return 0
      fi
      sleep 0.1
    done
    kill -0 "$STARTED" 2>/dev/null && break # up, but never ready
    wait "$STARTED" 2>/dev/null || true
    unset "SERVERS_PIDS[-1]"
    grep -qi 'address already in use\|could not create server' "$log" || break
  done
  tail -n 20 "$log" >&2
  die "Redis did not start"
}

# servers_start test|bench
servers_start() {
  need redis-server redis-server redis-cli redis-tools initdb postgresql setpriv util-linux
  SERVERS_DIR=$(mktemp -d "${TMPDIR:-/tmp}/jumun-servers-XXXXXX")
  trap servers_stop EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  chmod 711 "$SERVERS_DIR" # the server's user has to pass through
  SERVERS_PASSWORD=$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')
  case $1 in
    test)
      # fsync stays on: the tests are about durability.
      start_postgres "-c max_connections=200 -c fsync=on"
      start_redis "appendonly no"
      ;;
    bench)
      # As one would run it in production: everything durable, room for WAL, no constant rewriting of the AOF.
      start_postgres "-c max_connections=200 -c fsync=on -c synchronous_commit=on -c full_page_writes=on \
        -c shared_buffers=512MB -c wal_buffers=16MB -c max_wal_size=4GB -c min_wal_size=1GB \
        -c checkpoint_timeout=15min -c checkpoint_completion_target=0.9"
      start_redis "appendonly yes
appendfsync everysec
auto-aof-rewrite-min-size 1gb"
      ;;
    *) die "servers_start: test or bench, not '$1'" ;;
  esac
  say "PostgreSQL and Redis are up in $SERVERS_DIR"
}

# Stops only what servers_start started.
servers_stop() {
  local status=$? entry pid wait
  trap - EXIT
  for entry in "${SERVERS_PIDS[@]}"; do
    pid=${entry%%:*}
    kill -s "${entry##*:}" "$pid" 2>/dev/null || true
  done
  for entry in "${SERVERS_PIDS[@]}"; do
    pid=${entry%%:*}
    for ((wait = 0; wait < 100; wait++)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  SERVERS_PIDS=()
  [[ -z $SERVERS_DIR ]] || rm -rf -- "$SERVERS_DIR"
  exit "$status"
}
