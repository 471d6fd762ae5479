"""Writes docs/performance.md from the figures in $OUT: our program, the best peer, the ratio, the target."""

import datetime
import json
import os
import subprocess

OUT = os.environ["OUT"]
PEER_NAMES = {"cosign3": "cosign 3.1.2", "cosign2": "cosign 2.6.1", "crane": "crane 0.22.1", "oras": "oras 1.3.6"}


def load(script):
    try:
        return json.load(open(os.path.join(OUT, f"measure_{script}.json")))
    except OSError:
        return {}


def shown(value):
    if value is None:
        return "–"
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return str(value)


def compare(figures, row, figure, unit, target, better=min, ours="ours", among=None):
    """One row: ours, the best peer, the ratio in our favour, the target and whether it is reached."""
    of_row = figures.get(row, {})
    mine = of_row.get(ours, {}).get(figure)
    peers = {name: of_one[figure] for name, of_one in of_row.items()
             if not name.startswith(("ours", "floor")) and figure in of_one and (among is None or name in among) and of_one.get("codes", [0]) in ([0], [10])}
    if mine is None:
        return None
    best = better(peers, key=peers.get) if peers else None
    ratio = "–"
    if best and mine and peers[best]:
        ratio = f"{(peers[best] / mine) if better is min else (mine / peers[best]):.1f}x"
    limit, reached = target, "–"
    if target is not None:
        reached = "yes" if (mine <= target if better is min else mine >= target) else "**no**"
        limit = ("≤ " if better is min else "≥ ") + shown(target)
    other = f"{shown(peers[best])} ({best})" if best else "–"
    return f"| {shown(mine)} | {other} | {ratio} | {limit or '–'} | {reached} |"


def table(title, rows):
    lines = [f"\n## {title}\n", "| | ours | best peer | ratio | target | reached |", "|---|---|---|---|---|---|"]
    lines += [f"| {label} {row}" for label, row in rows if row]
    return "\n".join(lines) + "\n" if len(lines) > 3 else ""


def main_table(startup, requests, many, batch, push):
    cosign = ("cosign3", "cosign3 .sig", "cosign2 .sig")
    rows = [
        ("`version`, CPU ms", compare(startup, "version", "cpu_ms", "ms", 0.9)),
        ("`version`, MiB", compare(startup, "version", "rss_mib", "MiB", 3)),
        ("`version`, page faults", compare(startup, "version", "minflt", "", 200)),
        ("`--help`, CPU ms", compare(startup, "help", "cpu_ms", "ms", 0.9)),
        ("program, stripped MB", compare(startup, "size", "stripped_mb", "MB", 8)),
        ("cold start, ms", compare(startup, "cold start", "wall_ms", "ms", 6))]
    text = table("Start", rows)
    rows = []
    for suffix, ours, peers in (("bundle", "ours", ("cosign3",)), ("`.sig`", "ours .sig", ("cosign3 .sig", "cosign2 .sig"))):
        bundle = suffix == "bundle"
        for place, more in (("", ""), (" (no referrers API)", ", no referrers API")):
            rows += [
                (f"verify, {suffix}{more}: requests", compare(requests, "verify" + place, "requests", "", 5 if bundle else 4, ours=ours, among=peers)),
                (f"verify, {suffix}{more}: critical path", compare(requests, "verify" + place, "chain", "", 3 if bundle else 2, ours=ours, among=peers)),
                (f"verify, {suffix}{more}: ms at 50 ms a request", compare(requests, "verify" + place, "far_ms", "ms", None, ours=ours, among=peers)),
                (f"sign, {suffix}{more}: requests", compare(requests, "sign" + place, "requests", "", (8 if place else 6) if bundle else None, ours=ours, among=peers)),
                (f"sign, {suffix}{more}: critical path", compare(requests, "sign" + place, "chain", "", (5 if place else 3) if bundle else None, ours=ours, among=peers)),
                (f"sign, {suffix}{more}: ms at 50 ms a request", compare(requests, "sign" + place, "far_ms", "ms", None, ours=ours, among=peers))]
        rows += [(f"verify, {suffix}: CPU ms", compare(requests, "verify: cost", "cpu_ms", "ms", 1.5, ours=ours, among=peers)),
                 (f"verify, {suffix}: MiB", compare(requests, "verify: cost", "rss_mib", "MiB", 7, ours=ours, among=peers)),
                 (f"sign, {suffix}, encrypted key: CPU ms", compare(requests, "sign: cost", "cpu_ms", "ms", 130, ours=ours, among=peers)),
                 (f"sign, {suffix}, encrypted key: MiB", compare(requests, "sign: cost", "rss_mib", "MiB", 70, ours=ours, among=peers))]
    rows += [("tree: critical path", compare(requests, "tree", "chain", "", 1, among=cosign)),
             ("tree: requests", compare(requests, "tree", "requests", "", None, among=cosign)),
             ("triangulate by digest: requests", compare(requests, "triangulate by digest", "requests", "", 0, among=cosign)),
             ("triangulate by tag: requests", compare(requests, "triangulate by tag", "requests", "", 1, among=cosign))]
    text += table("Registry commands", rows)
    rows = []
    for form, seconds in (("bundles", 150), (".sig", 150)):
        row = next((name for name in many if name.endswith(form)), "")
        rows += [(f"{row}: CPU ms", compare(many, row, "cpu_ms", "ms", seconds)), (f"{row}: wall ms", compare(many, row, "wall_ms", "ms", None)),
                 (f"{row}: requests", compare(many, row, "requests", "", 2001 if form == "bundles" else None)),
                 (f"{row}: MiB", compare(many, row, "rss_mib", "MiB", None)), (f"{row}: s at 50 ms a request", compare(many, row, "far_s", "s", 2.0))]
    text += table("Many signatures on one image", rows)
    targets = {"a process each, two at once": 600, "one process": 8000, "one process, 50 ms a request": 350}
    rows = [(f"{row}: images a second", compare(batch, row, "per_second", "", next((t for way, t in targets.items() if row.endswith(way)), None), better=max))
            for row in batch]
    rows += [(f"{row}: MiB", compare(batch, row, "rss_mib", "MiB", 12)) for row in batch if row.endswith(", one process")]
    text += table("Many images", rows)
    rows = []
    for row in push:
        rows += [(f"{row}: s", compare({row: {n: dict(f, s=f["wall_ms"] / 1e3) for n, f in push[row].items()}}, row, "s", "s", 0.75 if "sink" in row else None)),
                 (f"{row}: MiB", compare(push, row, "rss_mib", "MiB", 32))]
    return text + table("Push of a large file", rows)


