"""Push of one file: to a registry that throws it away (the client's own cost) and to docker-registry. curl's PUT of the same
file, which hashes nothing, is the floor."""

import os
import subprocess

from harness import Command, attempt, interleave, keep, path, quick, record_all
from services import Registry

ROUNDS, MIB = quick(5, 1), quick(1024, 64)
FLOOR = """
set -e
place=$(curl -sS -f -D - -o /dev/null -X POST "http://$1/v2/$2/blobs/uploads/" | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
case $place in /*) place=http://$1$place;; esac
case $place in *\\?*) place="$place&";; *) place="$place?";; esac
curl -sS -f -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' -T "$4" "${place}digest=$3"
"""
file, tar, count, size = path("file.bin"), path("file.tar"), 0, MIB << 20
subprocess.run(["dd", "if=/dev/urandom", f"of={file}", "bs=1M", f"count={MIB}"], check=True, stderr=subprocess.DEVNULL)
subprocess.run(["tar", "cf", tar, "-C", os.path.dirname(file), os.path.basename(file)], check=True)
digest = "sha256:" + subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout.split()[0]


def pushed(registry, what, make):
    """Pushes to a new repository. Afterwards there is a manifest of the file (of an archive of it where `what` says so, none
    where it is a blob only), and the registry was sent all of it and keeps it, unless it is a sink."""
    global count
    count += 1
    repository, before = f"push{count}/file", registry.received()

    def check(_):
        manifest = registry.get(f"{repository}/manifests/v1") or {}
        layer = {"digest": digest, "size": size} if what == "blob" else (manifest.get("layers") or [{"digest": "none", "size": 0}])[0]
        if layer["size"] < size or (what != "archive" and layer["digest"] != digest):
            return f"exit 0, the manifest lists {layer['digest']} of {layer['size']} bytes"
        if registry.received() - before < size:
            return f"exit 0, the registry was sent {registry.received() - before} bytes"
        kept = size if registry.kind == "sink" else registry.size(repository, layer["digest"])
        return None if kept >= size else f"exit 0, the registry keeps {kept} bytes"

    return Command(make(repository), check)


for kind in ("sink", "docker-registry"):
    registry = Registry(kind)
    to = registry.addr
    makes = {
        "ours": lambda: pushed(registry, "file", lambda name: ["ours", "push", "--disable-path-validation", f"{to}/{name}:v1", file]),
        "oras": lambda: pushed(registry, "file", lambda name: ["oras", "push", "--plain-http", "--disable-path-validation", f"{to}/{name}:v1", file]),
        "crane": lambda: pushed(registry, "archive", lambda name: ["crane", "append", "--insecure", "-f", tar, "-t", f"{to}/{name}:v1"]),
        "floor: curl PUT": lambda: pushed(registry, "blob", lambda name: ["sh", "-c", FLOOR, "sh", to, name, digest, file])}
    record_all(f"push, {kind}", interleave(makes, ROUNDS, measure=lambda command: attempt(command, 300)), mib=MIB)
    registry.stop()
keep()
