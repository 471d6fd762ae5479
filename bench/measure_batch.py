"""Distinct signed images: one process for all, near and far away, and a process for each, one after the other or two at once."""

import signatures
from commands import printed, variants, verified
from harness import Command, attempt, interleave, keep, path, program, quick, record, summary
from services import Proxy, Registry, push_image

IMAGES, ROUNDS = quick(1000, 20), quick(3, 1)
# A process an image takes cosign a minute for a thousand; the rate is the same for fewer. So is it far away, where cosign
# asks for one image after the other; ours gets all of them there.
FEW, FAR = quick(200, 10), quick(50, 5)
public = signatures.plain_key()
registry = Registry("memory")
proxy = Proxy(registry.addr)


def signed_images(put, form):
    references = []
    for i in range(IMAGES):
        repository = f"{form.strip('.')}/i{i}"
        digest = push_image(registry.addr, repository, layers=(256,))
        put(registry.addr, repository, digest, 1)
        references.append(f"{repository}@{digest}")
    return references


def each(name, script):
    """A process for each of the few images, as a shell script with the list as its input."""
    words = verified(name, public).words
    words = [program(words[0]), *words[1:]]
    return Command(["sh", "-c", script + f" <{path('images')}", "sh", *words], lambda result: printed(result, FEW))


def measure(command):
    return attempt(command, 300)


def record_rate(row, results, images):
    """Records the rates of one row; returns them."""
    rates = {}
    for name, of_one in results.items():
        figures, count = summary(of_one), images(name)
        if "failed" not in figures:
            figures.update(per_second=count / figures["wall_ms"] * 1e3, cpu_ms_each=figures["cpu_ms"] / count, images=count)
            rates[name] = figures["per_second"]
        record(row, name, **figures)
    return rates


for form, put in (("bundles", signatures.bundles), (".sig", signatures.legacy)):
    references = signed_images(put, form)
    names = [name for name in variants() if (".sig" in name) == (form == ".sig")]
    with open(path("images"), "w") as file:
        file.writelines(f"{registry.addr}/{reference}\n" for reference in references[:FEW])
    rates = {}
    for way, script in (("shell loop", 'while read -r image; do "$@" "$image" || exit 1; done'), ("xargs -P2", 'xargs -P2 -n1 "$@"')):
        makes = {name: (lambda name=name: each(name, script)) for name in names}
        rates[way] = record_rate(f"{form}, a process each, {way}", interleave(makes, ROUNDS, warm=0, measure=measure), lambda name: FEW)
    near = {name: (lambda name=name: verified(name, public, *[f"{registry.addr}/{r}" for r in references])) for name in names}
    rates["one process"] = record_rate(f"{form}, one process", interleave(near, ROUNDS, measure=measure), lambda name: IMAGES)
    # What takes the place of the usual loop.
    for name in names:
        way = "one process" if name.startswith("ours") else "shell loop"
        if name in rates[way]:
            record(f"{form}, beside a shell loop", name.removesuffix(" .sig") if name.startswith("ours") else name, per_second=rates[way][name])

    def away(name):
        return IMAGES if name.startswith("ours") else FAR

    makes = {name: (lambda name=name: verified(name, public, *[f"{proxy.addr}/{r}" for r in references[:away(name)]])) for name in names}
    record_rate(f"{form}, one process, 50 ms a request", interleave(makes, ROUNDS, warm=0, measure=proxy.measure(50, timeout=300)), away)
keep()
