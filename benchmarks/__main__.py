"""`make bench`: every benchmark, or those named; each prints one line of JSON a figure."""

import argparse
import subprocess
import sys

BENCHMARKS = {
    "ingest": "benchmarks.ingest",
    "api": "benchmarks.api",
    "minds": "benchmarks.minds",
    "mind": "benchmarks.mind",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all, unless given")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    failed = [
        name
        for name in names
        if subprocess.run([sys.executable, "-m", BENCHMARKS[name]], check=False).returncode
    ]
    if failed:
        print(f"did not finish: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
