-- Stretches of time in which the clock ran without a leap, in the order in which they were lived: what
-- was written after a leap can be told from what was written before it.
CREATE TABLE stretches (
  id    INTEGER PRIMARY KEY,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT;
INSERT INTO stretches (since, until)
  SELECT min(at), max(at) FROM (
    SELECT at FROM raw UNION ALL SELECT closed_at FROM closings UNION ALL SELECT saved_at FROM runs
  ) HAVING count(*) > 0;
