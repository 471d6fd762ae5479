"""A thousand signatures on one image, in each format, near and at 50 ms a request."""

import os

import signatures
from harness import IGNORE, Proxy, Registry, chain, interleave, program, push_image, record, run, summary

RUNS, COUNT = int(os.environ.get("RUNS", 5)), int(os.environ.get("COUNT", 1000))
public = signatures.plain_key()
registry = Registry("memory")
proxy = Proxy(registry.addr)
for form, make, flags in (("bundles", signatures.bundles, []), (".sig", signatures.legacy, ["--new-bundle-format=false"])):
    repository = f"many/{form.strip('.')}"
    digest = push_image(registry.addr, repository)
    make(registry.addr, repository, digest, COUNT)
    commands = {name: [name, "verify", "--key", public, *IGNORE, *flags] for name in ("ours", "cosign3") if program(name)}
    if form == ".sig" and program("cosign2"):
        commands["cosign2"] = ["cosign2", "verify", "--key", public, *IGNORE]
    near = interleave({name: [*command, f"{registry.addr}/{repository}@{digest}"] for name, command in commands.items()}, RUNS, timeout=300)
    for name, command in commands.items():
        command = [*command, f"{proxy.addr}/{repository}@{digest}"]
        proxy.forget()
        run(command, timeout=300)
        log = proxy.log()
        figures = dict(summary(near[name]), requests=len(log), chain=chain(log))
        if name == "ours" or form == "bundles" or os.environ.get("FAR_PEERS"):
            proxy.latency(50, 100)
            far = run(command, timeout=240)
            proxy.latency(0)
            found = far["said"].count('"critical"')
            figures.update(far_s=far["wall"], far_code=far["code"], far_output=f"{found} in the last 4 kB" if found else "none")
        record(f"{COUNT} signatures, {form}", name, **figures)
