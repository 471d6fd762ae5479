#!/usr/bin/env bash
# Runs the conformance suite of the OCI distribution specification against a registry of ours, every category enabled.
# usage: conformance.sh REGISTRY-EXAMPLE [CONFORMANCE]
# The suite: go install github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111
set -euo pipefail

registry=${1:?usage: conformance.sh REGISTRY-EXAMPLE [CONFORMANCE]}
suite=${2:-$HOME/.cache/countersign/peers/conformance}
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$work"' EXIT

# Some of the data refers to what is not there ("sparse"), which the registry refuses unless told otherwise.
"$registry" 127.0.0.1:0 "$work/registry" --accept-missing >"$work/url" 2>"$work/registry.log" &
pid=$!
for _ in $(seq 100); do
    [ -s "$work/url" ] && break
    sleep 0.05
done
url=$(cat "$work/url")

: >"$work/empty.yaml"
export OCI_CONFIGURATION=$work/empty.yaml OCI_RESULTS_DIR=$work/results OCI_VERSION=1.1 OCI_LOG=warn
export OCI_REGISTRY=${url#http://} OCI_TLS=disabled OCI_REPO1=conformance/repo1 OCI_REPO2=conformance/repo2
# Every category, also those that the suite leaves out unless asked.
for name in PULL PUSH REFERRER BLOBS_ATOMIC BLOBS_DELETE BLOBS_DIGEST_HEADER BLOBS_MOUNT_ANONYMOUS BLOBS_UPLOAD_CANCEL \
    MANIFESTS_ATOMIC MANIFESTS_DELETE MANIFESTS_DIGEST_HEADER MANIFESTS_TAG_PARAM TAGS_ATOMIC TAGS_DELETE TAGS_LIST; do
    export "OCI_API_$name=true"
done
for name in IMAGE INDEX INDEX_LIST SPARSE ARTIFACT SUBJECT SUBJECT_MISSING ARTIFACT_LIST SUBJECT_LIST DATA_FIELD \
    NONDISTRIBUTABLE CUSTOM_FIELDS NO_LAYERS EMPTY_BLOB SHA512; do
    export "OCI_DATA_$name=true"
done

status=0
(cd "$work" && "$suite") >"$work/summary" 2>&1 || status=$?
cat "$work/summary"
[ -z "${CONFORMANCE_RESULTS:-}" ] || cp -r "$work/results" "$CONFORMANCE_RESULTS"
if [ "$status" -ne 0 ]; then
    echo "conformance: the suite ended with status $status" >&2
    exit 1
fi
counted() { sed -n "s/^  $1\.*: *\([0-9]*\)$/\1/p" "$work/summary"; }
if ! grep -q '^OCI Conformance Result: Pass$' "$work/summary" || [ "$(counted Pass)" -lt 1000 ] ||
    [ "$(counted Disabled)$(counted Skip)$(counted FAIL)$(counted Error)" != 0000 ]; then
    echo "conformance: not every test ran and passed" >&2
    exit 1
fi
