# shellcheck shell=bash
# Fetches what the pages are made of: two pinned packages of the NHS design system, and axe-core for the tests.
# Sourced by ./latchkey, which provides `say`, `die`, `ROOT` and `VAR`.

# The lock file's hash and the kind of visit stand in this file, so that a second run costs nothing.
NPM_STAMP="$ROOT/node_modules/.latchkey-fetched"
TEMPLATES="$VAR/nhsuk-templates"

# fetch_assets [with-tests]: node_modules/ and var/nhsuk-templates/, each checked against a recorded hash.
fetch_assets() {
    fetch_npm "${1:-}"
    fetch_templates
}

fetch_npm() {
    local kind=${1:-} lock
    lock=$(sha256sum "$ROOT/package-lock.json" | cut -d ' ' -f 1)
    if [ -f "$NPM_STAMP" ]; then
        case "$(cat "$NPM_STAMP")" in
            "$lock with-tests") return ;;
            "$lock ") [ "$kind" = with-tests ] || return 0 ;;
        esac
    fi
    # npm has been seen to write a lock without a hash; it would then take whatever the registry sends.
    [ "$(grep -c '^    "node_modules/' "$ROOT/package-lock.json")" = "$(grep -c '"integrity"' "$ROOT/package-lock.json")" ] ||
        die "package-lock.json has a package without a hash: write it anew with npm install --package-lock-only --omit-lockfile-registry-resolved"
    say "Fetching the style sheet and script of the NHS design system${kind:+, and axe-core} (npm, hashes in package-lock.json)"
    local omit=--omit=dev
    [ "$kind" = with-tests ] && omit=--include=dev
    (cd "$ROOT" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error "$omit") ||
        die "npm could not fetch the packages of package-lock.json"
    echo "$lock $kind" > "$NPM_STAMP"
}

fetch_templates() {
    local want stamp="$TEMPLATES/.latchkey-fetched" staging="$VAR/nhsuk-templates.new"
    want=$(sha256sum "$ROOT/nhsuk-templates.txt" | cut -d ' ' -f 1)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
        return
    fi
    say "Fetching the templates of the NHS design system (pip, hash in nhsuk-templates.txt)"
    rm -rf "$staging" "$TEMPLATES"
    mkdir -p "$staging"
    python3 -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps \
        -r "$ROOT/nhsuk-templates.txt" -d "$staging" || die "pip could not fetch the package of nhsuk-templates.txt"
    python3 -m zipfile -e "$staging"/*.whl "$staging"
    rm "$staging"/*.whl
    echo "$want" > "$staging/.latchkey-fetched"
    mv "$staging" "$TEMPLATES"
}
