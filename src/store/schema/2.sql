-- Since when a status waits to be confirmed: good fetches that say the same for an hour confirm it.
ALTER TABLE statuses ADD COLUMN waiting_since TEXT;
UPDATE statuses SET waiting_since = (SELECT max(as_of) FROM runs) WHERE waiting IS NOT NULL;
