-- The figures of the CDNOW sample, computed without the program. From the root of the repository:
--   sqlite3 :memory: < tests/golden/cdnow-sample.sql > tests/golden/cdnow-sample.json
.import --csv config/examples/cdnow/cdnow-orders-sample.csv orders
CREATE TABLE spans (name TEXT, first_day TEXT, last_day TEXT);
INSERT INTO spans VALUES
  ('1997-Q1', '1997-01-01', '1997-03-31'),
  ('1997-Q2', '1997-04-01', '1997-06-30'),
  ('1997-Q3', '1997-07-01', '1997-09-30'),
  ('1997-Q4', '1997-10-01', '1997-12-31'),
  ('1998-Q1', '1998-01-01', '1998-03-31'),
  ('1998-Q2', '1998-04-01', '1998-06-30'),
  ('1998-Q2 as of 1998-05-15', '1998-04-01', '1998-05-15'),
  ('1997-Q4 as of 1997-11-30', '1997-10-01', '1997-11-30');

WITH customers AS (
  SELECT spans.rowid AS id, name, customer_id, count(*) AS orders,
    sum(CAST(round(CAST(amount AS REAL) * 100) AS INTEGER)) AS cents
  FROM spans JOIN orders ON ordered_on BETWEEN first_day AND last_day
  GROUP BY spans.rowid, customer_id
), figures AS (
  SELECT id, name,
    sum(cents) / 100.0 AS revenue,
    sum(orders) AS orders,
    count(*) AS active_customers,
    count(*) FILTER (WHERE orders >= 2) AS repeat_customers
  FROM customers GROUP BY id
)
SELECT '{' || char(10) || group_concat(
  format(' "%s": {"revenue": %.2f, "orders": %d, "average_order_value": %.17g, '
      || '"active_customers": %d, "repeat_customers": %d, "repeat_purchase_rate": %.17g}',
    name, revenue, orders, revenue / orders,
    active_customers, repeat_customers, 1.0 * repeat_customers / active_customers),
  ',' || char(10)) || char(10) || '}'
FROM (SELECT * FROM figures ORDER BY id);
