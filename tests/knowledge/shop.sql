-- The database of a small shop, as the README meets it: seven months of orders and visits.
CREATE TYPE order_status AS ENUM ('paid', 'shipped', 'cancelled');
CREATE TABLE customers (id bigint PRIMARY KEY, email text, created_at timestamptz NOT NULL);
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id bigint REFERENCES customers, status order_status NOT NULL,
  currency text NOT NULL, total_cents bigint NOT NULL, placed_at timestamptz NOT NULL, refunded_at timestamptz
);
CREATE TABLE order_lines (order_id bigint REFERENCES orders, sku text, quantity integer, price_cents bigint);
CREATE TABLE products (sku text PRIMARY KEY, title text, price_cents bigint);
CREATE TABLE visits (id bigint PRIMARY KEY, started_at timestamptz NOT NULL, utm_source text, order_id bigint);
CREATE VIEW paid_orders AS SELECT * FROM orders WHERE status <> 'cancelled';
INSERT INTO customers
SELECT n, 'customer' || n || '@example.com', timestamptz '2025-09-01 00:00+00' + n * interval '76 minutes'
FROM generate_series(1, 4000) AS n;
INSERT INTO orders
SELECT n, CASE WHEN n % 3 = 0 THEN 1 + n * 7919 % 700 ELSE n END,
  (CASE WHEN n % 23 = 0 THEN 'cancelled' WHEN n % 3 = 0 THEN 'shipped' ELSE 'paid' END)::order_status,
  'EUR', 1500 + (n * 104729) % 9000, timestamptz '2025-10-01 08:00+00' + n * interval '76 minutes',
  CASE WHEN n % 17 = 0 THEN timestamptz '2025-10-10 08:00+00' + n * interval '76 minutes' END
FROM generate_series(1, 4000) AS n;
INSERT INTO visits
SELECT n, timestamptz '2025-10-01 08:00+00' + n * interval '456 seconds',
  CASE n % 3 WHEN 0 THEN 'organic' WHEN 1 THEN 'ads' ELSE 'newsletter' END,
  CASE WHEN n % 10 = 0 AND (n / 10) % 13 > (n / 20000) THEN n / 10 END
FROM generate_series(1, 40000) AS n;
CREATE ROLE kpi_reader LOGIN PASSWORD 'secret';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO kpi_reader;
