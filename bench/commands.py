"""How each program signs and verifies in each format, with a key and no service, and how that is checked."""

import functools
import json
import os

from harness import Command, path, program, succeed

LEGACY = ["--new-bundle-format=false"]
IGNORE = ["--insecure-ignore-tlog"]


def keypair(name="key"):
    """An encrypted private key as cosign writes it; all programs read it."""
    prefix = path(name)
    if not os.path.exists(prefix + ".key"):
        succeed(["cosign3" if program("cosign3") else "ours", "generate-key-pair", "--output-key-prefix", prefix])
    return prefix + ".key", prefix + ".pub"


def signing_config():
    """A signing config that names no service at all: what cosign 3 wants for signing with a key only."""
    name = path("signing-config.json")
    with open(name, "w") as f:
        json.dump({"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "rekorTlogConfig": {}, "tsaConfig": {}}, f)
    return name


@functools.cache
def variants():
    """{name: (program, sign flags, verify flags)}; a name says .sig where that is the format."""
    bundle, legacy = ["--signing-config", signing_config()], [*LEGACY, "--use-signing-config=false", "--tlog-upload=false"]
    found = {"ours": ("ours", bundle, IGNORE), "cosign3": ("cosign3", bundle, IGNORE),
             "ours .sig": ("ours", legacy, [*LEGACY, *IGNORE]), "cosign3 .sig": ("cosign3", legacy, [*LEGACY, *IGNORE]),
             "cosign2 .sig": ("cosign2", ["--tlog-upload=false"], IGNORE)}
    return {name: variant for name, variant in found.items() if program(variant[0])}


def signed(name, key, registry, addr, repository, digest):
    """Signs through `addr`; afterwards one more signature must be in the registry, in the right format."""
    tool, flags, _ = variants()[name]
    format = ".sig" in name
    before = registry.signatures(repository, digest)[format]

    def check(_):
        found = registry.signatures(repository, digest)[format]
        return None if found == before + 1 else f"exit 0, {found} signatures where {before + 1} must be"

    return Command([tool, "sign", "--key", key, *flags, f"{addr}/{repository}@{digest}"], check)


TYPE = "https://example.com/checked"


@functools.cache
def predicate():
    """A file with what is claimed."""
    name = path("predicate.json")
    with open(name, "w") as f:
        json.dump({"checked": True}, f)
    return name


def attested(name, key, registry, addr, repository, digest):
    """Attests through `addr`; afterwards one more attestation must be in the registry, in the right format."""
    tool, flags, _ = variants()[name]
    format = ".sig" in name
    before = registry.signatures(repository, digest, ".att")[format]

    def check(_):
        found = registry.signatures(repository, digest, ".att")[format]
        return None if found == before + 1 else f"exit 0, {found} attestations where {before + 1} must be"

    words = [tool, "attest", "--key", key, "--predicate", predicate(), "--type", TYPE, *flags]
    return Command([*words, f"{addr}/{repository}@{digest}"], check)


def verified_attestation(name, public, image):
    """Verifies one attestation, which the program must print."""
    tool, _, flags = variants()[name]

    def check(result):
        return None if '"payload"' in result["said"] else "exit 0, no attestation printed"

    return Command([tool, "verify-attestation", "--key", public, "--type", TYPE, *flags, image], check)


def verified(name, public, *images, count=None):
    """Verifies images; the program must print as many verified signatures as there are."""
    tool, _, flags = variants()[name]
    count = count or len(images)
    return Command([tool, "verify", "--key", public, *flags, *images], lambda result: printed(result, count))


def printed(result, count):
    found = result["said"].count('"docker-manifest-digest"')
    return None if found == count else f"exit 0, {found} of {count} signatures verified"
