-- The row of the trail up to which acceptances are in the figures of `usage_month` (usage-changes.ts): what stands behind it is counted again at the
-- next start. So far everything was counted with its message.
INSERT INTO fact (name, value) SELECT 'usage_seq', coalesce(max(seq), 0) FROM audit;
