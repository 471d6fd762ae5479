"""A thousand signatures on one image, in each format, near and at 50 ms a request."""

import signatures
from commands import variants, verified
from harness import interleave, keep, quick, record, summary
from services import Proxy, Registry, push_image

COUNT, ROUNDS = quick(1000, 50), quick(3, 1)
# Minutes for one run: cosign 3 asks for one bundle after the other, and reads .sig layers in quadratic time.
SLOW_NEAR, SLOW_FAR = {"cosign3 .sig": 2, "cosign2 .sig": 2}, {"cosign3": 1, "cosign3 .sig": 1, "cosign2 .sig": 1}
public = signatures.plain_key()
registry = Registry("memory")
proxy = Proxy(registry.addr)


for form, put in (("bundles", signatures.bundles), (".sig", signatures.legacy)):
    repository = f"many/{form.strip('.')}"
    digest = push_image(registry.addr, repository)
    put(registry.addr, repository, digest, COUNT)
    names = [name for name in variants() if (".sig" in name) == (form == ".sig")]

    def makes(addr):
        return {name: (lambda name=name: verified(name, public, f"{addr}/{repository}@{digest}", count=COUNT)) for name in names}

    near = interleave(makes(registry.addr), ROUNDS, warm=0, at_most=SLOW_NEAR)
    asked = interleave(makes(proxy.addr), 1, warm=0, measure=proxy.measure(timeout=300))
    away = interleave(makes(proxy.addr), ROUNDS, warm=0, measure=proxy.measure(50, timeout=240), at_most=SLOW_FAR)
    for name in names:
        record(f"{COUNT} signatures, {form}", name, **summary(near[name]))
        figures = {name: value for name, value in summary(asked[name]).items() if name in ("failed", "requests")}
        record(f"{COUNT} signatures, {form}, counted", name, **figures)
        record(f"{COUNT} signatures, {form}, 50 ms a request", name, **summary(away[name]))
keep()
