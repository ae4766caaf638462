"""Measure everything that README's table of times says, and write the table.

    uv run python benchmarks/readme_table.py [--from DIR]

Runs the other benchmarks one after the other: a quarter of an hour on two cores that have nothing else to do. Each
one's JSON object is kept in the system's folder for temporary files; with --from the table is made of such objects and
nothing is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- times -->", "<!-- end of times -->"
SCRIPTS = ("extraction", "series", "detection", "training", "label_latency", "serving")
Found = Mapping[str, Any]


def measure(folder: Path) -> None:
    """Run every benchmark and keep what it says."""
    for name in SCRIPTS:
        print(f"benchmarks/{name}.py", flush=True)
        command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--json"]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        (folder / f"{name}.json").write_text(done.stdout.splitlines()[-1])


def machine() -> str:
    """Processor, GPU and versions."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    import torch

    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU"
    return f"{os.cpu_count()} cores ({processor}), {gpu}, Python {platform.python_version()}, torch {version('torch')}"


def rows(found: Mapping[str, Found]) -> list[tuple[str, str, str]]:
    """What, how long, and beside what."""
    read, series, training = found["extraction"], found["series"]["5_h"], found["training"]
    windows, labels, page = found["detection"]["speed_5_h"], found["label_latency"], found["serving"]
    scoring = ", ".join(f"{name} {training[name]['five_hours_s']:.1f} s" for name in ("logistic", "rocket", "ensemble"))
    return [
        (
            "extraction, a minute of 1080p30 with one or two faces at 3 Hz",
            f"{read['ours_s']:.1f} s ({read['realtime_factor']:.1f} x real time)",
            f"{read['ratio_to_decode']:.2f} x decoding alone ({read['decode_s']:.1f} s); "
            f"{read['speedup_over_naive']:.1f} x faster than cv2, MTCNN's defaults and two networks a face "
            f"({read['naive_s']:.0f} s)",
        ),
        (
            "from its start to the first faces",
            f"{read['startup_s']:.1f} s",
            f"{read['peak_rss_mb']:.0f} MB of memory at most",
        ),
        (
            "5-hour series after a change of threshold",
            f"{series['read_and_build_s']:.2f} s",
            f"reading the same file with plain h5py: {series['plain_read_s']:.2f} s",
        ),
        ("5 hours judged by a model (107,900 windows)", scoring, "by the model, with two threads"),
        (
            "5 hours in windows, with a light model; moments of them",
            f"{windows['windows_and_model_s']:.1f} s; {1000 * windows['decide_s']:.0f} ms",
            f"{windows['peak_mb']:.0f} MB of memory",
        ),
        (
            "from a label's key to saved and the next clip playing",
            f"{labels['both_median_ms']:.0f} ms",
            f"95 of 100 within {labels['both_p95_ms']:.0f} ms",
        ),
        (
            "first page of the app",
            f"{page['first_page_s']:.1f} s",
            f"{page['start_to_first_page_s']:.1f} s from the server's start",
        ),
        (
            f"playing and seeking in a file of {page['file_gb']:.1f} GB",
            f"{page['seek_median_ms']:.0f} ms a seek",
            f"the server grows by {page['memory_growth_mb']:.1f} MB",
        ),
        (
            "training conv1d on 2,000 clips, five folds",
            f"{training['conv1d']['fit_s']:.0f} s",
            f"rocket {training['rocket']['fit_s']:.0f} s, logistic {training['logistic']['fit_s']:.0f} s",
        ),
        (
            "training auto on 300 clips",
            f"{training['auto']['fit_s']:.0f} s",
            f"and {training['imports_s']:.0f} s to load torch and scikit-learn",
        ),
    ]


def table(found: Mapping[str, Found]) -> str:
    """The table in Markdown."""
    lines = [f"On {machine()}:", "", "| what | time | beside it |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows(found))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="folder", type=Path, help="folder with <benchmark>.json")
    chosen = parser.parse_args()
    folder = chosen.folder
    if folder is None:
        folder = Path(tempfile.gettempdir()) / "punchline-benchmark"
        folder.mkdir(exist_ok=True)
        measure(folder)
    found = {name: json.loads((folder / f"{name}.json").read_text()) for name in SCRIPTS}
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise SystemExit(f"README.md lacks the marks {BEGIN} and {END}")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    readme.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{after}", encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
