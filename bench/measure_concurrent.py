"""Twenty pipelines sign one digest at once: how many signatures are there afterwards, and how many were reported?"""

import concurrent.futures

from commands import keypair, variants
from harness import keep, quick, record, run
from services import Proxy, Registry, push_image

SIGNERS, ROUNDS = quick(20, 4), quick(2, 1)
keys = [keypair(f"signer{i}")[0] for i in range(SIGNERS)]
count = 0
for kind in ("memory", "memory-noref", "docker-registry"):
    registry = Registry(kind)
    proxy = Proxy(registry.addr)
    for latency in (0, 20):
        proxy.latency(latency)
        reported, listed = {name: [] for name in variants()}, {name: [] for name in variants()}
        for _ in range(ROUNDS):
            for name, (tool, sign, _) in variants().items():
                count += 1
                repository = f"crowd{count}/app"
                digest = push_image(registry.addr, repository)
                image = f"{proxy.addr}/{repository}@{digest}"
                with concurrent.futures.ThreadPoolExecutor(SIGNERS) as crowd:
                    ended = list(crowd.map(lambda key: run([tool, "sign", "--key", key, *sign, image], timeout=170), keys))
                reported[name].append(sum(result["code"] == 0 for result in ended))
                listed[name].append(registry.signatures(repository, digest)[".sig" in name])
        for name in reported:
            lost = any(said > found for said, found in zip(reported[name], listed[name]))
            record(f"{SIGNERS} signers at once, {kind}, {latency} ms", name, reported=reported[name], listed=listed[name], wrong=lost)
    proxy.stop()
    registry.stop()
keep()
