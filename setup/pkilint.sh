# shellcheck shell=bash
# Fetches pkilint, a linter for certificates that nobody here wrote, for the tests. Sourced; needs `say`, `die`, `ROOT`
# and `VAR`.

PKILINT="$VAR/pkilint"

# fetch_pkilint: var/pkilint/bin/lint_*, each package checked against the hash in setup/pkilint.txt.
fetch_pkilint() {
    local want stamp="$PKILINT/.latchkey-fetched"
    want=$(sha256sum "$ROOT/setup/pkilint.txt" | cut -d ' ' -f 1)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
        return
    fi
    say "Fetching a linter for certificates (pip, hashes in setup/pkilint.txt)"
    rm -rf "$PKILINT"
    # Its programs name this folder, so it is made where it stays; the stamp comes last.
    python3 -m venv "$PKILINT" || die "python3 -m venv does not work here"
    "$PKILINT/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
        --only-binary :all: -r "$ROOT/setup/pkilint.txt" || die "pip could not fetch the packages of setup/pkilint.txt"
    echo "$want" > "$stamp"
}
