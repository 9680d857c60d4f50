# shellcheck shell=bash
# Starts the whole system on this machine and ends it again: virtual reader and cards, server, card agent.
# Sourced by ./latchkey, which provides `say`, `die`, `ROOT`, `VAR` and `BUILT`.

PORTAL_PORT=${LATCHKEY_PORTAL_PORT:-7400}
AGENT_PORT=${LATCHKEY_AGENT_PORT:-7401}
CHANNEL_PORT=${LATCHKEY_CHANNEL_PORT:-7402}
OPERATOR_PORT=${LATCHKEY_OPERATOR_PORT:-7403}

DEMO="$VAR/demo"
LOGS="$VAR/log"

# Waits, in steps of a tenth of a second: for a part to answer, and for a process to end.
READY_POLLS=600
END_POLLS=100
# Room for the longest socket in a folder: a socket's path has at most 107 bytes.
MAX_FOLDER=85

SERVER="" AGENT="" SANDBOX="" SANDBOX_INPUT="" RUN_FOLDER="" PCSC_SOCKET=""

run_system() {
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
    cat <<TEXT
   The people there do not exist; their cards are in the drawer that the page shows.
   Put a card into the reader, log in with the passcode that the drawer shows, change it.
   Logs: ${LOGS#"$ROOT/"}/. Ctrl-C ends everything; what happened is kept in ${DEMO#"$ROOT/"}/.
TEXT
    local ended=0
    wait -n "$SERVER" "$AGENT" || ended=$?
    show_logs
    die "a part of the system ended by itself (exit code $ended)"
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
    # The keystore makes its own folder; 0700, as the data folder is.
    cat > "$DEMO/latchkey.toml" <<CONF
mode = "demo"
data_dir = "$DEMO/data"
[portal]
listen = "127.0.0.1:$PORTAL_PORT"
origin = "http://localhost:$PORTAL_PORT"
[agents]
listen = "127.0.0.1:$CHANNEL_PORT"
[agent_page]
port = $AGENT_PORT
[operator]
listen = "127.0.0.1:$OPERATOR_PORT"
CONF
    if [ -n "$PCSC_SOCKET" ]; then
        printf '[demo]\ndrawer = "%s"\n' "$RUN_FOLDER/drawer.sock" >> "$DEMO/latchkey.toml"
    fi
    start server "$BUILT/latchkey" --config "$DEMO/latchkey.toml" serve
    SERVER=$STARTED
    wait_for_port "$PORTAL_PORT" "$SERVER" server
}

start_agent() {
    say "Starting the card agent (passcode page on port $AGENT_PORT)"
    # The machine's own PC/SC service where there is no virtual reader.
    [ -z "$PCSC_SOCKET" ] || export PCSCLITE_CSOCK_NAME="$PCSC_SOCKET"
    cat > "$DEMO/card-agent.toml" <<CONF
server = "127.0.0.1:$CHANNEL_PORT"
portal_origin = "http://localhost:$PORTAL_PORT"
page_port = $AGENT_PORT
workstation = "demo workstation"
state_dir = "$DEMO/agent"
approved_readers = ["Latchkey Virtual Reader"]
CONF
    if [ ! -d "$DEMO/agent" ]; then
        enrol_agent
    fi
    start agent "$BUILT/latchkey-card-agent" run --config "$DEMO/card-agent.toml"
    AGENT=$STARTED
    wait_for_port "$AGENT_PORT" "$AGENT" agent
}

# As an operator would: a code from the server, traded by the workstation for a certificate.
enrol_agent() {
    local invitation code authority
    invitation=$("$BUILT/latchkey" --config "$DEMO/latchkey.toml" agents invite)
    code=$(sed -n 's/^code //p' <<< "$invitation")
    authority=$(sed -n 's/^authority //p' <<< "$invitation")
    say "Enrolling this workstation"
    "$BUILT/latchkey-card-agent" enrol --config "$DEMO/card-agent.toml" --authority "$authority" --code-file - <<< "$code" \
        || die "the workstation could not be enrolled"
}

# start NAME PROGRAM ARGUMENT...: in the background, ended with this script however it ends; STARTED is its process.
start() {
    local name=$1
    shift
    setsid setpriv --pdeathsig TERM -- "$@" > "$LOGS/$name.log" 2>&1 < /dev/null {SANDBOX_INPUT}>&- &
    STARTED=$!
}

# wait_for_port PORT PROCESS NAME
wait_for_port() {
    local poll
    for ((poll = 0; poll < READY_POLLS; poll++)); do
        if (: < "/dev/tcp/127.0.0.1/$1") 2> /dev/null; then
            return
        fi
        if ! kill -0 "$2" 2> /dev/null; then
            show_logs
            die "the $3 ended instead of answering on port $1"
        fi
        sleep 0.1
    done
    show_logs
    die "the $3 does not answer on port $1"
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
