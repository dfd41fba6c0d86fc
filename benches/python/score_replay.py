"""Judges a replay from outside: what stood predicted of each component at each sample, against what failed within the horizon.

    aurorasync replay profiles/datasets/NAME --data RECORDINGS --model FILE --events events.ndjson
    python3 benches/python/score_replay.py profiles/datasets/NAME RECORDINGS events.ndjson

Reads the dataset's description, its telemetry (for the moments of its samples), its failures, and the events; nothing else.
For datasets with a table of failures, a split by times, and assets that a column names.
"""

import csv
import gzip
import json
import sys
import tomllib
from bisect import bisect_right
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

# An alarm is a prediction as grave as this.
ALARMS = {"HIGH", "CRITICAL", "EMERGENCY"}
# So long after a sample its window has been judged.
JUDGED_AFTER = timedelta(minutes=15)
UNITS = {"h": "hours", "d": "days", "m": "minutes"}


def rows(path):
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", newline="") as file:
        yield from csv.DictReader(file)


def span(text):
    return timedelta(**{UNITS[text[-1]]: float(text[:-1])})


def said(path):
    """By asset: when something was said, and of which components an alarm stood from then on."""
    by_asset = defaultdict(lambda: ([], []))
    for line in open(path):
        event = json.loads(line)
        data = event["data"]
        if event["event"] not in ("failure.predicted", "prediction.cleared"):
            continue
        times, standing = by_asset[data["asset"]]
        before = standing[-1] if standing else frozenset()
        if event["event"] == "failure.predicted":
            alarms = (it["component"] for it in data["hypotheses"] if it["advice"]["severity"] in ALARMS)
            after = frozenset(alarms)
        else:
            after = before - {data["component"]}
        times.append(datetime.fromisoformat(event["at"]))
        standing.append(after)
    return by_asset


def main(folder, recordings, events):
    dataset = tomllib.loads((Path(folder) / "dataset.toml").read_text())
    telemetry, failures, split = dataset["telemetry"], dataset["failures"], dataset["split"]
    moment = lambda text: datetime.strptime(text, telemetry["format"]).replace(tzinfo=timezone.utc)
    horizon, recordings = span(dataset["horizon"]), Path(recordings)
    test_from = moment(split.get("test_from", split["train_before"]))
    test_until = moment(split["test_until"]) if "test_until" in split else None
    failed = defaultdict(list)
    for row in rows(recordings / failures["file"]):
        failed[row[failures["asset"]], row[failures["component"]]].append(moment(row[failures["time"]]))
    components = sorted({component for _, component in failed})
    for times in failed.values():
        times.sort()
    by_asset = said(events)
    counts = {component: {"tp": 0, "fp": 0, "fn": 0, "tn": 0} for component in components}
    for path in sorted(path for pattern in telemetry["files"] for path in recordings.glob(pattern)):
        for row in rows(path):
            asset, at = row[telemetry["asset"]], moment(row[telemetry["time"]])
            if at < test_from or (test_until and at + horizon >= test_until):
                continue
            times, standing = by_asset.get(asset, ([], []))
            heard = bisect_right(times, at + JUDGED_AFTER)
            alarms = standing[heard - 1] if heard else frozenset()
            for component in components:
                own = failed[asset, component]
                # Strictly later than the sample, and within the horizon.
                fails = bisect_right(own, at) < bisect_right(own, at + horizon)
                outcome = ("t" if fails == (component in alarms) else "f") + ("p" if component in alarms else "n")
                counts[component][outcome] += 1
    f1 = {}
    for component, it in counts.items():
        wrong = it["fp"] + it["fn"]
        f1[component] = 2 * it["tp"] / (2 * it["tp"] + wrong) if it["tp"] + wrong else None
    known = [value for value in f1.values() if value is not None]
    macro = sum(known) / len(known) if known else None
    print(json.dumps({"macro_f1": macro, "f1": f1, "counts": counts}))


if __name__ == "__main__":
    main(*sys.argv[1:])
