"""Requests, critical path, CPU and memory of the registry commands, with a key and no transparency log.

Requests and path are counted through the proxy, at 50 ms a request and 100 ms more for a new connection: as a registry on
another continent, and so that requests that follow each other are told from those that run beside each other. CPU and memory
are measured without it.
"""

from statistics import median

from commands import attested, keypair, signed, variants, verified, verified_attestation
from harness import Command, attempt, interleave, keep, quick, record, record_all, summary
from services import Proxy, Registry, push_image

COUNTED, TIMED = quick(3, 1), quick(15, 2)
key, public = keypair()
count = 0


def fresh(registry):
    """An image in a repository of its own, in a registry where nobody has pushed the empty configuration yet."""
    global count
    count += 1
    repository = f"fresh{count}/app"
    registry.lose(repository, b"{}")
    return repository, push_image(registry.addr, repository, layers=(2048, 4096))


def prints(words, *texts):
    return Command(words, lambda result: next((f"exit 0, without {text}" for text in texts if text not in result["said"]), None))


def unsigned(name, image):
    """Verification of what nobody signed must end with 10 (no signatures found)."""
    return verified(name, public, image)._replace(code=10, check=None)


def once(name, make, registry, repository, digest):
    wrong = attempt(make(name, key, registry, registry.addr, repository, digest))["wrong"]
    if wrong:
        raise SystemExit(f"{name}: {wrong}")


def sign_one(name, registry, repository, digest):
    once(name, signed, registry, repository, digest)


def attested_image(name, registry):
    """An image with one attestation."""
    repository, digest = fresh(registry)
    once(name, attested, registry, repository, digest)
    return f"{repository}@{digest}"


def operations(registry, proxy):
    """{operation: {variant: a function that returns its command on a fresh state}}."""
    made = {}
    for name, (tool, _, _) in variants().items():
        (repository, digest), bare = fresh(registry), "@".join(fresh(registry))
        sign_one(name, registry, repository, digest)
        claimed = attested_image(name, registry)
        image, by_tag, tag = f"{proxy.addr}/{repository}@{digest}", f"{proxy.addr}/{repository}:v1", digest.replace(":", "-") + ".sig"
        referrers = registry.get(f"{repository}/referrers/{digest}") or registry.get(f"{repository}/manifests/{tag[:-4]}") or {}
        shown = [tag] if ".sig" in name else [entry["digest"] for entry in referrers["manifests"]]
        each = {"sign": lambda name=name: signed(name, key, registry, proxy.addr, *fresh(registry)),
                "verify": lambda name=name, image=image: verified(name, public, image),
                "verify by tag": lambda name=name, by_tag=by_tag: verified(name, public, by_tag),
                "attest": lambda name=name: attested(name, key, registry, proxy.addr, *fresh(registry)),
                "verify-attestation": lambda name=name, claimed=claimed: verified_attestation(name, public, f"{proxy.addr}/{claimed}"),
                "verify, unsigned": lambda name=name, bare=bare: unsigned(name, f"{proxy.addr}/{bare}"),
                "tree": lambda tool=tool, image=image, shown=shown: prints([tool, "tree", image], *shown)}
        if ".sig" not in name or tool == "cosign2":
            place = f"{proxy.addr}/{repository}:{tag}"
            each["triangulate by digest"] = lambda tool=tool, image=image, place=place: prints([tool, "triangulate", image], place)
            each["triangulate by tag"] = lambda tool=tool, by_tag=by_tag, place=place: prints([tool, "triangulate", by_tag], place)
        for operation, make in each.items():
            made.setdefault(operation, {})[name] = make
    return made


for kind in ("memory", "docker-registry"):
    registry = Registry(kind)
    proxy = Proxy(registry.addr)
    for operation, makes in operations(registry, proxy).items():
        results = interleave(makes, COUNTED, 0, proxy.measure(50, 100))
        record_all(operation + ("" if kind == "memory" else " (no referrers API)"), results)
    proxy.stop()
    registry.stop()

registry = Registry("memory")
images, claimed = {}, {}
for name in variants():
    repository, digest = fresh(registry)
    sign_one(name, registry, repository, digest)
    images[name] = f"{registry.addr}/{repository}@{digest}"
    claimed[name] = f"{registry.addr}/{attested_image(name, registry)}"
record_all("verify: cost", interleave({name: (lambda name=name: verified(name, public, images[name])) for name in variants()}, TIMED))
record_all("verify-attestation: cost", interleave({name: (lambda name=name: verified_attestation(name, public, claimed[name])) for name in variants()}, TIMED))
record_all("attest: cost", interleave({name: (lambda name=name: attested(name, key, registry, registry.addr, *fresh(registry))) for name in variants()}, TIMED))

# Every one of the programs takes encrypted keys only. `public-key` opens the key too: what it costs more than `version` is
# scrypt's (N = 65536, r = 8: 64 MiB), and `sign` without that is what is left; taken in each round, as the clock rate changes.
makes = {}
for name, (tool, _, _) in variants().items():
    makes[name] = lambda name=name: signed(name, key, registry, registry.addr, *fresh(registry))
    makes[f"{name} opens"] = lambda tool=tool: prints([tool, "public-key", "--key", key], "PUBLIC KEY")
    makes[f"{name} starts"] = lambda tool=tool: Command([tool, "version"])
results = interleave(makes, TIMED)
record_all("sign: cost", {name: results[name] for name in variants()})
for name in variants():
    parts = [results[name], results[f"{name} opens"], results[f"{name} starts"]]
    failed = next((part[-1]["wrong"] for part in parts if part[-1]["wrong"]), None)
    if failed:
        record("sign: cost without scrypt", name, failed=failed)
        continue
    scrypt = [opens["cpu_ms"] - starts["cpu_ms"] for opens, starts in zip(*parts[1:])]
    rest = [sign["cpu_ms"] - ms for sign, ms in zip(parts[0], scrypt)]
    record("sign: cost without scrypt", name, cpu_ms=median(rest), scrypt_ms=median(scrypt), rss_mib=summary(parts[0])["rss_mib"] - 64)
keep()
