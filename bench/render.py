"""Writes the document from the figures in $OUT: ours, the best peer that does the same, the ratio, the target, the reason."""

import datetime
import json
import os
import subprocess
import sys
import tomllib

from tables import TABLES

OUT = os.environ["OUT"]
NAMES = {"ours": "countersign", "cosign3": "cosign", "cosign2": "cosign", "crane": "crane", "oras": "oras", "skopeo": "skopeo"}
RSS_LIMIT = 32
INTRO = """# Performance

Written by `bench/run`: our release build beside its peers, each round A B C A B C, medians of whole processes. CPU and memory
are the kernel's; requests and critical path (the most requests of which each began after the one before had ended) are a
proxy's. The best peer is the best of those that do the same, a ratio above 1 is in our favour. The machine is shared, so wall
times carry noise that CPU, memory and counts do not. FAILED: a run had not the exit code or the result that it must have.
"""

with open(os.path.join(os.path.dirname(__file__), "reasons.toml"), "rb") as file:
    REASONS = tomllib.load(file)


def load(name):
    """The figures of one script: what is said about the run, and its rows."""
    try:
        with open(os.path.join(OUT, name + ".json")) as file:
            kept = json.load(file)
        return kept["about"], kept["rows"]
    except OSError:
        return {}, {}


def shown(value):
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return str(value)


def reason(table, key, label):
    return f"- {label}: " + REASONS.get(table, {}).get(key, f"reason not given (`{key}` in `[{table}]` of bench/reasons.toml)")


def heading(title, note, about):
    versions = ", ".join(f"{NAMES[name]} {about['versions'][name]}" for name in NAMES if name in about["versions"])
    run = f"Run of {about['started']}; load {about['load_before']:.2f} before, {about['load_after']:.2f} after; {versions}."
    run += " **It ended early.**" if not about["done"] else ""
    run += " **A smoke check, not a measurement.**" if about["quick"] else ""
    return f"\n## {title}\n\n" + (note + "\n\n" if note else "") + run + "\n\n"


def best_peer(row, of_row):
    """(name, figure) of the best peer that did what it must, or None."""
    peers = {name: figures[row.figure] * row.scale for name, figures in of_row.items()
             if not name.startswith(("ours", "floor")) and (row.peers is None or name in row.peers) and row.figure in figures}
    best = row.better(peers, key=peers.get) if peers else None
    return best and (best, peers[best])


def target_of(row, rows):
    try:
        return row.target(rows) if callable(row.target) else row.target
    except KeyError:
        return None


def line(row, rows):
    """A row as text, and whether it misses its target."""
    of_row = rows[row.row]
    mine, best, target = of_row[row.ours], best_peer(row, of_row), target_of(row, rows)
    failed_peers = [name for name in row.peers or of_row if not name.startswith(("ours", "floor")) and "failed" in of_row.get(name, {})]
    other = f"{shown(best[1])} ({best[0]})" if best else f"FAILED ({', '.join(failed_peers)})" if failed_peers else "–"
    limit = "–" if target is None else ("≤ " if row.better is min else "≥ ") + shown(target)
    if "failed" in mine:
        return f"| {row.label} | **FAILED** | {other} | – | {limit} | **no** |", True
    value = mine[row.figure] * row.scale
    ratio = "–"
    if best and value and best[1]:
        ratio = f"{best[1] / value if row.better is min else value / best[1]:.1f}x"
    missed = target is not None and (value > target if row.better is min else value < target)
    reached = "–" if target is None else "**no**" if missed else "yes"
    return f"| {row.label} | {shown(value)} | {other} | {ratio} | {limit} | {reached} |", missed


def render_table(table):
    about, rows = load(table.name)
    lines, below, failures = [], [], {}
    for row in table.rows(rows):
        if not {row.figure, "failed"} & rows.get(row.row, {}).get(row.ours, {}).keys():
            continue
        text, missed = line(row, rows)
        lines.append(text)
        for name, figures in rows[row.row].items():
            if "failed" in figures and (name == row.ours or name in (row.peers or rows[row.row])):
                failures[f"- {row.row}, {name}: FAILED, {figures['failed']}"] = None
        if missed and "failed" not in rows[row.row][row.ours]:
            below.append(reason(table.name, row.key, row.label))
    if not lines:
        return ""
    head = ["| | ours | best peer | ratio | target | reached |", "|---|---|---|---|---|---|"]
    below = [*failures, *below]
    return heading(table.title, table.note, about) + "\n".join(head + lines) + "\n" + ("\n" + "\n".join(below) + "\n" if below else "")


