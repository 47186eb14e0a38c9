-- Schema version 1. Instants are Unix milliseconds where rows are sorted or pruned by them, and
-- RFC 3339 text where they have to come back with every digit. Days are local: YYYY-MM-DD.

PRAGMA application_id = 0x4B504953;

-- One label set of one KPI; labels are a JSON object with sorted names.
CREATE TABLE series (
  id     INTEGER PRIMARY KEY,
  kpi    TEXT NOT NULL,
  labels TEXT NOT NULL,
  UNIQUE (kpi, labels)
) STRICT;

-- The last good run of each metric.
CREATE TABLE runs (
  metric      TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  as_of       TEXT NOT NULL,
  saved_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What that run measured, by span.
CREATE TABLE measurements (
  metric TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
  span   TEXT NOT NULL,
  data   TEXT NOT NULL,
  PRIMARY KEY (metric, span)
) STRICT;

-- What hysteresis remembers.
CREATE TABLE statuses (
  series         INTEGER PRIMARY KEY REFERENCES series ON DELETE CASCADE,
  period         TEXT NOT NULL,
  shown          TEXT NOT NULL,
  band           TEXT,
  waiting        TEXT,
  waiting_points INTEGER,
  value          REAL,
  data_through   TEXT,
  day            TEXT NOT NULL
) STRICT;

-- The last verdict of each local day.
CREATE TABLE daily (
  series         INTEGER NOT NULL REFERENCES series,
  day            TEXT NOT NULL,
  as_of          INTEGER NOT NULL,
  revision       INTEGER NOT NULL,
  period         TEXT NOT NULL,
  elapsed_ratio  REAL NOT NULL,
  value          REAL,
  numerator      REAL,
  denominator    REAL,
  baseline       REAL,
  target         REAL,
  target_ratio   REAL,
  progress_ratio REAL,
  pace_ratio     REAL,
  expected       REAL,
  status         TEXT NOT NULL,
  data_through   INTEGER,
  PRIMARY KEY (series, day)
) STRICT, WITHOUT ROWID;

-- Every evaluation with another value or status than the one before.
CREATE TABLE raw (
  series INTEGER NOT NULL REFERENCES series,
  at     INTEGER NOT NULL,
  value  REAL,
  status TEXT NOT NULL,
  PRIMARY KEY (series, at)
) STRICT, WITHOUT ROWID;

-- What was frozen when a period opened.
CREATE TABLE openings (
  series       INTEGER NOT NULL REFERENCES series,
  period       TEXT NOT NULL,
  revision     INTEGER NOT NULL,
  opened_at    INTEGER NOT NULL,
  baseline     REAL,
  target       REAL,
  target_lower REAL,
  target_upper REAL,
  PRIMARY KEY (series, period, revision)
) STRICT, WITHOUT ROWID;

-- How a period ended.
CREATE TABLE closings (
  series       INTEGER NOT NULL REFERENCES series,
  period       TEXT NOT NULL,
  start_at     INTEGER NOT NULL,
  end_at       INTEGER NOT NULL,
  value        REAL,
  target       REAL,
  target_ratio REAL,
  status       TEXT NOT NULL,
  closed_at    INTEGER NOT NULL,
  final_at     INTEGER,
  PRIMARY KEY (series, period)
) STRICT, WITHOUT ROWID;

-- What the source said later about a period that was final.
CREATE TABLE restatements (
  id        INTEGER PRIMARY KEY,
  series    INTEGER NOT NULL,
  period    TEXT NOT NULL,
  at        INTEGER NOT NULL,
  old_value REAL,
  new_value REAL,
  FOREIGN KEY (series, period) REFERENCES closings ON DELETE CASCADE
) STRICT;
CREATE INDEX restatements_of ON restatements (series, period);

-- Definitions of each KPI, one after another.
CREATE TABLE revisions (
  kpi        TEXT NOT NULL,
  number     INTEGER NOT NULL,
  hash       TEXT NOT NULL,
  since      INTEGER NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (kpi, number)
) STRICT, WITHOUT ROWID;
