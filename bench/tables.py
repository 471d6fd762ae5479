"""What the document shows of the figures: the rows of each table, and their targets."""

from typing import Callable, NamedTuple, Optional, Union


class Row(NamedTuple):
    """One line: a figure of one row that was measured, ours beside the best of the peers that do the same.

    `key` names its reason in reasons.toml. A target may depend on what was measured in the same run.
    """
    key: str
    label: str
    row: str
    figure: str
    target: Union[float, Callable, None] = None
    ours: str = "ours"
    peers: Optional[tuple] = None
    better: Callable = min
    scale: float = 1


class Table(NamedTuple):
    """`name` is the script's and the section of reasons.toml."""
    name: str
    title: str
    note: str
    rows: Callable


BUNDLE = {"ours": "ours", "peers": ("cosign3",)}
LEGACY = {"ours": "ours .sig", "peers": ("cosign3 .sig", "cosign2 .sig")}
TRIANGULATE = {"ours": "ours", "peers": ("cosign3", "cosign2 .sig")}


def floor(key, label, row, figure, name, scale=1):
    return Row(key, label, row, figure, ours=name, peers=(), scale=scale)


def startup(_):
    hello = "floor: Rust hello"
    return [
        Row("version_cpu", "`version`, CPU ms", "version", "cpu_ms", 0.9),
        floor("hello_cpu", "floor: Rust hello, same run, CPU ms", "version", "cpu_ms", hello),
        Row("version_rss", "`version`, MiB", "version", "rss_mib", 3),
        floor("hello_rss", "floor: Rust hello, same run, MiB", "version", "rss_mib", hello),
        Row("version_faults", "`version`, page faults", "version", "minflt", 200),
        floor("hello_faults", "floor: Rust hello, same run, page faults", "version", "minflt", hello),
        Row("version_wall", "`version`, wall ms", "version", "wall_ms"),
        Row("help_cpu", "`--help`, CPU ms", "help", "cpu_ms", 0.9),
        Row("help_rss", "`--help`, MiB", "help", "rss_mib", 3),
        Row("size", "program, stripped, MB", "size", "stripped_mb", 8),
        Row("cold", "cold start, wall ms", "cold start", "wall_ms", 6)]


def scrypt_and(more):
    return lambda rows: rows["sign: cost without scrypt"]["ours"]["scrypt_ms"] + more


def requests(_):
    rows = []
    for form, who, verify, sign in (("bundle", BUNDLE, (5, 3), (6, 3)), ("`.sig`", LEGACY, (4, 2), (None, None))):
        key = "bundle" if form == "bundle" else "sig"

        def counts(command, words, row, most, path):
            name = f"{command}_{key}" + ("_fallback" if row.endswith(")") else "")
            return [Row(f"{name}_requests", f"{words}: requests", row, "requests", most, **who),
                    Row(f"{name}_path", f"{words}: critical path", row, "chain", path, **who),
                    Row(f"{name}_far", f"{words}: ms at 50 ms a request", row, "wall_ms", **who)]

        rows += counts("verify", f"verify, {form}", "verify", *verify)
        rows += counts("verify", f"verify, {form}, no referrers API", "verify (no referrers API)", *verify)
        rows += counts("verify_tag", f"verify by tag, {form}", "verify by tag", None, None)
        rows += counts("verify_unsigned", f"verify, not signed, {form}", "verify, unsigned", None, None)
        rows += counts("sign", f"sign, {form}", "sign", *sign)
        fallback = (8, 5) if form == "bundle" else (None, None)
        rows += counts("sign", f"sign, {form}, no referrers API", "sign (no referrers API)", *fallback)
        rows += counts("tree", f"tree, {form}", "tree", None, 1)
        rows += counts("verify_attestation", f"verify-attestation, {form}", "verify-attestation", None, 3)
        rows += counts("verify_attestation", f"verify-attestation, {form}, no referrers API", "verify-attestation (no referrers API)", None, 3)
        rows += counts("attest", f"attest, {form}", "attest", None, 3)
        rows += counts("attest", f"attest, {form}, no referrers API", "attest (no referrers API)", *fallback)
        rows += [
            Row(f"verify_{key}_cpu", f"verify, {form}: CPU ms", "verify: cost", "cpu_ms", 1.5, **who),
            Row(f"verify_{key}_rss", f"verify, {form}: MiB", "verify: cost", "rss_mib", 7, **who),
            Row(f"verify_attestation_{key}_cpu", f"verify-attestation, {form}: CPU ms", "verify-attestation: cost", "cpu_ms", 1.5, **who),
            Row(f"verify_attestation_{key}_rss", f"verify-attestation, {form}: MiB", "verify-attestation: cost", "rss_mib", 7, **who),
            Row(f"attest_{key}_cpu", f"attest, {form}, encrypted key: CPU ms", "attest: cost", "cpu_ms", scrypt_and(3), **who),
            Row(f"attest_{key}_rss", f"attest, {form}, encrypted key: MiB", "attest: cost", "rss_mib", 70, **who),
            Row(f"sign_{key}_cpu", f"sign, {form}, encrypted key: CPU ms", "sign: cost", "cpu_ms", scrypt_and(3), **who),
            Row(f"sign_{key}_rss", f"sign, {form}, encrypted key: MiB", "sign: cost", "rss_mib", 70, **who),
            Row(f"sign_{key}_bare_cpu", f"sign, {form}, without scrypt: CPU ms", "sign: cost without scrypt", "cpu_ms", 5, **who),
            Row(f"sign_{key}_bare_rss", f"sign, {form}, without scrypt: MiB", "sign: cost without scrypt", "rss_mib", 7, **who)]
    return rows + [
        floor("scrypt", "floor: scrypt in our program, same run: CPU ms", "sign: cost without scrypt", "scrypt_ms", "ours"),
        Row("triangulate_digest", "triangulate by digest: requests", "triangulate by digest", "requests", 0, **TRIANGULATE),
        Row("triangulate_tag", "triangulate by tag: requests", "triangulate by tag", "requests", 1, **TRIANGULATE),
        Row("triangulate_tag_path", "triangulate by tag: critical path", "triangulate by tag", "chain", 1, **TRIANGULATE)]


