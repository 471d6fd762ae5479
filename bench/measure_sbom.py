"""The packages of images, from layouts on the disk: ours and syft's list, both as CycloneDX. That each found packages is
looked at; that they are the same is shown by interop/tests/sbom.rs."""

import gzip
import hashlib
import io
import json
import os
import tarfile

from harness import PEERS, Command, attempt, interleave, keep, path, program, quick, record_all

ROUNDS = quick(5, 1)


def layer(folder, files):
    """A compressed layer of these files of the machine."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, source in files:
            archive.add(source, name, recursive=False)
    plain = plain.getvalue()
    return blob(folder, gzip.compress(plain, 6, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip"), plain


def blob(folder, content, kind):
    digest = hashlib.sha256(content).hexdigest()
    with open(os.path.join(folder, "blobs", "sha256", digest), "wb") as file:
        file.write(content)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}


def layout(name, layers):
    """An image of these layers, as a layout; its place, and how large it is unpacked."""
    folder = path(name)
    os.makedirs(os.path.join(folder, "blobs", "sha256"))
    made = [layer(folder, files) for files in layers]
    diffs = [f"sha256:{hashlib.sha256(plain).hexdigest()}" for _, plain in made]
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diffs}}
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "layers": [descriptor for descriptor, _ in made],
                "config": blob(folder, json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json")}
    index = {"schemaVersion": 2, "manifests": [blob(folder, json.dumps(manifest).encode(), kind)]}
    for file, content in (("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(os.path.join(folder, file), "w") as out:
            json.dump(content, out)
    return folder, sum(len(plain) for _, plain in made) >> 20


def below(*folders, at_most=None):
    """The files below folders of this machine, by their names in the image."""
    found = []
    for folder in folders:
        for place, _, names in sorted(os.walk(folder)):
            found += [(os.path.join(place, name).lstrip("/"), os.path.join(place, name)) for name in sorted(names)]
    found = [(name, source) for name, source in found if os.path.isfile(source) and not os.path.islink(source)]
    return found[:at_most]


def listed(least):
    def check(result):
        start = result["said"].find("{")
        found = sum("purl" in component for component in json.loads(result["said"][start:]).get("components", []))
        return None if found >= least else f"exit 0, {found} packages, at least {least} are expected"
    return check


def measured(row, layers, least):
    folder, mib = layout(row, layers)
    check = listed(least)
    no_update = {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
    results = interleave({
        "ours": lambda: Command(["ours", "sbom", "generate", "-o", "cyclonedx-json", f"oci:{folder}"], check),
        "syft": lambda: Command(["syft", "scan", f"oci-dir:{folder}", "-q", "-o", "cyclonedx-json"], check),
    }, ROUNDS, measure=lambda command: attempt(command, 300, no_update))
    record_all(row, results, mib=mib)


release = [("usr/lib/os-release", "/usr/lib/os-release"), ("var/lib/dpkg/status", "/var/lib/dpkg/status")]
system = below("/usr/bin", "/usr/lib/x86_64-linux-gnu", at_most=quick(None, 300))
measured("debian", [[*release, *system]], 100)
measured("python", [release, below("/usr/lib/python3", os.path.join(PEERS, "sigstore-python", "lib"))], 30)
if os.path.isdir("/usr/lib/node_modules"):
    measured("node", [below("/usr/lib/node_modules")], 100)
names = ["crane", "oras", "cosign3", *quick(["cosign2", "rekor-server", "fulcio"], [])]
measured("go", [[(f"usr/bin/{name}", program(name))] for name in names], 100)
keep()
