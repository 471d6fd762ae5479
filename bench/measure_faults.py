"""A registry that throttles, breaks, stalls or damages: exit code, seconds and requests of each program, and whether that was
right. A run of more than CAP seconds is cut, and is a hang."""

import concurrent.futures
import queue
import threading

import signatures
from commands import keypair, signed, signing_config, variants, verified
from harness import Command, attempt, keep, last_words, outline, present, quick, record
from services import Proxy, Registry, push_image

CAP = quick(75, 12)
MANIFEST, BLOB, PING = r"^(GET|HEAD) /v2/.+/(manifests|referrers)/", r"^GET /v2/.+/blobs/", r"^GET /v2/$"
# Whatever carries the bytes of a blob: PATCH and PUT of an upload, or the one POST that names the digest.
PUT, START, UPLOAD = r"^PUT /v2/.+/manifests/", r"^POST /v2/.+/blobs/uploads/", r"^(PATCH|PUT) /v2/.+/blobs/|^POST /v2/.+[?&]digest="
BODY = '{"errors":[{"code":"UNKNOWN","message":"injected"}]}'
# What is right: it passes and the command succeeds; it does not and the command fails; or either.
DONE, FAILS, EITHER = "done", "fails", "either"
# cosign's exit codes for "no signatures found" and its kind: wrong where nothing is known of the signatures.
ABOUT_SIGNATURES = (10, 11, 12, 13)


def status(times, code, match=MANIFEST, **header):
    return [{"match": match, "action": "status", "status": code, "count": times, "header": header, "body": BODY}]


def one(action, times=0, match=MANIFEST, **more):
    return [{"match": match, "action": action, "count": times, **more}]


READS = [
    ("no fault", [], DONE), ("429 once, Retry-After 1", status(1, 429, **{"Retry-After": "1"}), DONE),
    ("429 for ever, Retry-After 1", status(0, 429, **{"Retry-After": "1"}), FAILS),
    ("429 once, Retry-After 3600", status(1, 429, **{"Retry-After": "3600"}), EITHER),
    ("500 once", status(1, 500), DONE), ("500 for ever", status(0, 500), FAILS),
    ("503 once, Retry-After 1", status(1, 503, **{"Retry-After": "1"}), DONE), ("502 for ever", status(0, 502), FAILS),
    ("403", status(0, 403), FAILS), ("reset once", one("reset", 1), DONE), ("reset for ever", one("reset"), FAILS),
    ("manifest cut short once", one("truncate", 1), DONE), ("manifest cut short for ever", one("truncate"), FAILS),
    ("blob cut short once", one("truncate", 1, BLOB), DONE), ("blob cut short for ever", one("truncate", 0, BLOB), FAILS),
    ("manifest with a flipped bit", one("corrupt"), FAILS), ("blob with a flipped bit", one("corrupt", 0, BLOB), FAILS),
    ("blob 500 once", status(1, 500, BLOB), DONE), ("blob 500 for ever", status(0, 500, BLOB), FAILS),
    ("no answer to a manifest", one("stall", seconds=600), FAILS), ("no answer to a blob", one("stall", 0, BLOB, seconds=600), FAILS),
    ("manifest at 30 B/s", one("slow", bytes=30), EITHER), ("/v2/ 500", status(0, 500, PING), EITHER),
    ("/v2/ 404", status(0, 404, PING), EITHER), ("401 without a challenge", status(0, 401), FAILS)]
WRITES = [
    ("no fault", [], DONE), ("manifest 500 once", status(1, 500, PUT), DONE), ("manifest 500 for ever", status(0, 500, PUT), FAILS),
    ("manifest 429 once", status(1, 429, PUT, **{"Retry-After": "1"}), DONE), ("manifest 201, not stored", status(0, 201, PUT), FAILS),
    ("upload's start 503 once", status(1, 503, START), DONE), ("upload reset once", one("reset", 1, UPLOAD), DONE),
    ("upload reset for ever", one("reset", 0, UPLOAD), FAILS), ("upload 500 once", status(1, 500, UPLOAD), DONE),
    ("no answer to an upload", one("stall", 0, UPLOAD, seconds=600), FAILS),
    ("referrers 500 after the push", status(0, 500, r"^GET /v2/.+/referrers/"), EITHER)]


class Stage:
    """A registry behind a proxy of its own, with an image that is signed in both formats, and a registry to copy to."""

    def __init__(self):
        self.registry, self.other, self.count = Registry("memory"), Registry("memory"), 0
        self.proxy = Proxy(self.registry.addr)
        self.images = {}
        for form, put in (("bundles", signatures.bundles), (".sig", signatures.legacy)):
            repository = form.strip(".") + "/app"
            digest = push_image(self.registry.addr, repository)
            put(self.registry.addr, repository, digest, 1)
            self.images[form] = f"{self.proxy.addr}/{repository}@{digest}"

    def fresh(self):
        self.count += 1
        repository = f"fresh{self.count}/app"
        return repository, push_image(self.registry.addr, repository)


def verify(name):
    return lambda stage: verified(name, public, stage.images[".sig" if ".sig" in name else "bundles"])


def sign(name):
    return lambda stage: signed(name, key, stage.registry, stage.proxy.addr, *stage.fresh())


def copy(*words):
    def make(stage):
        repository, _ = stage.fresh()
        words_here = [*words, f"{stage.proxy.addr}/{repository}:v1", f"{stage.other.addr}/{repository}:v1"]
        return Command(words_here, lambda _: None if stage.other.get(f"{repository}/manifests/v1") else "exit 0, nothing copied")
    return make


def is_wrong(result, right):
    if result["timed_out"] or result["code"] in ABOUT_SIGNATURES:
        return True
    if result["code"] == 0 and result["wrong"]:
        return True
    return right != EITHER and (result["code"] == 0) != (right == DONE)


def play(kind, operation, make, fault):
    name, rules, right = fault
    stage = stages.get()
    try:
        command = make(stage)
        stage.proxy.faults(*rules)
        stage.proxy.forget()
        result = attempt(command, CAP)
        log = stage.proxy.log()
        stage.proxy.faults()
        with lock:
            record(f"{kind}: {name}", operation, code=result["code"], cut=result["timed_out"], cap=CAP, seconds=result["wall_ms"] / 1e3,
                   requests=len(log), hit=not rules or any(entry.get("fault") for entry in log),
                   wrong=is_wrong(result, right), said=last_words(result))
    finally:
        stages.put(stage)


key, public = keypair()[0], signatures.plain_key()
lock, stages = threading.Lock(), queue.Queue()
reads = {f"{name} verify": verify(name) for name in variants()} | present({
    "crane copy": copy("crane", "copy", "--insecure"), "oras copy": copy("oras", "copy", "--from-plain-http", "--to-plain-http")})
writes = {f"{name} sign": sign(name) for name in variants()}
# What takes as long as it may only waits, and many of it wait at once; the rest shares two cores.
WAITING, WORKING = 12, 3
for _ in range(WAITING + WORKING):
    stages.put(Stage())
jobs = [("write", operation, make, fault) for operation, make in writes.items() for fault in WRITES]
jobs += [("read", operation, make, fault) for operation, make in reads.items() for fault in READS]
outline(f"{kind}: {fault[0]}" for kind, _, _, fault in jobs)
with concurrent.futures.ThreadPoolExecutor(WAITING) as waiting, concurrent.futures.ThreadPoolExecutor(WORKING) as working:
    played = [(waiting if any(rule["action"] in ("stall", "slow") for rule in job[3][1]) else working).submit(play, *job) for job in jobs]
    for job in played:
        job.result()
keep()
