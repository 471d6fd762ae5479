"""Signing and verifying one file, from the page cache: small, where the program's start counts, and large, where hashing does."""

import os
import subprocess

from commands import IGNORE, LEGACY, keypair, signing_config
from harness import Command, interleave, keep, path, program, quick, record_all
from signatures import plain_key

MIB = quick(1024, 64)
private, public = keypair()
plain = plain_key("blob")
FLOOR = "floor: openssl dgst"


def signed(words, evidence):
    """Signs; the file with the signature must be new and not empty."""
    if os.path.exists(evidence):
        os.unlink(evidence)
    return Command([*words], lambda _: None if os.path.getsize(evidence) > 60 else "exit 0, no signature")


def verified(*words):
    return Command(words, lambda result: None if "Verified OK" in result["said"] else "exit 0, not verified")


def measure(size, file, rounds):
    bundle, config = ["--signing-config", signing_config()], [*LEGACY, "--use-signing-config=false", "--tlog-upload=false"]
    evidence = {name: path(f"{name.replace(' ', '-').replace(':', '')}-{size}") for name in ("ours", "cosign3", "ours .sig", "cosign3 .sig", "cosign2 .sig", FLOOR)}

    def sign(name, *flags):
        words = [name.split()[0], "sign-blob", "--key", private, *flags, "--output-signature" if ".sig" in name else "--bundle", evidence[name], file]
        return lambda: signed(words, evidence[name])

    def verify(name):
        place = "--signature" if ".sig" in name else "--bundle"
        return lambda: verified(name.split()[0], "verify-blob", "--key", public, *IGNORE, place, evidence[name], file)

    dgst = ["openssl", "dgst", "-sha256"]
    record_all(f"sign, {size}", interleave({
        "ours": sign("ours", *bundle), "cosign3": sign("cosign3", *bundle), "ours .sig": sign("ours .sig", *config),
        "cosign3 .sig": sign("cosign3 .sig", *config), "cosign2 .sig": sign("cosign2 .sig", "--tlog-upload=false"),
        FLOOR: lambda: signed([*dgst, "-sign", path("blob.pem"), "-out", evidence[FLOOR], file], evidence[FLOOR])}, rounds), mib=MIB)
    names = [name for name in evidence if not name.startswith("floor") and program(name.split()[0])]
    record_all(f"verify, {size}", interleave({
        **{name: verify(name) for name in names},
        FLOOR: lambda: verified(*dgst, "-verify", plain, "-signature", evidence[FLOOR], file)}, rounds), mib=MIB)


small, large = path("small.bin"), path("large.bin")
with open(small, "wb") as file:
    file.write(b"hello\n")
subprocess.run(["dd", "if=/dev/urandom", f"of={large}", "bs=1M", f"count={MIB}"], check=True, stderr=subprocess.DEVNULL)
measure("small", small, quick(25, 2))
measure("large", large, quick(7, 1))
keep()
