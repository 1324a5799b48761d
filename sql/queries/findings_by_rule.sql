-- How often each rule spoke, and of how many meters: one row per rule. For people.
SELECT
    rule_id,
    COUNT(*) AS findings,
    COUNT(DISTINCT meter_id) AS meters,
    SUM(intervals) AS intervals
FROM finding_list
GROUP BY rule_id
ORDER BY rule_id
