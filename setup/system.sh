# shellcheck shell=bash
# Starts the whole system on this machine and ends it again: virtual reader and cards, server, card agent.
# Sourced by ./latchkey, which provides `say`, `die`, `ROOT`, `VAR` and `BUILT`.

PORTAL_PORT=${LATCHKEY_PORTAL_PORT:-7400}
AGENT_PORT=${LATCHKEY_AGENT_PORT:-7401}
CHANNEL_PORT=${LATCHKEY_CHANNEL_PORT:-7402}
OPERATOR_PORT=${LATCHKEY_OPERATOR_PORT:-7403}
AUTHORITY_PORT=${LATCHKEY_AUTHORITY_PORT:-7404}
READER="Latchkey Virtual Reader"

DEMO="$VAR/demo"
LOGS="$VAR/log"

# Waits, in steps of a tenth of a second: for a part to answer, and for a process to end.
READY_POLLS=600
END_POLLS=150
# How often a part that ended by itself is started again.
RESTARTS_MAX=10
# Room for the longest socket in a folder: a socket's path has at most 107 bytes.
MAX_FOLDER=85

SERVER="" AGENT="" SANDBOX="" SANDBOX_INPUT="" RUN_FOLDER="" PCSC_SOCKET=""

run_system() {
    cd "$ROOT" || return
    mkdir -p "$DEMO" "$LOGS"
    exec {ONE_AT_A_TIME}> "$VAR/up.lock"
    flock -n "$ONE_AT_A_TIME" || die "the system of this checkout is running already"
    rm -f "$LOGS"/*.log
    trap end_system EXIT
    trap 'say "Ending"; exit 0' INT TERM
    start_reader
    start_server
    start_agent
    say "Ready: open http://localhost:$PORTAL_PORT"
    [ -z "$PCSC_SOCKET" ] || cat <<TEXT
   The people there do not exist; their cards are in the drawer, http://localhost:$PORTAL_PORT/demo.
   At first start they live through a year and more first, which takes a minute or two; the drawer shows how far they are.
   Put a card into the reader, log in with the passcode that the drawer shows, change it.
   The time machine, http://localhost:$PORTAL_PORT/demo/time, goes on to another day: alerts, forced changes and locks come.
   The mailbox, http://localhost:$PORTAL_PORT/demo/mailbox, shows the mails that the people get.
TEXT
    cat <<TEXT
   Logs: ${LOGS#"$ROOT/"}/. Ctrl-C ends everything; what happened is kept in ${DEMO#"$ROOT/"}/.
TEXT
    keep_running
}

# A part that ends by itself is started again, as a service manager would do; what it acknowledged is kept.
keep_running() {
    local ended restarts
    for ((restarts = 0; restarts < RESTARTS_MAX; restarts++)); do
        ended=0
        wait -n "$SERVER" "$AGENT" || ended=$?
        if ! kill -0 "$SERVER" 2> /dev/null; then
            say "The server ended by itself (exit code $ended) and is started again"
            start_server
        fi
        if ! kill -0 "$AGENT" 2> /dev/null; then
            say "The card agent ended by itself (exit code $ended) and is started again"
            start_agent
        fi
    done
    show_logs
    die "parts of the system ended by themselves $RESTARTS_MAX times"
}

# The reader and the drawer, which live as long as we hold the sandbox's input.
start_reader() {
    RUN_FOLDER="$VAR/run"
    if [ ${#RUN_FOLDER} -gt $MAX_FOLDER ]; then
        RUN_FOLDER=$(mktemp -d /tmp/latchkey-XXXXXX)
    fi
    mkdir -p "$DEMO/cards" "$RUN_FOLDER"
    # The cards outlive the sandbox.
    ln -sfn "$DEMO/cards" "$RUN_FOLDER/cards"
    say "Starting the virtual reader and the card drawer (pcscd in namespaces of its own; nothing is opened here)"
    # Sessions of their own here and below: Ctrl-C is for this script, which ends the parts in order.
    exec {SANDBOX_INPUT}> >(exec setsid "$ROOT/setup/pcsc-sandbox" "$RUN_FOLDER" "$BUILT/latchkey-virtual-card" \
        > "$LOGS/reader.log" 2>&1)
    SANDBOX=$!
    local poll
    for ((poll = 0; poll < READY_POLLS; poll++)); do
        if grep -qx ready "$LOGS/reader.log" 2> /dev/null; then
            PCSC_SOCKET="$RUN_FOLDER/pcscd/pcscd.comm"
            return
        fi
        kill -0 "$SANDBOX" 2> /dev/null || break
        sleep 0.1
    done
    local code=0
    kill "$SANDBOX" 2> /dev/null || true
    wait "$SANDBOX" || code=$?
    if [ $code -ne 3 ]; then
        show_logs
        die "the virtual reader did not come up"
    fi
    say "There is no virtual reader and no card drawer: this machine does not allow namespaces (unshare)."
    say "The portal starts all the same; with a real reader the agent uses the machine's own PC/SC service."
}

start_server() {
    say "Starting the server (portal on port $PORTAL_PORT, agents' channel on port $CHANNEL_PORT)"
    cat > "$DEMO/server.toml" <<TOML
# Written anew by ./latchkey up. The folder is below the checkout, where the server is started: a socket lies in it,
# and a socket's path must be short.
mode = "demo"
data_dir = '${DEMO#"$ROOT/"}/data'
portal = { listen = "127.0.0.1:$PORTAL_PORT", origin = "http://localhost:$PORTAL_PORT" }
agents = { listen = "127.0.0.1:$CHANNEL_PORT" }
agent_page = { port = $AGENT_PORT }
operator = { listen = "127.0.0.1:$OPERATOR_PORT" }
authority = { listen = "127.0.0.1:$AUTHORITY_PORT", url = "http://127.0.0.1:$AUTHORITY_PORT" }
TOML
    # Without a drawer there are no demo holders, and no page that promises some.
    [ -z "$PCSC_SOCKET" ] || printf "demo = { drawer = '%s' }\n" "$RUN_FOLDER/drawer.sock" >> "$DEMO/server.toml"
    start server "$BUILT/latchkey" --config "$DEMO/server.toml" all
    SERVER=$STARTED
    # It takes connections before it has opened its databases.
    wait_for server "$SERVER" server_is_ready
}

start_agent() {
    say "Starting the card agent (passcode page on port $AGENT_PORT)"
    cat > "$DEMO/agent.toml" <<TOML
# Written anew by ./latchkey up.
server = "127.0.0.1:$CHANNEL_PORT"
portal_origin = "http://localhost:$PORTAL_PORT"
page_port = $AGENT_PORT
workstation = "demonstration"
state_dir = '$DEMO/agent'
approved_readers = ["$READER"]
demo = true
TOML
    [ -e "$DEMO/agent/certificate.der" ] || enrol_agent
    # The machine's own PC/SC service where there is no virtual reader.
    [ -z "$PCSC_SOCKET" ] || export PCSCLITE_CSOCK_NAME="$PCSC_SOCKET"
    start agent "$BUILT/latchkey-card-agent" run --config "$DEMO/agent.toml"
    AGENT=$STARTED
    wait_for agent "$AGENT" agent_is_ready
}

# What an operator does once for each workstation; the code goes by a pipe, since others can see arguments.
enrol_agent() {
    local invitation code authority
    invitation=$("$BUILT/latchkey" --config "$DEMO/server.toml" agents invite)
    code=$(sed -n 's/^code //p' <<< "$invitation")
    authority=$(sed -n 's/^authority //p' <<< "$invitation")
    "$BUILT/latchkey-card-agent" enrol --server "127.0.0.1:$CHANNEL_PORT" --authority "$authority" \
        --workstation demonstration --state-dir "$DEMO/agent" <<< "$code"
}

# start NAME PROGRAM ARGUMENT...: in the background, ended with this script however it ends; STARTED is its process.
start() {
    local name=$1
    shift
    setsid setpriv --pdeathsig TERM -- "$@" >> "$LOGS/$name.log" 2>&1 < /dev/null {SANDBOX_INPUT}>&- &
    STARTED=$!
}

server_is_ready() {
    local status=""
    exec {OPERATOR}<> "/dev/tcp/127.0.0.1/$OPERATOR_PORT" || return 1
    printf 'GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&"$OPERATOR"
    read -r -t 5 status <&"$OPERATOR" || true
    exec {OPERATOR}>&-
    [[ $status == *" 200 "* ]]
}

agent_is_ready() {
    : < "/dev/tcp/127.0.0.1/$AGENT_PORT"
}

# wait_for NAME PROCESS COMMAND: until the command succeeds, unless the process ends first.
wait_for() {
    local poll
    for ((poll = 0; poll < READY_POLLS; poll++)); do
        # In a shell of its own, since a failed connection ends the one that tries it.
        if ("$3") 2> /dev/null; then
            return
        fi
        if ! kill -0 "$2" 2> /dev/null; then
            show_logs
            die "the $1 ended instead of answering"
        fi
        sleep 0.1
    done
    show_logs
    die "the $1 does not answer"
}

show_logs() {
    local log
    for log in "$LOGS"/*.log; do
        [ -s "$log" ] || continue
        printf -- '-- the end of %s\n' "${log#"$ROOT/"}"
        tail -n 20 "$log"
    done >&2
}

# In the order in which one needs the other. Runs once, however the script ends.
end_system() {
    trap - EXIT INT TERM
    end_process "$AGENT"
    end_process "$SERVER"
    if [ -n "$SANDBOX_INPUT" ]; then
        exec {SANDBOX_INPUT}>&-
        wait "$SANDBOX" 2> /dev/null || true
    fi
    case "$RUN_FOLDER" in
        /tmp/latchkey-*) rm -rf "$RUN_FOLDER" ;;
    esac
}

end_process() {
    [ -n "$1" ] || return 0
    kill -TERM "$1" 2> /dev/null || return 0
    local poll
    for ((poll = 0; poll < END_POLLS; poll++)); do
        kill -0 "$1" 2> /dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$1" 2> /dev/null || true
}
