-- The tables of config/examples/product_database.yaml with rows that can be counted by hand.
CREATE TABLE users (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
CREATE TABLE events (user_id bigint NOT NULL, name text NOT NULL, occurred_at timestamptz NOT NULL);
CREATE TABLE trials (
  user_id bigint NOT NULL, started_at timestamptz NOT NULL, converted_at timestamptz);
CREATE TABLE subscriptions (
  user_id bigint NOT NULL, started_at timestamptz NOT NULL, ended_at timestamptz);

-- One sign-up a day in the first quarter (1 to 90), two a day in the second (91 to 272), at noon.
INSERT INTO users
SELECT id, timestamptz '2026-01-01 12:00:00Z' + (id - 1) * interval '1 day'
FROM generate_series(1, 90) AS id;
INSERT INTO users
SELECT id, timestamptz '2026-04-01 12:00:00Z' + (id - 91) / 2 * interval '1 day'
FROM generate_series(91, 272) AS id;

-- Projects after a day: one user of five in the first quarter, two of five in the second. One more of
-- five is too late, after ten days.
INSERT INTO events
SELECT id, 'project_created', created_at + interval '1 day' FROM users
WHERE id % 5 = 0 OR (id > 90 AND id % 5 = 1);
INSERT INTO events
SELECT id, 'project_created', created_at + interval '10 days' FROM users WHERE id % 5 = 2;

-- March to June: users 1 to 5 come twice every day, 6 to 20 on one day of each week.
INSERT INTO events
SELECT id, 'session_started', timestamptz '2026-03-01 00:00:00Z' + day * interval '1 day' + at
FROM generate_series(1, 20) AS id, generate_series(0, 121) AS day,
  (VALUES (interval '0 hours'), (interval '23 hours')) AS times (at)
WHERE id <= 5 OR (day + id) % 7 = 0;

-- Every second user tries. Of these, one of four pays after ten days in the first quarter and one of
-- three in the second; another one of three pays too late, after twenty days.
INSERT INTO trials
SELECT id, created_at, CASE
  WHEN id <= 90 AND id % 8 = 0 THEN created_at + interval '10 days'
  WHEN id > 90 AND id % 6 = 0 THEN created_at + interval '10 days'
  WHEN id > 90 AND id % 6 = 2 THEN created_at + interval '20 days'
END
FROM users WHERE id % 2 = 0;

INSERT INTO subscriptions
SELECT id, '2026-02-01 12:00:00Z', CASE
  WHEN id <= 4 THEN timestamptz '2026-03-15 12:00:00Z'
  WHEN id <= 10 THEN timestamptz '2026-06-10 12:00:00Z'
END
FROM generate_series(1, 40) AS id;
INSERT INTO subscriptions SELECT id, '2026-05-01 12:00:00Z', NULL FROM generate_series(41, 60) AS id;
