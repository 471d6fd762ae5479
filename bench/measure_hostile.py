"""Huge and deep manifests, huge blobs, a gzip bomb, wrong digests: exit code, seconds and peak memory of each program."""

import gzip
import json

import signatures
from commands import variants, verified
from harness import attempt, keep, last_words, path, quick, record
from services import INDEX, OCI, Proxy, Registry, push_image, sha256

CAP, GIB = quick(30, 3), 1 << 30
REFERRERS, SIG, BLOB = r"^GET /v2/.+/referrers/", r"^(GET|HEAD) /v2/.+/manifests/sha256-.+\.sig", r"^GET /v2/.+/blobs/"
MANIFEST = r"^GET /v2/.+/manifests/sha256:"
public = signatures.plain_key()
registry = Registry("memory")
proxy = Proxy(registry.addr)


def kept(name, data):
    with open(path(name), "wb") as f:
        f.write(data)
    return path(name)


def filled(document, member, size):
    """Valid JSON of about `size` bytes: one list filled with copies of its first element."""
    element = signatures.compact(document[member][0]).decode()
    text = signatures.compact(dict(document, **{member: ["@"]})).decode()
    return text.replace('"@"', ",".join([element] * (size // (len(element) + 1)))).encode()


def deep(media_type, levels):
    return b'{"schemaVersion":2,"mediaType":"' + media_type.encode() + b'","x":' + b"[" * levels + b"]" * levels + b"}"


def cases(form, match, media_type, document, member):
    def served(name, data, **header):
        file = kept(form + name, data) if data is not None else path(name)
        return {"match": match, "action": "file", "file": file, "header": {"Content-Type": media_type, **header}}

    def signature(size):
        """The signature's blob has that many bytes, and its descriptor says so."""
        def changed(manifest):
            return dict(manifest, layers=[dict(manifest["layers"][0], size=size)])

        blob = {"match": BLOB, "action": "gen", "bytes": size}
        if member == "layers":
            return [served(f"signed{size}", signatures.compact(changed(document))), blob]
        entry = document["manifests"][0]
        manifest = signatures.compact(changed(registry.get(f"a/bundles/manifests/{entry['digest']}")))
        index = dict(document, manifests=[dict(entry, digest=sha256(manifest), size=len(manifest))])
        referrer = dict(served(f"referrer{size}", manifest, **{"Content-Type": OCI}), match=MANIFEST)
        return [served(f"index{size}", signatures.compact(index)), referrer, blob]

    found = {
        "100 MB of valid JSON": [served("filled", filled(document, member, 10**8))],
        "a manifest of 1 GiB": [{"match": match, "action": "gen", "bytes": GIB, "header": {"Content-Type": media_type}}],
        "a gzip bomb, 1 MB to 1 GiB": [served("bomb", None, **{"Content-Encoding": "gzip"})],
        "JSON 5,000,000 deep": [served("deep", deep(media_type, 5_000_000))],
        "a signature of 1 GiB, its descriptor says less": [{"match": BLOB, "action": "gen", "bytes": GIB}],
        "a signature of 1 GiB, as its descriptor says": signature(GIB),
        "a signature of 100 MiB, as its descriptor says": signature(100 << 20),
        "other bytes than the digest says": [{"match": BLOB, "action": "corrupt"}]}
    if member == "layers":
        element = len(signatures.compact(document[member][0])) + 1
        found["1,001 layers"] = [served("layers", filled(document, member, 1001 * element))]
    else:
        found["another manifest than the digest says"] = [{"match": MANIFEST, "action": "corrupt"}]
    return found


kept("bomb", gzip.compress(b'{"schemaVersion":2,"x":"' + b"A" * GIB + b'"}', 1, mtime=0))
digests = {form: push_image(registry.addr, f"a/{form}") for form in ("bundles", "sig")}
signatures.bundles(registry.addr, "a/bundles", digests["bundles"], 1)
signatures.legacy(registry.addr, "a/sig", digests["sig"], 1)
forms = {"bundles": (REFERRERS, INDEX, registry.get(f"a/bundles/referrers/{digests['bundles']}"), "manifests"),
         "sig": (SIG, OCI, registry.get(f"a/sig/manifests/{digests['sig'].replace(':', '-')}.sig"), "layers")}
for form, what in forms.items():
    for case, rules in cases(form, *what).items():
        for name in variants():
            if (".sig" in name) != (form == "sig"):
                continue
            proxy.faults(*rules)
            result = proxy.measure(timeout=CAP)(verified(name, public, f"{proxy.addr}/a/{form}@{digests[form]}"))
            proxy.faults()
            # None of it may be believed, and none of it is "no signatures found" or "none matches".
            wrong = result["timed_out"] or result["code"] in (0, 10, 11, 12, 13)
            record(f"{case} ({'bundle' if form == 'bundles' else '.sig'})", name.split()[0], code=result["code"], cut=result["timed_out"], cap=CAP,
                   seconds=result["wall_ms"] / 1e3, rss_mib=result["rss_mib"], hit=result["hit"], wrong=bool(wrong), said=last_words(result))
keep()
