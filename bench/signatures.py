"""Makes many signatures on one image quickly, with openssl, in cosign's two formats."""

import base64
import json
import subprocess

from harness import path
from services import OCI, Push, sha256

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def plain_key(name="plain"):
    """A P-256 key for openssl; returns the path of its public half."""
    private, public = path(name + ".pem"), path(name + ".pub")
    subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", private], check=True)
    subprocess.run(["openssl", "ec", "-in", private, "-pubout", "-out", public], check=True, stderr=subprocess.DEVNULL)
    return public


def sign(message, name="plain"):
    command = ["openssl", "dgst", "-sha256", "-sign", path(name + ".pem")]
    return base64.b64encode(subprocess.run(command, input=message, capture_output=True, check=True).stdout).decode()


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def legacy(addr, repository, digest, count):
    """Puts `count` signatures under the .sig tag."""
    push, layers = Push(addr, repository), []
    for i in range(count):
        payload = compact({"critical": {"identity": {"docker-reference": f"{addr}/{repository}"}, "image": {"docker-manifest-digest": digest},
                                        "type": "cosign container image signature"}, "optional": {"n": str(i)}})
        layers.append({"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "size": len(payload), "digest": push.blob(payload),
                       "annotations": {"dev.cosignproject.cosign/signature": sign(payload)}})
    zero = "0001-01-01T00:00:00Z"
    config = compact({"architecture": "", "created": zero, "history": [{"created": zero}] * count, "os": "",
                      "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}, "config": {}})
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(config), "digest": push.blob(config)}
    push.manifest(digest.replace(":", "-") + ".sig", compact({"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": layers}))


def bundles(addr, repository, digest, count):
    """Puts `count` signatures beside the image, as bundles that refer to it."""
    push, predicate, kind = Push(addr, repository), "https://sigstore.dev/cosign/sign/v1", "application/vnd.in-toto+json"
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2, "digest": push.blob(b"{}")}
    for i in range(count):
        statement = compact({"_type": "https://in-toto.io/Statement/v1", "predicateType": predicate, "predicate": {},
                             "subject": [{"digest": {"sha256": digest[7:]}, "annotations": {"n": str(i)}}]})
        pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(statement), statement)
        envelope = {"payload": base64.b64encode(statement).decode(), "payloadType": kind, "signatures": [{"sig": sign(pae)}]}
        bundle = compact({"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": "x"}}, "dsseEnvelope": envelope})
        annotations = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": predicate,
                       "org.opencontainers.image.created": "2026-01-01T00:00:00Z"}
        manifest = compact({"schemaVersion": 2, "mediaType": OCI, "artifactType": BUNDLE, "config": empty, "annotations": annotations,
                            "layers": [{"mediaType": BUNDLE, "size": len(bundle), "digest": push.blob(bundle)}],
                            "subject": {"mediaType": OCI, "size": 414, "digest": digest}})
        push.manifest(sha256(manifest), manifest)
