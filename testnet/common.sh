# Shared by the testnet's commands: where things are, who is alive, how one is started and ended.
# A cluster's folder holds one folder per member, with its data, log, pid and command line.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${ROTA_TESTNET:-$root/.testnet}

fail() {
    echo "✕ $1" >&2
    shift
    for line in "$@"; do echo "  $line" >&2; done
    exit 1
}

absolute() {
    case $1 in
        /*) echo "$1" ;;
        *) echo "$PWD/$1" ;;
    esac
}

# sqlite, postgres or etcd; nothing if there is no testnet yet.
store_kind() {
    cat "$dir/store.kind" 2>/dev/null || { [ ! -e "$dir/store.db" ] || echo sqlite; }
}

# Starts the store's server, if it has one and that does not run; prints the store's URL.
start_store() {
    case $(store_kind) in
        sqlite) echo "sqlite://$dir/store.db" ;;
        *) "$root/testnet/$(store_kind)" start "$dir/store" ;;
    esac
}

# The store's server as host:port.
store_address() {
    sed -E 's,^[a-z]+://([^@/]*@)?([^/]*).*,\2,' "$dir/store.url"
}

# Whether a command is about the store's server.
is_store() {
    [ "${1:-}" = store ] || return 1
    case $(store_kind) in
        postgres | etcd) return 0 ;;
        *) fail "The store of this testnet is a file; there is nothing to kill or start." ;;
    esac
}

members() {
    local command
    for command in "$dir"/*/command; do
        [ -e "$command" ] && basename "$(dirname "$command")"
    done
    return 0
}

# The pid of a member, if that process is really the one we started.
pid_of() {
    local pid
    pid=$(cat "$dir/$1/pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF -- "--data $dir/$1 " || return 1
    # A zombie has an empty command line, so what is left is alive or stopped.
    echo "$pid"
}

is_stopped() {
    grep -q '^State:[[:space:]]*T' "/proc/$1/status" 2>/dev/null
}

needs_member() {
    [ $# -ge 1 ] && [ -n "$1" ] || fail "Which member?" "One of: $(members | tr '\n' ' ')"
    [ -e "$dir/$1/command" ] || fail "There is no member $1 in $dir." "One of: $(members | tr '\n' ' ')"
}

# GET of a path from a port on loopback; prints the status code. Needs no curl.
http_status() {
    local line
    exec 9<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&9
    read -r -t 5 line <&9 || true
    exec 9<&- 9>&-
    echo "$line" | cut -d ' ' -f 2
} 2>/dev/null

# Starts a member from its recorded command line.
launch() {
    local name=$1
    pid_of "$name" >/dev/null && return 0
    (
        cd "$dir/$name"
        # shellcheck disable=SC2046
        readarray -d '' words <command
        setsid "${words[@]}" >>log 2>&1 </dev/null 7>&- 8>&- &
        echo $! >pid
    )
}

# Waits until a member answers that it is ready.
await_ready() {
    local name=$1 port deadline=$((SECONDS + ${2:-20}))
    port=$(cat "$dir/$name/port")
    while [ $SECONDS -lt $deadline ]; do
        [ "$(http_status "$port" /readyz)" = 200 ] && return 0
        pid_of "$name" >/dev/null || return 1
        sleep 0.1
    done
    return 1
}

# Ends members: TERM, and KILL for those that have not gone.
end_members() {
    local name pid deadline
    for name in "$@"; do
        if pid=$(pid_of "$name"); then
            kill -CONT "$pid" 2>/dev/null || true
            kill -TERM "$pid" 2>/dev/null || true
        fi
    done
    deadline=$((SECONDS + 20))
    for name in "$@"; do
        while pid=$(pid_of "$name"); do
            if [ $SECONDS -ge $deadline ]; then kill -KILL "$pid" 2>/dev/null || true; fi
            sleep 0.05
        done
        rm -f "$dir/$name/pid"
    done
}

# Ends what runs the tasks of nodes that were killed; a node that is stopped ends its own.
end_runners() {
    local file pid
    for file in "$dir"/*/runner/pid; do
        pid=$(cat "$file" 2>/dev/null) || continue
        if { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -q '^rota-node runner '; then
            kill -TERM "$pid" 2>/dev/null || true
        fi
    done
}
