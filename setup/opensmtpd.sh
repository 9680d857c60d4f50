# shellcheck shell=bash
# Fetches OpenSMTPD, a mail server for the tests to deliver to. Sourced; needs `say`, `die` and `VAR`.
#
# The package is unpacked and never installed: installed, it would start a mail server for the whole machine, at every
# boot. apt checks its hash against Debian's signed index.

OPENSMTPD="$VAR/opensmtpd"

fetch_opensmtpd() {
    [ -e "$OPENSMTPD/usr/sbin/smtpd" ] && return
    mkdir -p "$VAR"
    # Several sandboxes may find it missing at once.
    exec {opensmtpd_lock}> "$VAR/opensmtpd.lock"
    flock "$opensmtpd_lock"
    if [ ! -e "$OPENSMTPD/usr/sbin/smtpd" ]; then
        say "Fetching a mail server for the tests (Debian package opensmtpd, unpacked under var/, not installed)"
        local staging="$VAR/opensmtpd.new"
        rm -rf "$staging"
        mkdir -p "$staging"
        # A bare machine has no list of packages yet.
        download_opensmtpd "$staging" ||
            { [ "$(id -u)" -eq 0 ] && apt-get -q update < /dev/null && download_opensmtpd "$staging"; } ||
            die "apt could not fetch opensmtpd: run 'apt-get update' as root once"
        dpkg -x "$staging"/opensmtpd_*.deb "$staging"
        rm "$staging"/*.deb
        mv "$staging" "$OPENSMTPD"
    fi
    exec {opensmtpd_lock}>&-
}

download_opensmtpd() {
    (cd "$1" && apt-get download -o APT::Sandbox::User=root opensmtpd > /dev/null)
}
