# shellcheck shell=bash
# Installs the Debian packages that are missing. Sourced by ./latchkey, which provides `say` and `die`.

# What building needs: a C compiler, npm and pip (which only bring files).
packages_to_build() {
    printf '%s\n' build-essential
    # A newer one from elsewhere will do as well.
    command -v npm > /dev/null || printf '%s\n' npm
    python3 -m pip --version > /dev/null 2>&1 || printf '%s\n' python3 python3-pip
}

# What building everything and running needs: PC/SC and libclang (for the virtual card), too.
packages_to_run() {
    packages_to_build
    printf '%s\n' pcscd libpcsclite-dev pkg-config libclang1-14 libclang-common-14-dev util-linux iproute2
}

# What only the tests need.
packages_to_test() {
    printf '%s\n' chromium chromium-driver opensc yubico-piv-tool openssl
    # An HSM in software, and what the linter of certificates is installed with.
    printf '%s\n' softhsm2 python3-venv
    # The programs of a database server. Debian makes a cluster of its own when it installs them, on loopback; the tests
    # never touch that one (setup/postgres-sandbox).
    printf '%s\n' postgresql
    # What the mail server that setup/opensmtpd.sh unpacks is linked with; and, for its accounts, more than one id.
    printf '%s\n' libevent-2.1-7 libdb5.3
    [ "$(id -u)" -eq 0 ] || printf '%s\n' uidmap
}

# What only the comparison with other event stores needs: a server with its measuring program, and what UmaDB's protocol
# and the TLS libraries of others are built with.
packages_to_compare() {
    printf '%s\n' postgresql openssl protobuf-compiler pkg-config libssl-dev
}

# require_packages PACKAGE...: installs those that are missing, as root or by sudo; else says which they are and ends.
require_packages() {
    local package missing=()
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120)
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "Installing Debian packages: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        can_sudo || die "These Debian packages are missing, and this account may not install them. As root:
   apt-get install --no-install-recommends ${missing[*]}"
        apt=(sudo "${apt[@]}")
    fi
    "${apt[@]}" update < /dev/null
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" < /dev/null
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

# Without a terminal nobody could type a password.
can_sudo() {
    command -v sudo > /dev/null && { sudo -n true 2> /dev/null || [ -t 0 ]; }
}
