"""Twenty pipelines sign one digest at once: how many signatures are there afterwards? Everyone says exit 0."""

import concurrent.futures
import json
import os
import urllib.error
import urllib.request

from harness import INDEX, OCI, Proxy, Registry, keypair, push_image, record, run, variants

SIGNERS, ROUNDS = int(os.environ.get("SIGNERS", 20)), int(os.environ.get("ROUNDS", 3))
keys = [keypair(f"signer{i}")[0] for i in range(SIGNERS)]


def get(url):
    try:
        return json.loads(urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": f"{OCI}, {INDEX}"})).read())
    except urllib.error.HTTPError:
        return None


for kind in ("memory", "memory-noref", "docker-registry"):
    registry = Registry(kind)
    proxy, count = Proxy(registry.addr), 0
    for latency in (0, 20):
        proxy.latency(latency)
        for name, (program, sign, _) in variants().items():
            reported, listed = [], []
            for _ in range(ROUNDS):
                count += 1
                repository = f"crowd{count}/app"
                digest = push_image(registry.addr, repository)
                image, base, tag = f"{proxy.addr}/{repository}@{digest}", f"http://{registry.addr}/v2/{repository}", digest.replace(":", "-")
                with concurrent.futures.ThreadPoolExecutor(SIGNERS) as crowd:
                    ended = list(crowd.map(lambda key: run([program, "sign", "--key", key, *sign, image], timeout=170), keys))
                reported.append(sum(result["code"] == 0 for result in ended))
                if ".sig" in name:
                    listed.append(len((get(f"{base}/manifests/{tag}.sig") or {}).get("layers", [])))
                else:
                    found = get(f"{base}/referrers/{digest}") or get(f"{base}/manifests/{tag}") or {}
                    listed.append(len(found.get("manifests", [])))
            record(f"{SIGNERS} signers at once, {kind}, {latency} ms", name, reported=reported, listed=listed)
    proxy.stop()
    registry.stop()