def many(measured):
    rows = []
    for row in measured:
        count, form = row.partition(",")[0], "bundles" if "bundles" in row else ".sig"
        key, who, words = form.strip("."), BUNDLE if form == "bundles" else LEGACY, f"{count}, {form}"
        if row.endswith("counted"):
            rows.append(Row(f"{key}_requests", f"{words}: requests", row, "requests", 2001 if form == "bundles" else None, **who))
        elif row.endswith("50 ms a request"):
            rows += [Row(f"{key}_path", f"{words}: critical path", row, "chain", **who),
                     Row(f"{key}_far", f"{words}: s at 50 ms a request", row, "wall_ms", 2 if form == "bundles" else None, scale=1e-3, **who)]
        else:
            rows += [Row(f"{key}_cpu", f"{words}: CPU ms", row, "cpu_ms", 150, **who), Row(f"{key}_wall", f"{words}: wall ms", row, "wall_ms", **who),
                     Row(f"{key}_rss", f"{words}: MiB", row, "rss_mib", **who)]
    return rows


def batch(measured):
    rows = []
    for row in measured:
        form, _, way = row.partition(", ")
        if way == "beside a shell loop":
            loop = (lambda rows, row=row: 220 * max(of_one["per_second"] for name, of_one in rows[row].items() if name != "ours"))
            rows.append(Row(f"{form.strip('.')}_beside_loop", f"{form}, ours in one process, theirs in a shell loop: images a second", row, "per_second", loop,
                            ours="ours", better=max))
            continue
        who = BUNDLE if form == "bundles" else LEGACY
        key = f"{form.strip('.')}_" + {"a process each, shell loop": "loop", "a process each, xargs -P2": "xargs", "one process": "one"}.get(way, "far")
        rate = {"xargs": 600, "one": 8000, "far": 350}.get(key.partition("_")[2])
        rows.append(Row(f"{key}_rate", f"{row}: images a second", row, "per_second", rate, better=max, **who))
        if way != "one process, 50 ms a request":
            rows.append(Row(f"{key}_cpu", f"{row}: CPU ms an image", row, "cpu_ms_each", 1.5 if "xargs" in way else None, **who))
        if way == "one process":
            rows.append(Row(f"{key}_rss", f"{row}: MiB", row, "rss_mib", 12, **who))
    return rows


def push(measured):
    rows, curl, both = [], "floor: curl PUT", ("crane", "oras")
    for row in measured:
        key, mib = row.partition(", ")[2].replace("-", "_"), next((of_one["mib"] for of_one in measured[row].values() if "mib" in of_one), 0)
        words = f"{mib} MiB, {'sink' if 'sink' in row else 'docker-registry'}"
        seconds = 0.75 * mib / 1024 if "sink" in row else (lambda rows, row=row: rows[row][curl]["wall_ms"] * 1.05e-3)
        rows += [Row(f"{key}_wall", f"{words}: s", row, "wall_ms", seconds, peers=both, scale=1e-3),
                 floor(f"{key}_floor", f"floor: curl PUT, {words}, same run: s", row, "wall_ms", curl, 1e-3),
                 Row(f"{key}_cpu", f"{words}: CPU s", row, "cpu_ms", peers=both, scale=1e-3),
                 Row(f"{key}_rss", f"{words}: MiB", row, "rss_mib", 8, peers=both)]
    return rows


