"""Says what a report of pip-audit means. 0: nothing is known; 1: something is; 3: not everything was audited."""

import json
import sys
from pathlib import Path
from typing import Any


def read(report: Path) -> tuple[int, list[str]]:
    """Return the exit code, and what to print."""
    try:
        packages: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    except (OSError, ValueError, KeyError, TypeError):
        return 3, ["Nothing was audited: pip-audit wrote no report."]
    said = []
    for package in packages:
        for known in package.get("vulns", ()):
            fixed = ", ".join(known.get("fix_versions", ())) or "no version"
            said.append(f"{package['name']} {package['version']}: {known['id']}, mended in {fixed}")
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped:
        missing = "Nothing was" if len(skipped) == len(packages) else f"{', '.join(skipped)} were not"
        said.append(f"{missing} audited: the data about vulnerabilities cannot be reached from here.")
    if len(said) > bool(skipped):
        return 1, said
    if skipped or not packages:
        return 3, said or ["Nothing was audited: the report is empty."]
    return 0, [f"{len(packages)} packages, and nothing is known against them."]


if __name__ == "__main__":
    code, said = read(Path(sys.argv[1]))
    print(*said, sep="\n", file=sys.stderr)
    sys.exit(code)
