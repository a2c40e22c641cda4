"""Measures Fleet beside its peers and prints ratios. Run by tests/bench/run."""

import argparse
import sys

import bench_table
from bench_costs import bench_logs, bench_monit, bench_takeover
from bench_scale import bench_scale
from bench_serving import bench_overhead, bench_reload, bench_serving
from bench_supervision import bench_crash, bench_hundred, bench_thousand

BENCHES = {"crash": bench_crash, "hundred": bench_hundred,
           "thousand": bench_thousand, "serving": bench_serving,
           "reload": bench_reload, "overhead": bench_overhead,
           "logs": bench_logs, "monit": bench_monit,
           "takeover": bench_takeover, "scale": bench_scale}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", required=True, help="file for raw numbers")
    parser.add_argument("benches", nargs="*", metavar="BENCH",
                        help=f"of {', '.join(BENCHES)}; default: all")
    args = parser.parse_args()
    for name in args.benches:
        if name not in BENCHES:
            parser.error(f"there is no bench {name}")
    bench_table.head()
    for name in args.benches or BENCHES:
        BENCHES[name]()
        bench_table.save(args.raw)
    print(f"raw numbers: {args.raw}")


if __name__ == "__main__":
    sys.exit(main())
