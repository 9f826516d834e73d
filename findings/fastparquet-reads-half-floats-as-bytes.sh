#!/usr/bin/env bash
# fastparquet reads a half-precision column as raw bytes.
#
# Guessed: it raises, as it does for the byte-stream-split encoding (NotImplementedError), if it does not
# know Parquet's FLOAT16.
# What happens: it returns a column of two-byte strings, and sort_values() sorts those. pyarrow, Polars
# and DuckDB read the numbers.
# Why it matters: half precision is enough for eta, phi and b-tags and halves a file. Sorted as bytes,
# which are little-endian, scores come in an order that has nothing to do with them: a ranking (or an AUC
# from ranks) is computed without an error.
#
# Versions: fastparquet==2026.9.0, pyarrow==26.0.1, polars==2.1.0, duckdb==2.0.1, pandas==3.1.1, numpy==2.4.6
# Seen on 2026-11-27 (the script compares with these lines):
#> pyarrow     [0.25, 0.300048828125, 0.5, 0.89990234375]
#> Polars      [0.25, 0.300048828125, 0.5, 0.89990234375]
#> DuckDB      [0.25, 0.300048828125, 0.5, 0.89990234375]
#> fastparquet [b'\x004', b'\xcd4', b'\x008', b'3;']
#> order of rows, by fastparquet's column: [0, 2, 3, 1]
#> the bytes as numbers: [0.25, 0.300048828125, 0.5, 0.89990234375]
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^#> \{0,1\}//p' "$0" > "$work/expected"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq --only-binary :all: fastparquet==2026.9.0 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1 pandas==3.1.1 numpy==2.4.6

cd "$work"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - > seen <<'END'
import duckdb
import fastparquet
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

scores = np.array([0.25, 0.3, 0.5, 0.9], np.float16)
pq.write_table(pa.table({"score": scores}), "half.parquet")
print("pyarrow    ", pq.read_table("half.parquet")["score"].to_pylist())
print("Polars     ", pl.read_parquet("half.parquet")["score"].to_list())
print("DuckDB     ", [row[0] for row in duckdb.sql("select score from 'half.parquet'").fetchall()])
column = fastparquet.ParquetFile("half.parquet").to_pandas()["score"]
print("fastparquet", column.tolist())
print("order of rows, by fastparquet's column:", column.sort_values().index.tolist())
print("the bytes as numbers:", np.frombuffer(b"".join(column), np.float16).tolist())
END
cat seen
diff expected seen || { echo "fastparquet-reads-half-floats-as-bytes: the behaviour has changed" >&2; exit 1; }
