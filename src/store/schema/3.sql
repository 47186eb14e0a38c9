-- The meaning of a KPI's numbers and the goal they are measured against have revisions of their own.

CREATE TABLE meanings (
  kpi        TEXT NOT NULL,
  number     INTEGER NOT NULL,
  hash       TEXT NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (kpi, number),
  UNIQUE (kpi, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE goals (
  kpi        TEXT NOT NULL,
  number     INTEGER NOT NULL,
  hash       TEXT NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (kpi, number),
  UNIQUE (kpi, hash)
) STRICT, WITHOUT ROWID;

-- Which of them were in force, one pair after another.
CREATE TABLE changes (
  kpi     TEXT NOT NULL,
  number  INTEGER NOT NULL,
  since   INTEGER NOT NULL,
  meaning INTEGER NOT NULL,
  goal    INTEGER NOT NULL,
  PRIMARY KEY (kpi, number)
) STRICT, WITHOUT ROWID;

-- A day has a value for each meaning: coming back to an earlier one finds its values.
CREATE TABLE daily_3 (
  series         INTEGER NOT NULL REFERENCES series,
  day            TEXT NOT NULL,
  meaning        INTEGER NOT NULL,
  goal           INTEGER NOT NULL,
  as_of          INTEGER NOT NULL,
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
  PRIMARY KEY (series, day, meaning)
) STRICT, WITHOUT ROWID;
INSERT INTO daily_3
  SELECT series, day, revision, revision, as_of, period, elapsed_ratio, value, numerator,
         denominator, baseline, target, target_ratio, progress_ratio, pace_ratio, expected, status,
         data_through
  FROM daily;
DROP TABLE daily;
ALTER TABLE daily_3 RENAME TO daily;

CREATE TABLE openings_3 (
  series       INTEGER NOT NULL REFERENCES series,
  period       TEXT NOT NULL,
  meaning      INTEGER NOT NULL,
  goal         INTEGER NOT NULL,
  opened_at    INTEGER NOT NULL,
  baseline     REAL,
  target       REAL,
  target_lower REAL,
  target_upper REAL,
  PRIMARY KEY (series, period, meaning, goal)
) STRICT, WITHOUT ROWID;
INSERT INTO openings_3
  SELECT series, period, revision, revision, opened_at, baseline, target, target_lower, target_upper
  FROM openings;
DROP TABLE openings;
ALTER TABLE openings_3 RENAME TO openings;

-- Nobody knows which definition gave the results that are there already.
ALTER TABLE closings ADD COLUMN meaning INTEGER;
ALTER TABLE closings ADD COLUMN goal INTEGER;
