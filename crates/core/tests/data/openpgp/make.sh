#!/usr/bin/env bash
# Makes the keys and signed texts of this folder with GnuPG (2.2 or later), in a home of their own:  ./make.sh
#
# The private keys are thrown away. All times are faked, so that expiry can be tested; new runs give other keys.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
home=$(mktemp -d)
trap 'gpgconf --homedir "$home" --kill all; rm -rf "$home"' EXIT
at() { gpg --homedir "$home" --batch --quiet --no-tty --yes --pinentry-mode loopback --passphrase '' \
  --allow-weak-key-signatures --allow-weak-digest-algos --faked-system-time "$1!" "${@:2}"; }
key() { at "$1" "${@:4}" --quick-generate-key "$2 <$2@example.com>" "$3" default "${validity:-0}"; }
fingerprint() { gpg --homedir "$home" --with-colons --list-keys "$1@example.com" | sed -n '/^pub/{n;s/^fpr:*\([0-9A-F]*\):/\1/p;}'; }
# signed NAME FILE [flags]: the text, signed in clear
signed() { at 20260102T000000 --digest-algo SHA512 "${@:3}" -u "$1@example.com" --clearsign -o "$2" text; }

printf 'name: a\nversion: 1.2.3\n\n- dash\n  -inner \t \nFrom here\n...\nfiles:\n  a.tgz: sha256:00\n' >text
start=20260101T000000
key $start rsa rsa3072
key $start ed25519 ed25519
key $start p256 nistp256
key $start p384 nistp384
key $start p521 nistp521
key $start subkey ed25519 # certifies; signs with a subkey
at $start --quick-add-key "$(fingerprint subkey)" ed25519 sign 0
key $start small rsa1024
key $start dsa dsa2048
validity=2d key $start expired ed25519
key $start revoked ed25519
key $start sha1self ed25519 --cert-digest-algo SHA1
key $start other ed25519

for name in rsa ed25519 p256 p384 p521 subkey small dsa expired revoked sha1self other; do
  signed $name $name.asc
done
signed ed25519 sha256.asc --digest-algo SHA256
signed rsa sha1.asc --digest-algo SHA1
signed rsa md5.asc --digest-algo MD5 || echo "no MD5 here" >&2
signed ed25519 short-lived.asc --default-sig-expire 1d
at 20260102T000000 -u rsa@example.com -u ed25519@example.com --digest-algo SHA512 --clearsign -o two.asc text
for name in rsa ed25519 p256 p384 p521 subkey small dsa expired sha1self other; do
  at $start --export "$name@example.com" >$name.gpg
done
at $start --export --armor rsa@example.com ed25519@example.com >armored.txt
at $start --export-secret-keys ed25519@example.com >secret.gpg
# the certificate of revocation that GnuPG makes with each key
sed 's/^:-----BEGIN/-----BEGIN/' "$home/openpgp-revocs.d/$(fingerprint revoked).rev" | at 20260103T000000 --import
at $start --export revoked@example.com >revoked.gpg