def render_grid(name, title, note, cell, totals=None, prefix="", misses=lambda of_one: of_one.get("wrong")):
    """Rows of outcomes, a column for each program; `totals` are rows of figures over a whole column."""
    about, rows = load(name)
    rows = {row.removeprefix(prefix): of_row for row, of_row in rows.items() if row.startswith(prefix) and of_row}
    if not rows:
        return ""
    columns = sorted({column for of_row in rows.values() for column in of_row}, key=lambda column: (not column.startswith("ours"), column))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row, of_row in rows.items():
        cells = [cell(of_row[column]) if column in of_row else "" for column in columns]
        cells = [f"**{text}**" if of_row.get(column, {}).get("wrong") else text for column, text in zip(columns, cells)]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    for label, total in (totals or {}).items():
        lines.append(f"| *{label}* | " + " | ".join(shown(total([of_row[c] for of_row in rows.values() if c in of_row])) for c in columns) + " |")
    below = []
    for row, of_row in rows.items():
        missing = [column for column in columns if column.startswith("ours") and column in of_row and misses(of_row[column])]
        if missing:
            below.append(reason(name, prefix + row, f"{row}, {', '.join(missing)}"))
    return heading(title, note, about) + "\n".join(lines) + "\n" + ("\n" + "\n".join(below) + "\n" if below else "")


def ended(of_one):
    return f"> {of_one['cap']} s" if of_one["cut"] else f"{of_one['code']}, {of_one['seconds']:.1f} s"


def fault_cell(of_one):
    return f"{ended(of_one)}, {of_one['requests']} rq" + ("" if of_one["hit"] else ", not hit")


def hostile_cell(of_one):
    return f"{ended(of_one)}, {of_one['rss_mib']:.0f} MiB" + ("" if of_one["hit"] else ", not hit")


def credentials_cell(of_one):
    if not of_one["asked"]:
        return "not asked for any"
    where = "sent" if of_one["wrong"] else "not sent" if of_one["requests_elsewhere"] else "not followed"
    return f"{where}, exit {'–' if of_one['cut'] else of_one['code']}"


def concurrent_cell(of_one):
    return shown(of_one["listed"]) + ("" if of_one["listed"] == of_one["reported"] else f" (reported {shown(of_one['reported'])})")


def count(name):
    return lambda of_column: sum(bool(of_one[name]) for of_one in of_column)


def grids():
    faults = ("Exit code, seconds, requests; bold what is wrong: a hang, an error that passes by itself and ends the command, success where there is none, and "
              "exit 10 to 13, which say something of signatures that could not be read. \"Not hit\": the program never made the request.")
    totals = {"hangs": count("cut"), "wrong": count("wrong")}
    yield render_grid("concurrent", "Concurrent signers", "Signatures that are there afterwards, a figure for each round; how many signers reported success where "
                      "that is another number. Bold: lost without a word.", concurrent_cell, {"lost without a word": count("wrong")})
    yield render_grid("faults", "Faults on reads", faults, fault_cell, totals, "read: ")
    yield render_grid("faults", "Faults on writes", faults, fault_cell, totals, "write: ")
    yield render_grid("hostile", "Hostile content", f"Exit code, seconds, peak memory; bold what is wrong: success, a hang, \"no signatures\" (exit 10 to 13). Target: "
                      f"at most {RSS_LIMIT} MiB.", hostile_cell,
                      {"wrong": count("wrong"), "most MiB": lambda of_column: max(of_one["rss_mib"] for of_one in of_column)},
                      misses=lambda of_one: of_one["wrong"] or of_one["rss_mib"] > RSS_LIMIT)
    yield render_grid("credentials", "Credentials", "A registry that wants user and password sends the program elsewhere: are they sent there, in clear text? Bold where they "
                      "are. \"Not sent\": it went there without.", credentials_cell, {"leaks": count("wrong")})


def machine():
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown CPU")
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) / 2**20
    with open("/etc/os-release") as file:
        system = next((line.split("=", 1)[1].strip().strip('"') for line in file if line.startswith("PRETTY_NAME")), "unknown system")
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    return f"\nMachine: {os.cpu_count()} cores ({cpu}), {memory:.0f} GiB, {system}, {rust}; written {datetime.date.today()}.\n"


with open(sys.argv[1], "w") as file:
    file.write(INTRO + machine() + "".join([*map(render_table, TABLES), *grids()]))
