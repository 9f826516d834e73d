#!/usr/bin/env bash
# DuckDB and pyarrow find fewer (or more) rows of a Parquet file than of the same table in memory, if
# there are NaNs.
#
# Guessed: filters give the same rows wherever the table lies. DuckDB and Polars hold NaN to be larger
# than any number, so `x > 5` keeps it; Arrow, like IEEE 754, does not.
# What happens: writers leave NaN out of a row group's minimum and maximum. DuckDB and pyarrow take those
# for bounds on every row: isnan(x) finds none, x > 5 loses a row group's NaNs, and x < 1e30 gains them,
# because it "holds for all". Polars reads the very same files and agrees with itself. A file that DuckDB
# wrote is right in DuckDB: it leaves the bounds away where a NaN is. In pyarrow it takes a row group of
# one value and NaN, such as a b-tag of the jets that were found: then even `x != 5` finds no NaN.
# Why it matters: NaN is how a missing object is often written. Counting or dropping such events by a
# filter on the file silently does nothing.
#
# Versions: duckdb==2.0.1, polars==2.1.0, pyarrow==26.0.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> DuckDB, isnan(x): {'memory': 2, "'duckdb.parquet'": 2, "'arrow.parquet'": 0, "'polars.parquet'": 0}
#> DuckDB, x > 5: {'memory': 5, "'duckdb.parquet'": 5, "'arrow.parquet'": 4, "'polars.parquet'": 4}
#> DuckDB, x >= 1 and x < 1e30: {'memory': 6, "'duckdb.parquet'": 6, "'arrow.parquet'": 8, "'polars.parquet'": 8}
#> Polars, col("x").is_nan(): memory 2 arrow.parquet 2
#> Polars, [(col("x")) > (dyn int: 5)]: memory 5 arrow.parquet 5
#> pyarrow, is_nan(x): memory 1 file 0 0
#> pyarrow, (x != 5): memory 1 file 0 0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

table = pa.table({"x": np.array([1, 2, 3, np.nan, 6, 7, 8, np.nan], np.float32)})
pq.write_table(table, "arrow.parquet", row_group_size=4)
pl.from_arrow(table).write_parquet("polars.parquet", row_group_size=4)
duckdb.sql("create table memory as select * from 'arrow.parquet'")
duckdb.sql("copy memory to 'duckdb.parquet' (format parquet)")
sources = "memory", "'duckdb.parquet'", "'arrow.parquet'", "'polars.parquet'"
for condition in ("isnan(x)", "x > 5", "x >= 1 and x < 1e30"):
    counts = [duckdb.sql(f"select count(*) from {s} where {condition}").fetchall()[0][0] for s in sources]
    print(f"DuckDB, {condition}:", dict(zip(sources, counts)))
for condition in (pl.col.x.is_nan(), pl.col.x > 5):
    print(f"Polars, {condition}: memory", pl.from_arrow(table).filter(condition).height,
          "arrow.parquet", pl.scan_parquet("arrow.parquet").filter(condition).collect().height)

table = pa.table({"x": np.array([5, 5, np.nan, 5], np.float32)})
pq.write_table(table, "constant.parquet")
for condition in (pc.is_nan(ds.field("x")), ds.field("x") != 5):
    print(f"pyarrow, {condition}: memory", table.filter(condition).num_rows,
          "file", ds.dataset("constant.parquet").to_table(filter=condition).num_rows,
          pq.read_table("constant.parquet", filters=condition).num_rows)
END
cat seen
diff expected seen || { echo "parquet-min-max-hides-nan-rows: the behaviour has changed" >&2; exit 1; }
