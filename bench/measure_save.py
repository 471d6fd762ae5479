"""Save of an image of four layers from a registry in memory, to a folder and to a tar file, and load of it into a registry that
throws blobs away: the client's own cost. What is saved is looked at; what is loaded is asked for."""

import json
import os
import shutil
import subprocess
import tarfile

from harness import Command, attempt, interleave, keep, path, quick, record_all
from services import Registry, push_image

ROUNDS, MIB = quick(5, 1), quick(1024, 64)
LAYERS = 4
count = 0
source, sink = Registry("memory"), Registry("sink")
digest = push_image(source.addr, "app", layers=[(MIB << 20) // LAYERS] * LAYERS)
image = f"{source.addr}/app:v1"
blobs = {digest.split(":")[1]: None}
manifest = source.get("app/manifests/v1")
blobs.update((blob["digest"].split(":")[1], blob["size"]) for blob in [manifest["config"], *manifest["layers"]])


def settle(_):
    """Nobody writes what an earlier run left to be written."""
    os.sync()


def missing(index, sizes):
    """What is wrong with a layout of this index and these files, or None."""
    if digest not in [entry["digest"] for entry in json.loads(index)["manifests"]]:
        return "exit 0, the index does not list the image"
    short = [name for name, size in blobs.items() if sizes.get(name, -1) < (size or 1)]
    return f"exit 0, {len(short)} blobs are not there" if short else None


def saved(words, kind):
    """Saves to a new place, whose name ends the words; what is there is looked at and removed."""
    global count
    count += 1
    place = path(f"saved{count}")

    def check(_):
        if kind == "tar":
            with tarfile.open(place) as archive:
                sizes = {os.path.basename(entry.name): entry.size for entry in archive}
                wrong = missing(archive.extractfile("index.json").read(), sizes)
            os.unlink(place)
            return wrong
        folder = os.path.join(place, "blobs", "sha256")
        with open(os.path.join(place, "index.json"), "rb") as index:
            wrong = missing(index.read(), {name: os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)})
        shutil.rmtree(place)
        return wrong

    return Command([*words[:-1], words[-1].format(place)], check)


def loaded(words):
    """Loads to a new repository, whose name ends the words."""
    global count
    count += 1
    repository = f"loaded{count}/app"

    def check(_):
        there = sink.get(f"{repository}/manifests/v1") is not None and sink.get(f"{repository}/manifests/{digest}") is not None
        return None if there else "exit 0, the image is not there"

    return Command([*words[:-1], words[-1].format(f"{sink.addr}/{repository}:v1")], check)


def measured(row, makes):
    record_all(row, interleave(makes, ROUNDS, measure=lambda command: attempt(command, 300), before=settle), mib=MIB)


# else it compresses layers
skopeo = ["skopeo", "copy", "--insecure-policy", "--all", "--preserve-digests"]
measured("save, folder", {
    "ours": lambda: saved(["ours", "save", image, "--dir", "{}"], "folder"),
    "crane": lambda: saved(["crane", "pull", "--insecure", "--format=oci", image, "{}"], "folder"),
    "oras": lambda: saved(["oras", "cp", "--from-plain-http", "--to-oci-layout", image, "{}:v1"], "folder"),
    "skopeo": lambda: saved([*skopeo, "--src-tls-verify=false", f"docker://{image}", "oci:{}:v1"], "folder")})
measured("save, archive", {
    "ours": lambda: saved(["ours", "save", image, "--archive", "{}"], "tar"),
    "skopeo": lambda: saved([*skopeo, "--src-tls-verify=false", f"docker://{image}", "oci-archive:{}:v1"], "tar")})

folder, tar = path("folder"), path("image.tar")
for place in (["--dir", folder], ["--archive", tar]):
    subprocess.run([os.environ["OURS"], "save", image, *place], check=True, stderr=subprocess.DEVNULL)
measured("load, folder", {
    "ours": lambda: loaded(["ours", "load", "--dir", folder, "{}"]),
    "crane": lambda: loaded(["crane", "push", "--insecure", folder, "{}"]),
    "oras": lambda: loaded(["oras", "cp", "--to-plain-http", "--from-oci-layout", f"{folder}:v1", "{}"]),
    "skopeo": lambda: loaded([*skopeo, "--dest-tls-verify=false", f"oci:{folder}:v1", "docker://{}"])})
measured("load, archive", {
    "ours": lambda: loaded(["ours", "load", "--archive", tar, "{}"]),
    "oras": lambda: loaded(["oras", "cp", "--to-plain-http", "--from-oci-layout", f"{tar}:v1", "{}"]),
    "skopeo": lambda: loaded([*skopeo, "--dest-tls-verify=false", f"oci-archive:{tar}:v1", "docker://{}"])})
keep()
