"""The search as a DuckDB query: the records stay JSON, and the condition is on one field.

usage: duckdb_files.py OBJECTS ADDRESS THREADS
"""

import sys

import duckdb

OBJECTS, ADDRESS, THREADS = sys.argv[1], sys.argv[2], int(sys.argv[3])

connection = duckdb.connect()
connection.execute(f"SET threads = {THREADS}")
rows = connection.execute(
    """
    SELECT record->>'$.eventID'
    FROM (
        SELECT unnest(Records) AS record
        FROM read_json(?, columns = {'Records': 'JSON[]'}, maximum_object_size = 200000000)
    )
    WHERE record->>'$.sourceIPAddress' = ?
    """,
    [f"{OBJECTS}/**/*.json.gz", ADDRESS],
)
for (event_id,) in rows.fetchall():
    print(event_id)
