#!/bin/sh
# Makes the certification requests of these tests anew, with OpenSSL, in this folder.
# The keys are thrown away: a request proves possession of a key that nobody has any more.
set -eu
cd "$(dirname "$0")"
key=$(mktemp)
trap 'rm -f "$key"' EXIT
request() { openssl req -new -key "$key" -outform DER -out "$@"; }
curve() { openssl ecparam -name "$1" -genkey -noout -out "$key"; }
rsa() { openssl genrsa -out "$key" "$@" 2>/dev/null; }

curve prime256v1 && request p256.der -subj "/CN=From the card"
curve secp384r1 && request p384.der -subj "/CN=From the card"
curve secp521r1 && request p521.der -subj "/CN=From the card"
openssl genpkey -algorithm ed25519 -out "$key" && request ed25519.der -subj "/CN=From the card"
rsa 2048 && request rsa2048.der -subj "/CN=From the card"
request rsa2048_pss.der -subj "/CN=From the card" -sigopt rsa_padding_mode:pss
request rsa2048_sha1.der -subj "/CN=From the card" -sha1
rsa 1024 && request rsa1024.der -subj "/CN=From the card"
rsa -3 2048 && request rsa2048_exponent3.der -subj "/CN=From the card"
curve prime256v1 && request greedy.der -subj "/O=DEMO Elsewhere/CN=Somebody else" \
    -addext "basicConstraints=critical,CA:TRUE" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -addext "subjectAltName=URI:urn:uuid:ffffffff-ffff-ffff-ffff-ffffffffffff,email:admin@example.org" \
    -addext "1.3.6.1.4.1.32473.1=critical,ASN1:UTF8String:nobody knows this"
