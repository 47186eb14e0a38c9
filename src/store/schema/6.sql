-- What people said about a KPI.
CREATE TABLE notes (
  id     INTEGER PRIMARY KEY,
  kpi    TEXT NOT NULL,
  at     INTEGER NOT NULL,
  author TEXT,
  text   TEXT NOT NULL
) STRICT;
CREATE INDEX notes_of_kpi ON notes (kpi, at);

-- Digests by the slot they are due in, written down before they are sent.
CREATE TABLE digests (
  name     TEXT NOT NULL,
  slot     INTEGER NOT NULL,
  state    TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  due      INTEGER NOT NULL,
  problem  TEXT,
  PRIMARY KEY (name, slot)
) STRICT, WITHOUT ROWID;
