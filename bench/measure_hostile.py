"""Huge and deep manifests, huge blobs, a gzip bomb, wrong digests: exit code, seconds and peak memory of each program."""

import gzip
import json
import os
import urllib.request

import signatures
from harness import IGNORE, INDEX, OCI, Proxy, Registry, path, program, push_image, record, run

CAP, BIG = int(os.environ.get("CAP", 60)), int(os.environ.get("BIG", 1 << 30))
public = signatures.plain_key()
registry = Registry("memory")
proxy = Proxy(registry.addr)
bundle_digest, legacy_digest = push_image(registry.addr, "a/bundle"), push_image(registry.addr, "a/sig")
signatures.bundles(registry.addr, "a/bundle", bundle_digest, 1)
signatures.legacy(registry.addr, "a/sig", legacy_digest, 1)
REFERRERS, SIG, BLOB = r"^GET /v2/.+/referrers/", r"^(GET|HEAD) /v2/.+/manifests/sha256-.+\.sig", r"^GET /v2/.+/blobs/"


def get(where):
    return json.loads(urllib.request.urlopen(f"http://{registry.addr}/v2/{where}").read())


index = get(f"a/bundle/referrers/{bundle_digest}")
sig = get(f"a/sig/manifests/{legacy_digest.replace(':', '-')}.sig")


def kept(name, data):
    with open(path(name), "wb") as f:
        f.write(data)
    return path(name)


def filled(document, member, size):
    """Valid JSON of about `size` bytes: one list filled with copies of its first element."""
    element = json.dumps(document[member][0], separators=(",", ":"))
    text = json.dumps(dict(document, **{member: ["@"]}), separators=(",", ":"))
    return text.replace('"@"', ",".join([element] * (size // (len(element) + 1)))).encode()


def deep(media_type, levels):
    return b'{"schemaVersion":2,"mediaType":"' + media_type.encode() + b'","x":' + b"[" * levels + b"]" * levels + b"}"


bomb = kept("bomb", gzip.compress(b'{"schemaVersion":2,"x":"' + b"A" * BIG + b'"}', 1, mtime=0))
forms = {
    "bundle": (REFERRERS, INDEX, index, "manifests", f"{proxy.addr}/a/bundle@{bundle_digest}", {"ours": [], "cosign3": []}),
    ".sig": (SIG, OCI, sig, "layers", f"{proxy.addr}/a/sig@{legacy_digest}",
             {"ours": [], "cosign3": ["--new-bundle-format=false"], "cosign2": []})}
for form, (match, media_type, document, member, image, programs) in forms.items():
    def served(name, data=None, **header):
        file = kept(name, data) if data is not None else path(name)
        return [{"match": match, "action": "file", "file": file, "header": {"Content-Type": media_type, **header}}]

    cases = {
        "100 MB of valid JSON": served("filled", filled(document, member, 10**8)),
        "a manifest of 1 GiB": [{"match": match, "action": "gen", "bytes": BIG, "header": {"Content-Type": media_type}}],
        "a gzip bomb, 1 MB to 1 GiB": served("bomb", **{"Content-Encoding": "gzip"}),
        "JSON 5,000,000 deep": served("deep", deep(media_type, 5_000_000)),
        "a signature blob of 1 GiB": [{"match": BLOB, "action": "gen", "bytes": BIG}],
        "other bytes than the digest says": [{"match": BLOB, "action": "corrupt"}]}
    if form == ".sig":
        cases["1,001 layers"] = served("layers", filled(document, member, 1001 * (len(json.dumps(document[member][0], separators=(",", ":"))) + 1)))
    for case, rules in cases.items():
        for name, flags in programs.items():
            if not program(name):
                continue
            proxy.faults(*rules)
            proxy.forget()
            result = run([name, "verify", "--key", public, *IGNORE, *flags, image], timeout=CAP)
            sent = sum(entry["out"] for entry in proxy.log())
            proxy.faults()
            words = [line for line in result["said"].splitlines() if line.strip()][-1:]
            record(f"{case} ({form})", name, code="cut" if result["timed_out"] else result["code"], seconds=result["wall"],
                   rss_mib=result["rss_kib"] / 1024, served_mib=sent / 2**20, said=(words or [""])[0][-160:])
