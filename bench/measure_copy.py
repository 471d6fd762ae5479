"""Copy of an image of four layers: to a registry that throws blobs away (the client's own cost), between two docker-registries,
within one, and, of a small image, how many requests that takes. Every copy is looked at afterwards."""

from harness import Command, attempt, interleave, keep, quick, record_all
from services import Proxy, Registry, push_image

ROUNDS, MIB = quick(5, 1), quick(1024, 64)
LAYERS = 4
count = 0


def copied(source, target, digest, check_blobs, reach=None):
    """Ways to copy `app:v1` of one registry to a new repository of another, by way of `reach` where it is given."""
    from_addr, to_addr = (reach, reach) if reach else (source.addr, target.addr)

    def made(words):
        global count
        count += 1
        repository = f"copy{count}/app"

        def check(_):
            manifest = target.get(f"{repository}/manifests/v1")
            if manifest is None or target.get(f"{repository}/manifests/{digest}") is None:
                return "exit 0, the image is not there"
            short = [layer["digest"] for layer in manifest["layers"] if check_blobs and target.size(repository, layer["digest"]) != layer["size"]]
            return f"exit 0, {len(short)} layers are not there" if short else None

        return Command([*words, f"{from_addr}/app:v1", f"{to_addr}/{repository}:v1"], check)

    return {"ours": lambda: made(["ours", "copy"]), "crane": lambda: made(["crane", "copy", "--insecure"]),
            "oras": lambda: made(["oras", "cp", "--from-plain-http", "--to-plain-http"]),
            "skopeo": lambda: made(["skopeo", "copy", "--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false"]),
            "cosign3": lambda: made(["cosign3", "copy", "--allow-http-registry"])}


def skopeos(makes):
    """skopeo names registries with a transport."""
    def named(make):
        def made():
            command = make()
            return command._replace(words=[*command.words[:-2], *("docker://" + name for name in command.words[-2:])])
        return made
    return {name: named(make) if name == "skopeo" else make for name, make in makes.items()}


for source_kind, target_kind in (("memory", "sink"), ("docker-registry", "docker-registry")):
    source, target = Registry(source_kind), Registry(target_kind)
    digest = push_image(source.addr, "app", layers=[(MIB << 20) // LAYERS] * LAYERS)
    makes = skopeos(copied(source, target, digest, check_blobs=target_kind != "sink"))
    record_all(f"copy, {source_kind} to {target_kind}", interleave(makes, ROUNDS, measure=lambda command: attempt(command, 300)), mib=MIB)
    target.stop()
    if source_kind == "docker-registry":
        makes = skopeos(copied(source, source, digest, check_blobs=True))
        record_all("copy, within docker-registry", interleave(makes, ROUNDS, measure=lambda command: attempt(command, 300)), mib=MIB)
    source.stop()

registry = Registry("memory")
proxy = Proxy(registry.addr)
digest = push_image(registry.addr, "app", layers=[1 << 20] * 3)
makes = skopeos(copied(registry, registry, digest, check_blobs=True, reach=proxy.addr))
record_all("copy, within memory, counted", interleave(makes, quick(3, 1), measure=proxy.measure(50)))
proxy.stop()
keep()
