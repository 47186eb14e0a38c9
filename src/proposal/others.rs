//! Other queries for the inputs of templates, over tables that more databases have: tried where the query of
//! the catalogue finds nothing. They give the same columns.

const OTHERS: [(&str, &str, &str); 9] = [
    (
        "revenue",
        "ledger",
        "SELECT coalesce(sum(amount), 0) AS revenue FROM orders
WHERE ordered_on >= :window_start_date AND ordered_on < :window_end_date",
    ),
    // Orders have 30 days to come back: those of the days before the window have had them.
    (
        "refund_rate",
        "orders",
        "SELECT coalesce(sum(CASE WHEN refunded_on IS NOT NULL THEN 1 ELSE 0 END), 0) AS refunded,
       count(*) AS orders
FROM orders
WHERE ordered_on >= date(:window_start_date, '-30 days')
  AND ordered_on < date(:window_end_date, '-30 days')",
    ),
    (
        "refund_rate",
        "orders",
        "SELECT coalesce(sum(CASE WHEN status = 'refunded' THEN 1 ELSE 0 END), 0) AS refunded,
       count(*) AS orders
FROM orders
WHERE ordered_on >= date(:window_start_date, '-30 days')
  AND ordered_on < date(:window_end_date, '-30 days')",
    ),
    ("mrr", "recurring", RECURRING),
    ("arr", "recurring", RECURRING),
    (
        "net_new_arr",
        "movements",
        "SELECT 12 * coalesce(sum(CASE WHEN started_on >= :window_start_date THEN amount END), 0) AS new,
       0 AS expansion, 0 AS reactivation, 0 AS contraction,
       12 * coalesce(sum(CASE WHEN ended_on >= :window_start_date AND ended_on < :window_end_date
                         THEN amount END), 0) AS churned
FROM subscriptions WHERE started_on < :window_end_date",
    ),
    (
        "cac",
        "spending",
        "SELECT sum(cost) AS acquisition_cost FROM ads
WHERE day >= :window_start_date AND day < :window_end_date",
    ),
    (
        "new_leads",
        "leads",
        "SELECT count(*) AS leads FROM subscribers
WHERE subscribed_on >= :window_start_date AND subscribed_on < :window_end_date",
    ),
    (
        "arpa",
        "accounts",
        "SELECT coalesce(sum(amount), 0) AS revenue, count(DISTINCT customer_id) AS active_accounts FROM orders
WHERE ordered_on >= :window_start_date AND ordered_on < :window_end_date",
    ),
];

const RECURRING: &str = "SELECT coalesce(sum(amount), 0) AS recurring FROM subscriptions
WHERE started_on < :window_end_date
  AND (ended_on IS NULL OR ended_on >= :window_end_date)";

/// Other queries for a metric of a template, the better first.
pub(super) fn of(template: &str, metric: &str) -> Vec<&'static str> {
    let of = OTHERS.iter().filter(|(t, m, _)| (*t, *m) == (template, metric));
    of.map(|(_, _, query)| *query).collect()
}
