"""A registry that throttles, breaks, stalls or damages: exit code, seconds and requests of each program.

CAP seconds a run (default 25); a longer run is cut and shown so.
"""

import concurrent.futures
import os
import threading

from harness import LEGACY, Proxy, Registry, keypair, program, push_image, record, run, signing_config, succeed

CAP = int(os.environ.get("CAP", 25))
MANIFEST, BLOB, PING = r"^(GET|HEAD) /v2/.+/(manifests|referrers)/", r"^GET /v2/.+/blobs/", r"^GET /v2/$"
PUT, UPLOAD = r"^PUT /v2/.+/manifests/", r"^(PATCH|PUT) /v2/.+/blobs/"
BODY = '{"errors":[{"code":"UNKNOWN","message":"injected"}]}'
key, public = keypair()
config, lock, count = signing_config(), threading.Lock(), [0]


def status(times, code, match=MANIFEST, **header):
    return [{"match": match, "action": "status", "status": code, "count": times, "header": header, "body": BODY}]


def one(action, times=0, match=MANIFEST, **more):
    return [{"match": match, "action": action, "count": times, **more}]


READS = [
    ("no fault", []), ("429 once, Retry-After 1", status(1, 429, **{"Retry-After": "1"})),
    ("429 for ever, Retry-After 1", status(0, 429, **{"Retry-After": "1"})), ("429 once, Retry-After 3600", status(1, 429, **{"Retry-After": "3600"})),
    ("500 once", status(1, 500)), ("500 for ever", status(0, 500)), ("503 once, Retry-After 1", status(1, 503, **{"Retry-After": "1"})),
    ("502 for ever", status(0, 502)), ("403", status(0, 403)), ("reset once", one("reset", 1)), ("reset for ever", one("reset")),
    ("manifest cut short once", one("truncate", 1)), ("manifest cut short for ever", one("truncate")), ("blob cut short once", one("truncate", 1, BLOB)),
    ("blob cut short for ever", one("truncate", 0, BLOB)), ("manifest with a flipped bit", one("corrupt")), ("blob with a flipped bit", one("corrupt", 0, BLOB)),
    ("blob 500 once", status(1, 500, BLOB)), ("blob 500 for ever", status(0, 500, BLOB)), ("no answer to a manifest", one("stall", seconds=600)),
    ("no answer to a blob", one("stall", 0, BLOB, seconds=600)), ("manifest at 30 B/s", one("slow", bytes=30)),
    ("/v2/ 500", status(0, 500, PING)), ("/v2/ 404", status(0, 404, PING)), ("401 without a challenge", status(0, 401))]
WRITES = [
    ("no fault", []), ("manifest 500 once", status(1, 500, PUT)), ("manifest 500 for ever", status(0, 500, PUT)),
    ("manifest 429 once", status(1, 429, PUT, **{"Retry-After": "1"})), ("manifest 201, not stored", status(0, 201, PUT)),
    ("upload 503 once", status(1, 503, r"^POST /v2/")), ("upload reset once", one("reset", 1, UPLOAD)), ("upload reset for ever", one("reset", 0, UPLOAD)),
    ("upload 500 once", status(1, 500, UPLOAD)), ("no answer to an upload", one("stall", 0, UPLOAD, seconds=600)),
    ("referrers 500 after the push", status(0, 500, r"^GET /v2/.+/referrers/"))]


def fresh(addr):
    with lock:
        count[0] += 1
        name = f"f{count[0]}/app"
    return f"{name}@{push_image(addr, name)}", name


def verify(name, *flags):
    return lambda registry, proxy, signed: [name, "verify", "--key", public, "--insecure-ignore-tlog", *flags, f"{proxy.addr}/{signed}"]


def sign(name, *flags):
    return lambda registry, proxy, signed: [name, "sign", "--key", key, *flags, f"{proxy.addr}/{fresh(registry.addr)[0]}"]


def copy(name, *flags):
    return lambda registry, proxy, signed: [name, "copy", *flags, f"{proxy.addr}/{fresh(registry.addr)[1]}:v1", f"{registry.addr}/copy{count[0]}:v1"]


OPERATIONS = {
    "ours verify": (READS, verify("ours")), "ours verify .sig": (READS, verify("ours", "--new-bundle-format=false")),
    "cosign3 verify": (READS, verify("cosign3")), "cosign3 verify .sig": (READS, verify("cosign3", "--new-bundle-format=false")),
    "cosign2 verify .sig": (READS, verify("cosign2")), "crane copy": (READS, copy("crane", "--insecure")),
    "oras copy": (READS, copy("oras", "--from-plain-http", "--to-plain-http")),
    "ours sign": (WRITES, sign("ours", "--signing-config", config)), "cosign3 sign": (WRITES, sign("cosign3", "--signing-config", config)),
    "cosign2 sign .sig": (WRITES, sign("cosign2", "--tlog-upload=false"))}


def play(operation):
    faults, make = OPERATIONS[operation]
    registry = Registry("memory")
    proxy = Proxy(registry.addr)
    signed = "signed/app@" + push_image(registry.addr, "signed/app")
    flags = LEGACY if ".sig" in operation else ["--signing-config", config]
    succeed(["cosign3", "sign", "--key", key, *flags, f"{registry.addr}/{signed}"])
    for name, rules in faults:
        command = make(registry, proxy, signed)
        proxy.faults(*rules)
        proxy.forget()
        result = run(command, timeout=CAP)
        asked = len(proxy.log())
        proxy.faults()
        words = [line for line in result["said"].splitlines() if line.strip()][-1:]
        with lock:
            record(("read: " if faults is READS else "write: ") + name, operation, code="cut" if result["timed_out"] else result["code"],
                   seconds=result["wall"], requests=asked, said=(words or [""])[0][-160:])
    proxy.stop()
    registry.stop()


with concurrent.futures.ThreadPoolExecutor(4) as pool:
    list(pool.map(play, [name for name in OPERATIONS if program(name.split()[0])]))
