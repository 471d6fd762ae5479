"""A thousand distinct signed images: one process each on two cores, one process for all, and one process far away."""

import os

import signatures
from harness import IGNORE, Proxy, Registry, median, path, program, push_image, record, run

IMAGES, ROUNDS, FAR = (int(os.environ.get(name, default)) for name, default in (("IMAGES", 1000), ("ROUNDS", 3), ("FAR_IMAGES", 50)))
public = signatures.plain_key()
registry = Registry("memory")
proxy = Proxy(registry.addr)
for form, make, flags in (("bundles", signatures.bundles, []), (".sig", signatures.legacy, ["--new-bundle-format=false"])):
    references = []
    for i in range(IMAGES):
        repository = f"{form.strip('.')}/i{i}"
        digest = push_image(registry.addr, repository, layers=(256,))
        make(registry.addr, repository, digest, 1)
        references.append(f"{registry.addr}/{repository}@{digest}")
    listed = path("images")
    with open(listed, "w") as f:
        f.write("\n".join(references) + "\n")
    commands = {name: [program(name), "verify", "--key", public, *IGNORE, *flags] for name in ("ours", "cosign3") if program(name)}
    if form == ".sig":
        commands["cosign2"] = [program("cosign2"), "verify", "--key", public, *IGNORE]
    ways = {"a process each, two at once": "xargs -P2 -n1 \"$@\"", "one process": "xargs -n100000 -s2000000 \"$@\""}
    for way, xargs in ways.items():
        results = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                results[name].append(run(["sh", "-c", f"{xargs} <{listed} >/dev/null 2>&1", "x", *command], timeout=300))
        for name, of_one in results.items():
            record(f"{IMAGES} images, {form}, {way}", name, per_second=IMAGES / median([r["wall"] for r in of_one]),
                   cpu_ms_each=median([r["cpu"] for r in of_one]) * 1e3 / IMAGES, rss_mib=median([r["rss_kib"] for r in of_one]) / 1024,
                   codes=sorted({r["code"] for r in of_one}))
    proxy.latency(50)
    for name, command in commands.items():
        few = [reference.replace(registry.addr, proxy.addr) for reference in references[:FAR if name != "ours" else IMAGES]]
        proxy.forget()
        result = run([*command, *few], timeout=300)
        record(f"{form}, one process, 50 ms a request", name, per_second=len(few) / result["wall"], images=len(few),
               requests_each=len(proxy.log()) / len(few), codes=[result["code"]])
    proxy.latency(0)