def grid(title, note, figures, prefix, cell):
    rows = {name: of_row for name, of_row in figures.items() if name.startswith(prefix)}
    names = [name for name in dict.fromkeys(n for of_row in rows.values() for n in of_row)]
    names.sort(key=lambda name: (not name.startswith("ours"), name))
    if not rows:
        return ""
    lines = [f"\n## {title}\n", note + "\n", "| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for row, of_row in rows.items():
        lines.append(f"| {row[len(prefix):]} | " + " | ".join(cell(of_row[n]) if n in of_row else "" for n in names) + " |")
    return "\n".join(lines) + "\n"


def machine():
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown CPU")
    memory = int(open("/proc/meminfo").readline().split()[1]) / 2**20
    system = next((line.split("=", 1)[1].strip().strip('"') for line in open("/etc/os-release") if line.startswith("PRETTY_NAME")), "")
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    load = open("/proc/loadavg").read().split()[:3]
    return (f"{os.cpu_count()} cores ({cpu}), {memory:.0f} GiB, {system}, {rust}; {datetime.date.today()}; load while the document was "
            f"written {' '.join(load)}.")


def main():
    text = ("# Performance\n\nWritten by `bench/run`: our release build beside its peers, in one run, each round A B C A B C, medians of whole "
            "processes. CPU and memory are the kernel's; requests and critical path (the most requests of which each began after the one "
            "before had ended) are a proxy's; \"at 50 ms a request\" adds 100 ms for each new connection. A ratio above 1 is in our favour. "
            "The machine is shared, so wall times carry noise that CPU, memory and counts do not.\n\nMachine: " + machine() + "\n\nPeers: "
            + ", ".join(PEER_NAMES.values()) + ".\n")
    text += main_table(*map(load, ("startup", "requests", "many", "batch", "push")))
    text += grid("Concurrent signers", "Signatures that are there afterwards, a figure for each round; every signer of every program reported success "
                 "unless a second figure follows.", load("concurrent"), "",
                 lambda f: shown(f["listed"]) + ("" if len(set(f["reported"])) == 1 and max(f["reported"]) in f["reported"] and min(f["reported"]) >= max(f["listed"])
                                                 and min(f["reported"]) == 20 else f" (reported {shown(f['reported'])})"))
    outcome = lambda f: f"{f['code']}, {f['seconds']:.1f} s, {f['requests']} rq"
    note = "Exit code, seconds, requests; \"cut\" when it took longer than the run allowed. 10 means \"no signatures found\": wrong in every row here."
    text += grid("Faults on reads", note, load("faults"), "read: ", outcome)
    text += grid("Faults on writes", "Exit code, seconds, requests.", load("faults"), "write: ", outcome)
    text += grid("Hostile content", "Exit code, seconds, peak memory; \"cut\" as above.", load("hostile"), "",
                 lambda f: f"{f['code']}, {f['seconds']:.1f} s, {f['rss_mib']:.0f} MiB")
    with open("docs/performance.md", "w") as f:
        f.write(text)


main()