def copy(measured):
    rows, all_peers, hashing = [], ("crane", "oras", "skopeo", "cosign3"), ("crane", "skopeo", "cosign3")
    for row in measured:
        key, where = row.partition(", ")[2].replace("-", "_").replace(" ", "_"), row.partition(", ")[2]
        if row.endswith("counted"):
            rows += [Row("requests", "3 layers, within a registry: requests", row, "requests", peers=all_peers),
                     Row("path", "3 layers, within a registry: critical path", row, "chain", 4, peers=all_peers)]
            continue
        mib = next((of_one["mib"] for of_one in measured[row].values() if "mib" in of_one), 0)
        to_sink = "sink" in row
        # skopeo remembers where it put blobs, and mounts those of the round before.
        peers = hashing if to_sink else ("crane", "oras", "cosign3")
        rows += [Row(f"{key}_wall", f"{mib} MiB, {where}: s", row, "wall_ms", 0.4 * mib / 1024 if to_sink else None,
                     peers=peers, scale=1e-3),
                 Row(f"{key}_cpu", f"{mib} MiB, {where}: CPU s", row, "cpu_ms", peers=peers, scale=1e-3),
                 Row(f"{key}_rss", f"{mib} MiB, {where}: MiB", row, "rss_mib", 10, peers=all_peers)]
    return rows


def save(measured):
    rows, all_peers = [], ("crane", "oras", "skopeo")
    for row in measured:
        key, loads = row.replace(", ", "_"), row.startswith("load")
        mib = next((of_one["mib"] for of_one in measured[row].values() if "mib" in of_one), 0)
        peers = ("skopeo",) if loads else all_peers
        rows += [Row(f"{key}_wall", f"{row}, {mib} MiB: s", row, "wall_ms", 0.75 * mib / 1024, peers=peers, scale=1e-3),
                 Row(f"{key}_cpu", f"{row}, {mib} MiB: CPU s", row, "cpu_ms", peers=peers, scale=1e-3),
                 Row(f"{key}_rss", f"{row}, {mib} MiB: MiB", row, "rss_mib", 10, peers=all_peers)]
        if loads:
            rows.insert(-2, floor(f"{key}_unhashed", f"floor: oras, which hashes nothing, {row}, same run: s", row, "wall_ms", "oras", 1e-3))
    return rows


def sbom(measured):
    rows, syft = [], ("syft",)
    for row in measured:
        def part(figure, of, row=row):
            return lambda rows: rows[row].get("syft", {}).get(figure, 0) / of
        mib = next((of_one["mib"] for of_one in measured[row].values() if "mib" in of_one), 0)
        third = part("wall_ms", 3)
        rows += [Row(f"{row}_wall", f"{row}, {mib} MiB unpacked: s", row, "wall_ms", lambda rows, third=third: third(rows) / 1e3, peers=syft, scale=1e-3),
                 Row(f"{row}_cpu", f"{row}, {mib} MiB unpacked: CPU s", row, "cpu_ms", peers=syft, scale=1e-3),
                 Row(f"{row}_rss", f"{row}, {mib} MiB unpacked: MiB", row, "rss_mib", part("rss_mib", 4), peers=syft)]
    return rows


def blob(measured):
    rows, openssl = [], "floor: openssl dgst"
    for size, words in (("small", "6 bytes"), ("large", "{} MiB")):
        mib = next((of_one["mib"] for of_one in measured.get(f"verify, {size}", {}).values() if "mib" in of_one), 0)
        words = words.format(mib)
        # 1.7 GiB a second: one thread hashes at 1.9 with SHA-NI
        seconds, cpu = (mib / 1024 / 1.7, None) if size == "large" else (None, 1)
        for form, who in (("bundle", BUNDLE), ("`.sig`", LEGACY)):
            key = f"{'bundle' if form == 'bundle' else 'sig'}_{size}"
            rows += [Row(f"verify_{key}_cpu", f"verify-blob, {form}, {words}: CPU ms", f"verify, {size}", "cpu_ms", cpu, **who),
                     Row(f"verify_{key}_wall", f"verify-blob, {form}, {words}: s", f"verify, {size}", "wall_ms", seconds, scale=1e-3, **who),
                     Row(f"verify_{key}_rss", f"verify-blob, {form}, {words}: MiB", f"verify, {size}", "rss_mib", 6 if size == "large" else 4, **who),
                     Row(f"sign_{key}_cpu", f"sign-blob, {form}, {words}, encrypted key: CPU ms", f"sign, {size}", "cpu_ms", **who),
                     Row(f"sign_{key}_wall", f"sign-blob, {form}, {words}, encrypted key: s", f"sign, {size}", "wall_ms", scale=1e-3, **who),
                     Row(f"sign_{key}_rss", f"sign-blob, {form}, {words}, encrypted key: MiB", f"sign, {size}", "rss_mib", 70, **who)]
        rows += [floor(f"verify_{size}_floor_cpu", f"floor: openssl dgst -verify, {words}, same run: CPU ms", f"verify, {size}", "cpu_ms", openssl),
                 floor(f"verify_{size}_floor_wall", f"floor: openssl dgst -verify, {words}, same run: s", f"verify, {size}", "wall_ms", openssl, 1e-3),
                 floor(f"verify_{size}_floor_rss", f"floor: openssl dgst -verify, {words}, same run: MiB", f"verify, {size}", "rss_mib", openssl)]
    return rows


