"""What bench/gpu_check.sh came to: gpu_summary.py OUT writes OUT/summary.json of OUT/steps.jsonl, and prints it.

Exit status: 0 when every required step went well, 1 when not.
"""

import json
import pathlib
import re
import subprocess
import sys

from collect import describe_machine


def output_of(*command):
    """Empty where the command is missing or fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def describe_gpu():
    """Name, driver and so on of the first device; empty without one."""
    fields = ("name", "driver_version", "compute_cap", "memory.total", "power.limit", "clocks.max.sm")
    line = output_of("nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader").split("\n")[0]
    gpu = dict(zip(fields, (value.strip() for value in line.split(",")))) if line else {}
    for key, pattern, text in (("driver_cuda", r"CUDA Version: ([\d.]+)", output_of("nvidia-smi")),
                               ("toolkit_cuda", r"release ([\d.]+)", output_of("nvcc", "--version"))):
        match = re.search(pattern, text)
        if match:
            gpu[key] = match.group(1)
    return gpu


def describe():
    try:
        machine = describe_machine()
    except (OSError, subprocess.SubprocessError):  # a copy without its repository
        machine = {"commit": "unknown"}
    return machine | {"gpu": describe_gpu()}


def latest(lines):
    """The last record of each step, in the order of their first."""
    steps = {}
    for line in lines:
        record = json.loads(line)
        steps[record["part"], record["step"]] = record
    return list(steps.values())


def is_bad(step):
    return step["required"] and step["status"] not in ("ok", "skipped")


def main(argv):
    folder = pathlib.Path(argv[0])
    steps = latest((folder / "steps.jsonl").read_text().splitlines())
    bad = [f"{step['part']}/{step['step']}" for step in steps if is_bad(step)]
    summary = {"machine": describe(), "failed": bad, "steps": steps,
               "results": sorted(path.name for path in folder.iterdir() if path.name != "summary.json")}
    (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    for step in steps:
        note = "" if step["required"] or step["status"] in ("ok", "skipped") else ", not required"
        reason = f" ({step['reason']})" if step["reason"] else ""
        print(f"{step['part']:9} {step['step']:12} {step['status']}{note}{reason}, {step['seconds']} s")
    gpu = summary["machine"]["gpu"].get("name", "no GPU")
    verdict = f"failed: {', '.join(bad)}" if bad else "all required steps went well"
    print(f"{gpu}: {verdict}; {folder / 'summary.json'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
