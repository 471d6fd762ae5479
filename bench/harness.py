"""Shared by the measure_*.py scripts: finds the programs, times whole processes, keeps their figures.

Environment, set by bench/run: PEERS, OURS, MEAS (the built meas.c), OUT, QUICK.
Runs of different programs are interleaved A B C A B C, so that a noisy machine is noisy for all of them. A command that did
not do what it must is no measurement: its row says what was wrong instead of a number.
"""

import atexit
import datetime
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Callable, NamedTuple, Optional

PEERS, OURS, MEAS, OUT, QUICK = (os.environ[name] for name in ("PEERS", "OURS", "MEAS", "OUT", "QUICK"))
WORK = tempfile.mkdtemp(prefix="bench-")
HOME = os.path.join(WORK, "home")
os.makedirs(HOME)
# What is not the registry fails at once: no peer may wait for the internet.
ENV = {"PATH": os.environ["PATH"], "HOME": HOME, "COSIGN_PASSWORD": "", "COSIGN_YES": "true", "HTTPS_PROXY": "http://127.0.0.1:9"}
_children = []


@atexit.register
def _clean():
    for child in _children:
        stop(child)
    shutil.rmtree(WORK, True)


def start(command, **options):
    """Starts a server that ends with this script."""
    _children.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV, **options))
    return _children[-1]


def stop(child):
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()


def quick(full, few):
    """How many: in a measurement, and in a smoke check."""
    return few if QUICK else full


def program(name):
    """The path of a program: ours, a peer, or something of this machine; None when it is not there."""
    place = OURS if name == "ours" else os.path.join(PEERS, name)
    return place if os.path.exists(place) else shutil.which(name)


def present(commands):
    """Leaves out the programs that are not there: a row is named by its program, with a word on how it is used."""
    return {name: command for name, command in commands.items() if name.startswith("floor") or program(name.split()[0])}


def path(name):
    return os.path.join(WORK, name)


class Command(NamedTuple):
    """What is run, the exit code it must have, and a check of what it did: given its result, says what is wrong, or None."""
    words: list
    check: Optional[Callable] = None
    code: int = 0


def run(words, timeout=120, env=None):
    """One run; returns the kernel's figures (wall_ms, cpu_ms, rss_mib, page faults), the exit code and what was printed."""
    figures = path(f"meas.{time.monotonic_ns()}")
    words = [program(words[0]) or words[0], *map(str, words[1:])]
    with tempfile.TemporaryFile() as said:
        subprocess.run([MEAS, "-t", str(int(timeout)), *words], env=dict(ENV, MEAS_OUT=figures, **(env or {})),
                       stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, cwd=WORK)
        with open(figures) as file:
            result = json.load(file)
        os.unlink(figures)
        said.seek(0)
        result.update(wall_ms=result.pop("wall") * 1e3, cpu_ms=result.pop("cpu") * 1e3, rss_mib=result.pop("rss_kib") / 1024)
        result["said"] = said.read(64 << 20).decode("utf8", "replace")
    return result


def attempt(command, timeout=120, env=None):
    """One run, and what was wrong with it: it took too long, its exit code, or what its check says."""
    result = run(command.words, timeout, env)
    if result["timed_out"]:
        wrong = f"not done after {timeout} s"
    elif result["code"] != command.code:
        wrong = f"exit {result['code']}: {last_words(result)}"
    else:
        wrong = command.check(result) if command.check else None
    return dict(result, wrong=wrong)


def last_words(result):
    return ([line.strip() for line in result["said"].splitlines() if line.strip()] or ["nothing said"])[-1][-200:]


def succeed(words):
    result = attempt(Command(words))
    if result["wrong"]:
        raise SystemExit(f"{' '.join(map(str, words))}\n{result['wrong']}")


def interleave(makes, rounds, warm=1, measure=attempt, at_most=None, before=None):
    """Runs A B C A B C. `makes` are functions that return a Command on a fresh state; `at_most` are the rounds of programs
    that take minutes. Returns {name: [result, ...]}; one that went wrong is not run again."""
    results = {name: [] for name in present(makes)}
    for i in range(rounds + warm):
        for name, of_one in results.items():
            if (of_one and of_one[-1]["wrong"]) or len(of_one) >= (at_most or {}).get(name, rounds):
                continue
            if before:
                before(name)
            result = measure(makes[name]())
            if i >= warm or result["wrong"]:
                of_one.append(result)
    return results


def summary(results):
    """The medians of one program, or what was wrong with it."""
    wrong = next((result["wrong"] for result in results if result["wrong"]), None)
    if wrong:
        return {"failed": wrong}
    return {name: statistics.median([result[name] for result in results])
            for name, value in results[0].items() if type(value) in (int, float) and name not in ("code", "timed_out")}


_kept = {"about": {}, "rows": {}}


def outline(rows):
    """Fixes the order of rows that are recorded as they come."""
    _kept["rows"].update({row: {} for row in rows})


def record(row, name, **figures):
    """Keeps the figures of one program in one row, and shows them."""
    _kept["rows"].setdefault(row, {})[name] = figures
    words = " ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={str(v)[:80]}" for k, v in figures.items())
    print(f"{row:42} {name:16} {words}", flush=True)
    keep(done=False)


def record_all(row, results, **more):
    for name, of_one in results.items():
        figures = summary(of_one)
        record(row, name, **figures, **({} if "failed" in figures else more))


def keep(done=True):
    """Writes the figures down. A script's last line says that it is done."""
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0].removeprefix("measure_")
    _kept["about"].update(done=done, load_after=load())
    with open(os.path.join(OUT, name + ".json"), "w") as file:
        json.dump(_kept, file, indent=1)


def load():
    with open("/proc/loadavg") as file:
        return float(file.read().split()[0])


def versions():
    """What interop/peers.sh wrote down of each program that is measured; of ours also what was built."""
    found = {}
    for name in ("cosign2", "cosign3", "crane", "oras"):
        stamp = os.path.join(PEERS, ".stamps", name)
        if os.path.isfile(stamp):
            with open(stamp) as file:
                found[name] = file.read().strip().rpartition("@")[2].removeprefix("v")
    if program("skopeo"):
        found["skopeo"] = subprocess.run([program("skopeo"), "--version"], capture_output=True, text=True).stdout.split()[-1]
    said = subprocess.run([OURS, "version"], capture_output=True, text=True).stdout
    found["ours"] = next((line.split()[1].removeprefix("v") for line in said.splitlines() if line.startswith("GitVersion:")), "unknown")
    with open(OURS, "rb") as file:
        found["ours"] += ", sha256 " + hashlib.sha256(file.read()).hexdigest()[:12]
    return found


_kept["about"] = {"started": datetime.datetime.now().isoformat(" ", "minutes"), "quick": bool(QUICK), "versions": versions(), "load_before": load()}