def certificate(measured):
    """A sixteenth of cosign's time is wanted, and seven tenths of that of the fastest other client."""
    rows, who = [], {"peers": ("cosign3", "sigstore-rust")}
    for row in measured:
        part = lambda peer, times, row=row: lambda rows: rows[row].get(peer, {}).get("cpu_ms", 0) / times
        key, words = row.partition(", ")[2].lower().replace(" ", "_"), row.partition(", ")[2]
        rows += [Row(f"{key}_cosign", f"verify-blob, {words}: CPU ms, beside cosign", row, "cpu_ms", part("cosign3", 16), peers=("cosign3",)),
                 Row(f"{key}_cpu", f"verify-blob, {words}: CPU ms, beside sigstore-rust", row, "cpu_ms", part("sigstore-rust", 1.4), peers=("sigstore-rust",)),
                 Row(f"{key}_wall", f"verify-blob, {words}: ms", row, "wall_ms", **who),
                 Row(f"{key}_rss", f"verify-blob, {words}: MiB", row, "rss_mib", 5, **who)]
    return rows


def log(measured):
    rows = []
    for row in measured:
        clients = row.split()[1]
        goal = None
        if int(clients) >= 64:
            goal = lambda rows, row=row: max(500, 5 * rows[row].get("rekor-tiles", {}).get("per_second", 0))
        rows += [Row(f"rate_{clients}", f"{row}: entries a second", row, "per_second", goal, peers=("rekor-tiles",), better=max),
                 Row(f"median_{clients}", f"{row}: ms to the answer, median", row, "median_ms", 1000, peers=("rekor-tiles",)),
                 Row(f"slow_{clients}", f"{row}: ms to the answer, one of a hundred", row, "slow_ms", peers=("rekor-tiles",))]
    return rows


TABLES = [
    Table("startup", "Start", "", startup),
    Table("requests", "Registry commands", "With a key, no log. 50 ms a request and 100 ms more for a new connection. \"No referrers API\" is docker-registry. "
          "\"Without scrypt\" is derived, as every program here takes encrypted keys only: CPU less what `public-key` of the same key costs "
          "more than `version`, memory less scrypt's 64 MiB.", requests),
    Table("many", "Many signatures on one image", "All of them must be verified. 50 ms a request, nothing for a connection.", many),
    Table("batch", "Many images", "One signature each. 50 ms a request, nothing for a connection; there peers get 50 of the images and we get all, as the peers' "
          "rate does not depend on how many there are. A process each: 200 of the images.", batch),
    Table("blob", "Files", "With a key, no log, the file in the page cache. Signing opens an encrypted key, which takes 64 MiB and most of the "
          "time of a small file; openssl's key is not encrypted.", blob),
    Table("certificate", "Files, by a certificate", "A bundle of a public instance of Sigstore with its trusted root, offline, a file of a few bytes: five signatures are checked. "
          "sigstore-rust is sigstore-verify 0.15.1 as a program (`interop/second-opinion`).", certificate),
    Table("push", "Push of a large file", "crane appends the file as a tar archive, which it compresses. docker-registry's target is the time of the floor and 5 %.", push),
    Table("copy", "Copy of an image", "Four layers, or three where requests are counted. oras does not hash what it copies, so it is no peer where the client's own cost "
          "is measured. cosign writes a tag more.", copy),
    Table("save", "Save and load of an image", "Four layers, from a registry in memory, and to one that throws blobs away. Ours waits until the disk has an archive, which may take the place of another, and leaves the blobs of a folder to the system, as all do; "
          "crane and oras do not hash what they load, so they are no peers there. "
          "The target is that of a push to such a registry.", save),
    Table("sbom", "Packages of an image", "`sbom generate` and syft, both to CycloneDX, from a layout on the disk, made of what is on this machine. "
          "The targets are a third of syft's time and a quarter of its memory in the same run.", sbom),
    Table("log", "Entries of a transparency log", "`serve` and Rekor 2's server for files, each entry durable and proven in the answer. All clients are one "
          "process that shares the two cores with the server; each sends an entry once the one before is answered.", log),
]
