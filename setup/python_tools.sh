# shellcheck shell=bash
# Fetches the tests' tools that nobody here wrote and that Python runs: pkilint, a linter for certificates, and
# Schemathesis, a tester of APIs. Sourced; needs `say`, `die`, `ROOT` and `VAR`.

# fetch_python_tool NAME WHAT: var/NAME/bin, each package checked against the hash in setup/NAME.txt.
fetch_python_tool() {
    local name=$1 what=$2 folder="$VAR/$1" want stamp="$VAR/$1/.latchkey-fetched"
    want=$(sha256sum "$ROOT/setup/$name.txt" | cut -d ' ' -f 1)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
        return
    fi
    say "Fetching $what (pip, hashes in setup/$name.txt)"
    rm -rf "$folder"
    # Its programs name this folder, so it is made where it stays; the stamp comes last.
    python3 -m venv "$folder" || die "python3 -m venv does not work here"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
        --only-binary :all: -r "$ROOT/setup/$name.txt" || die "pip could not fetch the packages of setup/$name.txt"
    echo "$want" > "$stamp"
}

fetch_python_tools() {
    fetch_python_tool pkilint "a linter for certificates"
    fetch_python_tool schemathesis "a tester of APIs"
}
