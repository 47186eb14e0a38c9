-- Days for which the sources were asked what a KPI was worth, and knew nothing: they are not asked again.
CREATE TABLE silent_days (
  kpi     TEXT NOT NULL,
  meaning INTEGER NOT NULL,
  day     TEXT NOT NULL,
  PRIMARY KEY (kpi, meaning, day)
) STRICT, WITHOUT ROWID;
