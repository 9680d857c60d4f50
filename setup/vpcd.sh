# shellcheck shell=bash
# Fetches vpcd, the driver that makes pcscd see a virtual reader. Sourced; needs `say`, `die` and `VAR`.
#
# The package is unpacked and never installed: installed, it would make the machine's own pcscd listen on every
# network interface for anybody's card. apt checks its hash against Debian's signed index.

VPCD_LIBRARY="$VAR/vpcd/usr/lib/pcsc/drivers/serial/libifdvpcd.so"

fetch_vpcd() {
    [ -e "$VPCD_LIBRARY" ] && return
    mkdir -p "$VAR"
    # Several sandboxes may find it missing at once.
    exec {vpcd_lock}> "$VAR/vpcd.lock"
    flock "$vpcd_lock"
    if [ ! -e "$VPCD_LIBRARY" ]; then
        say "Fetching the virtual reader's driver (Debian package vsmartcard-vpcd, unpacked under var/, not installed)"
        local staging="$VAR/vpcd.new"
        rm -rf "$staging"
        mkdir -p "$staging"
        # As root apt warns that it could not drop its privileges for this folder; nothing else is lost.
        # A bare machine has no list of packages yet.
        download_vpcd "$staging" || { [ "$(id -u)" -eq 0 ] && apt-get -q update < /dev/null && download_vpcd "$staging"; } ||
            die "apt could not fetch vsmartcard-vpcd: run 'apt-get update' as root once"
        dpkg -x "$staging"/vsmartcard-vpcd_*.deb "$staging"
        rm "$staging"/*.deb
        mv "$staging" "$VAR/vpcd"
    fi
    exec {vpcd_lock}>&-
}

download_vpcd() {
    (cd "$1" && apt-get download -o APT::Sandbox::User=root vsmartcard-vpcd > /dev/null)
}
