"""Requests, critical path, CPU and memory of the registry commands, with a key and no transparency log.

Requests and path are counted through the proxy; CPU and memory are measured without it; `far` is the wall time at 50 ms a
request and 100 ms more for a new connection, as a registry on another continent.
"""

import os

from harness import Proxy, Registry, chain, interleave, keypair, push_image, record, record_all, run, succeed, variants

RUNS = int(os.environ.get("RUNS", 15))
key, public = keypair()


def measure(row, name, proxy, make):
    """make() returns a command on a fresh state; it is counted, then timed far away."""
    command = make()
    proxy.forget()
    result = run(command)
    log = proxy.log()
    command = make()
    proxy.latency(50, 100)
    far = run(command)
    proxy.latency(0)
    record(row, name, requests=len(log), chain=chain(log), far_ms=far["wall"] * 1e3, connections=len({e["conn"] for e in log}),
           codes=sorted({result["code"], far["code"]}))
    if result["code"]:
        print("   ", result["said"][-300:].replace("\n", " "))


for kind in ("memory", "docker-registry"):
    registry = Registry(kind)
    proxy, count = Proxy(registry.addr), [0]
    where = "" if kind == "memory" else " (no referrers API)"

    def fresh():
        count[0] += 1
        repository = f"fresh{count[0]}/app"
        return f"{repository}@{push_image(registry.addr, repository, layers=(2048, 4096))}"

    for name, (program, sign, verify) in variants().items():
        measure("sign" + where, name, proxy, lambda: [program, "sign", "--key", key, *sign, f"{proxy.addr}/{fresh()}"])
        image, unsigned = fresh(), fresh()
        succeed([program, "sign", "--key", key, *sign, f"{registry.addr}/{image}"])
        tagged = image.split("@")[0] + ":v1"
        measure("verify" + where, name, proxy, lambda: [program, "verify", "--key", public, *verify, f"{proxy.addr}/{image}"])
        measure("verify by tag" + where, name, proxy, lambda: [program, "verify", "--key", public, *verify, f"{proxy.addr}/{tagged}"])
        measure("verify, unsigned" + where, name, proxy, lambda: [program, "verify", "--key", public, *verify, f"{proxy.addr}/{unsigned}"])
        measure("tree" + where, name, proxy, lambda: [program, "tree", f"{proxy.addr}/{image}"])
        measure("triangulate by digest" + where, name, proxy, lambda: [program, "triangulate", f"{proxy.addr}/{image}"])
        measure("triangulate by tag" + where, name, proxy, lambda: [program, "triangulate", f"{proxy.addr}/{tagged}"])
    proxy.stop()
    registry.stop()

registry, count = Registry("memory"), [0]
images = {}
for name, (program, sign, verify) in variants().items():
    repository = "signed/" + name.replace(" ", "").replace(".", "-")
    images[name] = f"{registry.addr}/{repository}@{push_image(registry.addr, repository)}"
    succeed([program, "sign", "--key", key, *sign, images[name]])
record_all("verify: cost", interleave({name: [v[0], "verify", "--key", public, *v[2], images[name]] for name, v in variants().items()}, RUNS))


def sign_fresh(program, sign):
    count[0] += 1
    repository = f"new{count[0]}/app"
    return [program, "sign", "--key", key, *sign, f"{registry.addr}/{repository}@{push_image(registry.addr, repository)}"]


record_all("sign: cost", interleave({name: (lambda v=v: sign_fresh(v[0], v[1])) for name, v in variants().items()}, RUNS))
